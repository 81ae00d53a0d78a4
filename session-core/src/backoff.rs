//! How long to leave a server alone.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// The longest pause after the first failure. It doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// The longest that a server may ask to be left alone; a mistake there must not end in a stopped
/// program.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// The failures of a session since its last success.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    error: Error,
    failures: u32,
    /// On the clock's monotonic time.
    until: Duration,
}

impl Backoff {
    /// After one more failure; `jitter` is from 0 to 1.
    ///
    /// The pause has full jitter: those who failed together do not come back together.
    pub(crate) fn after(previous: Option<&Self>, error: Error, now: Duration, jitter: f64) -> Self {
        let failures = previous
            .map_or(0, |previous| previous.failures)
            .saturating_add(1);
        let pause = if is_worth_retrying(error.kind()) {
            let longest = FIRST
                .saturating_mul(1 << (failures - 1).min(16))
                .min(LONGEST);
            longest.mul_f64(jitter)
        } else {
            // The same question gets the same answer, until somebody changes something.
            LONGEST.mul_f64(0.5 + 0.5 * jitter)
        };
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_ASKED);
        Self {
            error,
            failures,
            until: now.saturating_add(pause.max(asked)),
        }
    }

    /// The last failure, while the server is to be left alone. It says for how long.
    pub(crate) fn error(&self, now: Duration) -> Option<Error> {
        let left = self.until.checked_sub(now).filter(|left| !left.is_zero())?;
        Some(self.error.clone().with_retry_after(left))
    }

    /// The last failure.
    pub(crate) fn failure(&self) -> &Error {
        &self.error
    }

    /// Until when the server is to be left alone.
    pub(crate) fn until(&self) -> Duration {
        self.until
    }
}

/// Whether the same question may get another answer in a while.
pub(crate) fn is_worth_retrying(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Protocol)
}
