//! The provider's clock: one that it follows, and what a test moved it ahead of that.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::state::lock;

#[derive(Debug)]
pub(super) struct Clock {
    followed: Arc<dyn session_core::Clock>,
    started: Duration,
    ahead: Mutex<Duration>,
}

impl Clock {
    pub(super) fn following(clock: Arc<dyn session_core::Clock>) -> Self {
        Self {
            started: clock.monotonic(),
            followed: clock,
            ahead: Mutex::new(Duration::ZERO),
        }
    }

    /// Time since the provider started, as the provider counts it.
    pub(super) fn now(&self) -> Duration {
        let passed = self.followed.monotonic().saturating_sub(self.started);
        passed.saturating_add(*lock(&self.ahead))
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut ahead = lock(&self.ahead);
        *ahead = ahead.saturating_add(by);
    }
}
