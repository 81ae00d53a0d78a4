//! Being told when a session's state changes.

use std::{fmt, sync::Weak};

use tokio::sync::watch;

use crate::{SessionHandle, Status, engine::Engine};

/// A subscription to changes of a session's state, made by [`SessionHandle::changes`]. It does not
/// keep the session alive.
pub struct Changes {
    engine: Weak<Engine>,
    signal: watch::Receiver<()>,
}

impl Changes {
    pub(crate) fn new(session: &SessionHandle) -> Self {
        let engine = session.engine();
        Self {
            engine: std::sync::Arc::downgrade(engine),
            signal: engine.changes(),
        }
    }

    /// Waits until something has happened to the session since the last call: it opened, closed, was renewed, or
    /// failed to. Several of these may be told as one. `None` once the session is gone.
    pub async fn next(&mut self) -> Option<Status> {
        self.signal.changed().await.ok()?;
        Some(SessionHandle::from_shared(self.engine.upgrade()?).status())
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
