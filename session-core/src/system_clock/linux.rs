//! The clocks of the Linux kernel.

use std::time::{Duration, SystemTime};

use rustix::time::{
    ClockId::{self, Boottime, MonotonicCoarse, RealtimeCoarse},
    clock_gettime,
};

use super::SystemClock;
use crate::{Clock, Coarse};

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        // Unlike `Instant`, it counts the time in suspend.
        read(Boottime)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the `Clock` to take it from"
    )]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn coarse(&self) -> Coarse {
        Coarse::new(read(MonotonicCoarse), read(RealtimeCoarse))
    }
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    // Before 1970 only where somebody set the time of day so.
    Duration::new(
        time.tv_sec.try_into().unwrap_or(0),
        time.tv_nsec.try_into().unwrap_or(0),
    )
}
