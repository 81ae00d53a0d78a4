//! A backend, a store and users of which nobody knows what they do next. What happens is drawn from a seed, which a failing
//! test prints; `CHAOS_SEED=7 cargo test -p session-core --test chaos` draws from that one alone.
//!
//! All time is a mock clock's. `walk` takes one step after the other, with nothing else running, and looks at each; `crowd`
//! has several runtimes at it at once, and looks at the end.

#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod backend;
mod crowd;
mod pool;
mod store;
mod walk;

use std::{
    env,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::Once,
};

/// Runs with each of so many seeds, or with the one that was asked for.
fn each_seed(seeds: u64, run: impl Fn(u64)) {
    static QUIET: Once = Once::new();
    QUIET.call_once(keep_scripted_panics_quiet);
    let asked = env::var("CHAOS_SEED").ok();
    let asked: Option<u64> = asked.map(|seed| seed.parse().expect("CHAOS_SEED is a number"));
    for seed in asked.map_or(0..seeds, |seed| seed..seed + 1) {
        let ran = panic::catch_unwind(AssertUnwindSafe(|| run(seed)));
        assert!(ran.is_ok(), "CHAOS_SEED={seed} broke something: see above");
    }
}

/// There are thousands of them, and with a backtrace each takes its time.
fn keep_scripted_panics_quiet() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if !info.payload().is::<backend::Scripted>() {
            default(info);
        }
    }));
}
