//! Time, injected.

use std::{
    fmt::Debug,
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

/// Where sessions get the time from. Tests inject one that they move by hand.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Time since an arbitrary moment, the same for all calls; never steps back.
    fn monotonic(&self) -> Duration;

    /// The time of day, for people and for other machines. May step either way.
    fn wall(&self) -> SystemTime;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}
