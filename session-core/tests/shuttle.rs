//! The engine under shuttle, which tries many schedules of many threads at random: `cargo xtask model`.
#![cfg(model_shuttle)]
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod model;

use model::{Op, Outcome, Scene, Start, hush, suspend};
use shuttle::{
    Config, Runner,
    rand::{Rng, thread_rng},
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
};

/// How many schedules each test tries, unless `MODEL_SCHEDULES` says otherwise.
const SCHEDULES: usize = 4_000;

fn schedules() -> usize {
    let told = std::env::var("MODEL_SCHEDULES").ok();
    told.map_or(SCHEDULES, |number| number.parse().unwrap())
}

/// Plays another scene on each schedule. A failure prints the schedule, which replays both.
fn play(scheduler: impl Scheduler + 'static, ops: &'static [Op], script: &'static [Outcome]) {
    run(scheduler, move || any_scene(ops, script).play());
}

fn run(scheduler: impl Scheduler + 'static, scene: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    Runner::new(scheduler, config).run(scene);
}

/// Up to four threads that do up to four things each, while the server answers as it likes.
fn any_scene(ops: &[Op], outcomes: &[Outcome]) -> Scene {
    let mut random = thread_rng();
    let starts = [Start::Closed, Start::Open, Start::Due, Start::Expired];
    let start = starts[random.gen_range(0..starts.len())];
    let threads = (0..random.gen_range(2..=4))
        .map(|_| {
            let ops = (0..random.gen_range(1..=4)).map(|_| ops[random.gen_range(0..ops.len())]);
            ops.collect()
        })
        .collect();
    let script = match outcomes {
        [] => Vec::new(),
        outcomes => (0..random.gen_range(1..=6))
            .map(|_| outcomes[random.gen_range(0..outcomes.len())])
            .collect(),
    };
    Scene {
        start,
        threads,
        script,
    }
}

const FAILURES: [Outcome; 5] = [
    Outcome::Grants,
    Outcome::Grants,
    Outcome::IsAway,
    Outcome::Denies,
    Outcome::Panics,
];

#[test]
fn anything_while_the_server_grants() {
    play(RandomScheduler::new(schedules()), &Op::ALL, &[]);
}

#[test]
fn anything_while_the_server_fails() {
    hush();
    play(RandomScheduler::new(schedules()), &Op::ALL, &FAILURES);
}

#[test]
fn rare_schedules_while_the_server_fails() {
    hush();
    play(PctScheduler::new(3, schedules()), &Op::ALL, &FAILURES);
}

#[test]
fn users_of_a_session_that_nobody_closes() {
    let (closing, ops) = Op::ALL.split_last().unwrap();
    assert_eq!(*closing, Op::Close);
    let ops = ops.to_vec().leak();
    play(RandomScheduler::new(schedules()), ops, &[]);
}

#[test]
fn no_header_of_an_expired_credential_after_the_machine_slept() {
    run(RandomScheduler::new(schedules()), suspend::play);
}
