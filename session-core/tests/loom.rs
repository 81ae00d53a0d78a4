//! The engine under loom, which tries every schedule of a few threads: `cargo xtask model`.
#![cfg(model_loom)]
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod model;

use model::{Op, Outcome, Scene, Start, hush, suspend};

const STARTS: [Start; 4] = [Start::Closed, Start::Open, Start::Due, Start::Expired];

/// How often a schedule takes the processor away from a thread that could go on, at most, unless
/// `MODEL_PREEMPTIONS` says otherwise. Each more costs twenty times the time.
const PREEMPTIONS: usize = 1;

/// Plays a scene with one operation for each thread, on every schedule with so few preemptions.
fn play(start: Start, ops: &[Op], script: &[Outcome]) {
    let scene = Scene {
        start,
        threads: ops.iter().map(|op| vec![*op]).collect(),
        script: script.to_vec(),
    };
    check(move || scene.clone().play());
}

fn check(scene: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(told().unwrap_or(PREEMPTIONS));
    model.max_branches = 100_000;
    model.check(scene);
}

/// How many preemptions there may be, where somebody says so.
fn told() -> Option<usize> {
    let told = std::env::var("MODEL_PREEMPTIONS").ok()?;
    Some(told.parse().unwrap())
}

fn pairs() -> impl Iterator<Item = [Op; 2]> {
    let from = |first: usize| {
        Op::ALL[first..]
            .iter()
            .map(move |second| [Op::ALL[first], *second])
    };
    (0..Op::ALL.len()).flat_map(from)
}

#[test]
fn any_two_operations_while_the_server_grants() {
    for start in STARTS {
        for pair in pairs() {
            play(start, &pair, &[]);
        }
    }
}

#[test]
fn any_two_operations_while_the_server_fails() {
    hush();
    for outcome in [Outcome::IsAway, Outcome::Denies, Outcome::Panics] {
        for start in STARTS {
            for pair in pairs() {
                play(start, &pair, &[outcome]);
            }
        }
    }
}

#[test]
fn three_operations_that_open_use_and_close() {
    let quick: &[_] = &[
        [Op::Init, Op::InitAbandoned, Op::Close],
        [Op::Request, Op::Refuse, Op::Close],
        [Op::Request, Op::Request, Op::Refuse],
        [Op::Refuse, Op::Refuse, Op::Enter],
    ];
    // Of three threads with a block each there are a hundred times as many schedules.
    let slow: &[_] = match told() {
        None => &[],
        Some(_) => &[
            [Op::Init, Op::Enter, Op::Close],
            [Op::Enter, Op::Enter, Op::Init],
            [Op::Enter, Op::Enter, Op::EnterAbandoned],
        ],
    };
    for start in STARTS {
        for trio in quick.iter().chain(slow) {
            play(start, trio, &[]);
        }
    }
}

#[test]
fn no_header_of_an_expired_credential_after_the_machine_slept() {
    check(suspend::play);
}
