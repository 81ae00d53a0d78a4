//! Whoever keeps connections for a session.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{PoisonError, Weak},
};

use crate::sync::{Mutex, MutexGuard};

/// Something that keeps connections on which a session's requests travel.
///
/// Attached with [`SessionHandle::attach`](crate::SessionHandle::attach), it is told when the session closes.
pub trait Carrier: Send + Sync + 'static {
    /// Drops the session's connections, without blocking.
    fn disconnect(&self);
}

/// The carriers of a session.
#[derive(Default)]
pub(crate) struct Carriers(Mutex<Vec<Weak<dyn Carrier>>>);

impl Carriers {
    pub(crate) fn attach(&self, carrier: Weak<dyn Carrier>) {
        let mut carriers = self.all();
        carriers.retain(|known| known.upgrade().is_some());
        carriers.push(carrier);
    }

    /// Has all of them drop their connections; without the lock, for that is their code.
    pub(crate) fn disconnect(&self) {
        let carriers: Vec<_> = self.all().iter().filter_map(Weak::upgrade).collect();
        for carrier in carriers {
            // One that panics must not keep those from their end who wait for the session's.
            let _ = catch_unwind(AssertUnwindSafe(|| carrier.disconnect()));
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<dyn Carrier>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
