//! The provider's clock: real monotonic time, plus what a test moved it ahead.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::state::lock;

#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    ahead: Mutex<Duration>,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a server's time is not that of the sessions under test"
    )]
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            ahead: Mutex::new(Duration::ZERO),
        }
    }

    /// Time since the provider started, as the provider counts it.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed().saturating_add(*lock(&self.ahead))
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut ahead = lock(&self.ahead);
        *ahead = ahead.saturating_add(by);
    }
}
