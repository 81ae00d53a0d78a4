//! Work for the driver.

use std::sync::Arc;

use crate::{Challenge, Result, flight::Flight, held::Held, life::End};

/// What the driver is to do next.
pub(crate) enum Job {
    Authenticate(Authentication),
    Close(Vec<Arc<Held>>, End),
}

/// An authentication for the driver.
pub(crate) struct Authentication {
    /// Says whose it is when it ends.
    pub(crate) flight: Arc<Flight<Result<Arc<Held>>>>,
    /// The credential to replace; `None` for the first.
    pub(crate) stale: Option<Arc<Held>>,
    pub(crate) refused: Option<Vec<Challenge>>,
    pub(crate) generation: u64,
}
