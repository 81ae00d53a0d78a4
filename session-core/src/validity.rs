//! How long a credential is good.

use std::time::{Duration, SystemTime};

use crate::{
    Clock, Coarse, Credential,
    sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Release},
    },
};

/// By how much the time of day may drift against the time that ticks before it is looked at: far more
/// than what a time server slews in a request's time, less than what anybody calls late.
const TOLERANCE: u64 = Duration::from_millis(500).as_nanos() as u64;

/// The part of its life, at most, in which a credential is renewed ahead.
const WINDOW: f64 = 0.25;

/// The longest time ahead of expiry at which a credential is renewed.
const LONGEST_WINDOW: Duration = Duration::from_secs(300);

/// When a credential is to be renewed and when it expires.
///
/// Requests ask [`is_quiet`](Self::is_quiet): two loads and a cheap reading of the clock. All else is
/// asked, and changed, with the engine's lock held.
#[derive(Debug)]
pub(crate) struct Validity {
    /// On the clock's monotonic time, as is `expires`; `MAX` is never.
    due: Duration,
    expires: Duration,
    obtained_at: SystemTime,
    expires_at: Option<SystemTime>,
    /// Until when, in ticking time, nobody needs to look at it.
    quiet_until: AtomicU64,
    /// The offset between the coarse clocks for which that holds.
    offset: AtomicU64,
}

/// The moment when an authentication started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Started {
    monotonic: Duration,
    wall: SystemTime,
}

/// What is to be done about a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing.
    Fresh,
    /// To be renewed, while it is still good.
    Due,
    /// No longer good.
    Expired,
}

impl Started {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self {
            monotonic: clock.monotonic(),
            wall: clock.wall(),
        }
    }

    /// One of which only the time of day is known.
    pub(crate) fn at(clock: &dyn Clock, wall: SystemTime) -> Self {
        let now = Self::now(clock);
        let age = now.wall.duration_since(wall).unwrap_or_default();
        match now.monotonic.checked_sub(age) {
            Some(monotonic) => Self { monotonic, wall },
            // Before the clock began to count. All that is lost is some of the time to renew in.
            None => now,
        }
    }
}

impl Validity {
    /// That of a credential whose authentication started then; `jitter` is from 0 to 1.
    pub(crate) fn new(credential: &Credential, started: Started, jitter: f64) -> Self {
        let lifetime = lifetime(credential, started);
        let window = lifetime.map_or(Duration::ZERO, |lifetime| window(lifetime, jitter));
        let expires = lifetime.and_then(|lifetime| started.monotonic.checked_add(lifetime));
        Self {
            due: expires.map_or(Duration::MAX, |expires| expires.saturating_sub(window)),
            // What is beyond the clock's range is no limit.
            expires: expires.unwrap_or(Duration::MAX),
            obtained_at: started.wall,
            expires_at: lifetime.and_then(|lifetime| started.wall.checked_add(lifetime)),
            quiet_until: AtomicU64::new(0),
            offset: AtomicU64::new(0),
        }
    }

    /// Whether a request can use the credential and nobody needs to look any closer.
    pub(crate) fn is_quiet(&self, now: Coarse) -> bool {
        // In the reverse order of `quiet`: who sees its offset sees its end too.
        let drift = now.offset().wrapping_sub(self.offset.load(Acquire));
        let drift = drift.min(drift.wrapping_neg());
        drift < TOLERANCE && now.ticks() < self.quiet_until.load(Acquire)
    }

    /// Nobody needs to look until then, or until the credential expires. To be called with the
    /// engine's lock held.
    pub(crate) fn quiet(&self, until: Duration, clock: &dyn Clock) {
        let (coarse, now) = (clock.coarse(), clock.monotonic());
        let left = until.min(self.expires).saturating_sub(now).as_nanos();
        let until =
            u64::try_from(left).map_or(u64::MAX, |left| coarse.ticks().saturating_add(left));
        self.quiet_until.store(until, Release);
        self.offset.store(coarse.offset(), Release);
    }

    pub(crate) fn phase(&self, now: Duration) -> Phase {
        if now >= self.expires {
            Phase::Expired
        } else if now >= self.due {
            Phase::Due
        } else {
            Phase::Fresh
        }
    }

    /// When it is to be renewed.
    pub(crate) fn due(&self) -> Duration {
        self.due
    }

    /// When it expires.
    pub(crate) fn expires(&self) -> Duration {
        self.expires
    }

    /// When it was asked for, by the wall clock.
    pub(crate) fn obtained_at(&self) -> SystemTime {
        self.obtained_at
    }

    /// When it expires, by the wall clock as it was when authentication started; `None` is never.
    pub(crate) fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

/// How long it is valid from the start of the authentication: the earlier of both statements.
fn lifetime(credential: &Credential, started: Started) -> Option<Duration> {
    // A server whose clock is wrong is wrong by the same in both of its statements.
    let issued = credential.server_time().unwrap_or(started.wall);
    let until = credential
        .expiry()
        .map(|expiry| expiry.duration_since(issued).unwrap_or_default());
    match (credential.lifetime(), until) {
        (Some(lifetime), Some(until)) => Some(lifetime.min(until)),
        (lifetime, until) => lifetime.or(until),
    }
}

/// How long before its expiry a credential is renewed: relative to its life, so that short ones work too,
/// and not the same for all, so that those made together are not renewed together.
fn window(lifetime: Duration, jitter: f64) -> Duration {
    let longest = lifetime.mul_f64(WINDOW).min(LONGEST_WINDOW);
    longest.mul_f64(0.5 + 0.5 * jitter)
}
