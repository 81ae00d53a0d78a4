//! Work for the driver.

use std::sync::Arc;

use crate::{Challenge, Error, ErrorKind, Result, flight::Flight, held::Held};

/// What the driver is to do next.
pub(crate) enum Job {
    Authenticate(Authentication),
    Close(Vec<Arc<Held>>),
}

/// An authentication for the driver.
pub(crate) struct Authentication {
    /// Says whose it is when it ends.
    pub(crate) flight: Arc<Flight<Result<Arc<Held>>>>,
    /// The credential to replace; `None` for the first.
    pub(crate) stale: Option<Arc<Held>>,
    pub(crate) refused: Option<Vec<Challenge>>,
    pub(crate) generation: u64,
    /// By `init`, and so by all means.
    pub(crate) asked: bool,
}

impl Authentication {
    /// While this lives the job is being reported. Whatever happens, nobody waits for it afterwards.
    pub(crate) fn reported(&self) -> Reported<'_> {
        Reported(self)
    }
}

/// See [`Authentication::reported`].
pub(crate) struct Reported<'a>(&'a Authentication);

impl Drop for Reported<'_> {
    fn drop(&mut self) {
        // What has landed stays; this is for a report that panics, with the clock or a waker.
        self.0.flight.land(Err(Error::new(
            ErrorKind::Unavailable,
            "the authentication ended early; try again",
        )));
    }
}
