//! A provider that fails in every way, a thousand callers, tokens that live for a second. What happens is drawn from a
//! seed, which a failing test prints; `CHAOS_SEED=7 cargo test -p session-oauth --test chaos` draws from that one alone.
//!
//! All time is a mock clock's, the provider's too; the sockets are real.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod presented;
mod storm;
mod watched;
mod ways;

use std::{
    env,
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

use storm::{Seen, Storm};
use tokio::{runtime::Runtime, time::timeout};

/// How many storms there are of each sort, unless a seed is given.
const SEEDS: u64 = 6;

/// Far more than a storm takes: what is broken is to fail and not to hang.
const PATIENCE: Duration = Duration::from_secs(600);

#[test]
fn a_thousand_callers_get_through_whatever_the_provider_does() {
    if let Some(seen) = each_seed(|seed| Storm::new(seed, false)) {
        seen.expect_all();
    }
}

#[test]
fn no_refresh_token_is_lost_or_presented_in_vain_whatever_the_provider_does() {
    if let Some(seen) = each_seed(|seed| Storm::new(seed, true)) {
        seen.expect_all();
        assert!(seen.started_over > 0);
    }
}

/// Weathers the storm of each seed, and says what was in all of them; `None`, if one was asked for.
fn each_seed(storm: impl Fn(u64) -> Storm) -> Option<Seen> {
    let asked = env::var("CHAOS_SEED").ok();
    let asked: Option<u64> = asked.map(|seed| seed.parse().expect("CHAOS_SEED is a number"));
    let mut seen = Seen::default();
    for seed in asked.map_or(0..SEEDS, |seed| seed..seed + 1) {
        let weathered = panic::catch_unwind(AssertUnwindSafe(|| {
            let weather = async { timeout(PATIENCE, storm(seed).weather()).await };
            Runtime::new().unwrap().block_on(weather).unwrap()
        }));
        let Ok(one) = weathered else {
            panic!("the storm of CHAOS_SEED={seed} broke something: see above");
        };
        seen.add(one);
    }
    asked.is_none().then_some(seen)
}
