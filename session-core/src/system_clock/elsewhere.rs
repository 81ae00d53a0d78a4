//! The clocks of the standard library.

use std::{
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use super::SystemClock;
use crate::Clock;

#[expect(
    clippy::disallowed_methods,
    reason = "this is the `Clock` to take it from"
)]
impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}
