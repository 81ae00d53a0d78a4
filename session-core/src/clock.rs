//! Time, injected.

use std::{
    fmt::Debug,
    time::{Duration, SystemTime},
};

/// Where sessions get the time from. Tests inject one that they move by hand.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Time since an arbitrary moment, the same for all calls. Never steps back, and goes on while
    /// the machine is suspended.
    fn monotonic(&self) -> Duration;

    /// The time of day, for people and for other machines. May step either way.
    fn wall(&self) -> SystemTime;

    /// A reading that is cheap enough for every request. By default, one of the two others.
    fn coarse(&self) -> Coarse {
        let now = self.monotonic();
        let wall = self.wall().duration_since(SystemTime::UNIX_EPOCH);
        Coarse::new(now, wall.unwrap_or_default())
    }
}

/// A cheap reading of a clock, some milliseconds old.
///
/// `ticking` may stand still while the machine is suspended. `wall`, read with it, gives that away: the
/// difference of the two changes then, as it does when somebody sets the time of day. Only then is an
/// expensive reading needed to tell what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coarse {
    ticking: Duration,
    wall: Duration,
}

impl Coarse {
    /// A reading: time that never steps back, and time since 1970-01-01 00:00 UTC.
    pub fn new(ticking: Duration, wall: Duration) -> Self {
        Self { ticking, wall }
    }

    /// Time that never steps back, and may stand still in suspend.
    pub fn ticking(self) -> Duration {
        self.ticking
    }

    /// The time of day, since 1970-01-01 00:00 UTC.
    pub fn wall(self) -> Duration {
        self.wall
    }

    /// `ticking` in nanoseconds, which are enough for 584 years.
    pub(crate) fn ticks(self) -> u64 {
        self.ticking.as_nanos() as u64
    }

    /// By how many nanoseconds the time of day is ahead of the time that ticks; wraps around.
    pub(crate) fn offset(self) -> u64 {
        (self.wall.as_nanos() as u64).wrapping_sub(self.ticks())
    }
}
