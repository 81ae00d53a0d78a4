//! The engine under loom, which tries every schedule of a few threads: `cargo xtask model`.
#![cfg(model_loom)]
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod model;

use std::time::Duration;

use loom::model::Builder;
use model::{Deed, Fate, Op, Outcome, Scene, Start, hush, suspend};

/// How often a schedule takes the processor away from a thread that could go on, at most, unless
/// `MODEL_PREEMPTIONS` says otherwise. Each more costs fifteen times the time.
const PREEMPTIONS: usize = 1;

/// A scene with one operation for each thread, while all goes well.
fn scene(start: Start, ops: &[Op]) -> Scene {
    Scene {
        start,
        threads: ops.iter().map(|op| vec![*op]).collect(),
        script: Vec::new(),
        waits: 0,
        fates: Vec::new(),
        follows_up: false,
    }
}

/// How long a scene of three threads is looked at in a long run. Some have too many schedules to try all.
const PATIENCE: Duration = Duration::from_secs(120);

/// Plays a scene on every schedule with so few preemptions.
fn play(scene: &Scene) {
    let scene = scene.clone();
    model().check(move || scene.clone().play());
}

fn model() -> Builder {
    let mut model = Builder::new();
    model.preemption_bound = Some(told().unwrap_or(PREEMPTIONS));
    model.max_branches = 100_000;
    model
}

/// How many preemptions there may be, where somebody says so; that is a long run.
fn told() -> Option<usize> {
    let told = std::env::var("MODEL_PREEMPTIONS").ok()?;
    Some(told.parse().unwrap())
}

/// All of them in a long run, else those that say most.
fn some_of<T: Clone>(quick: &[T], slow: &[T]) -> Vec<T> {
    let slow = if told().is_some() { slow } else { &[] };
    [quick, slow].concat()
}

fn starts() -> Vec<Start> {
    let slow = [Start::LeftDue];
    let is_quick = |start: &Start| !slow.contains(start);
    let quick: Vec<_> = Start::ALL.into_iter().filter(is_quick).collect();
    some_of(&quick, &slow)
}

/// Any two operations at once. Where the first thread has left a block before, it matters which comes first.
fn pairs(start: Start) -> Vec<[Op; 2]> {
    let ops = Op::whole();
    let from = |first: usize| if start.is_left() { 0 } else { first };
    let with_others = |first: usize| {
        let one = ops[first];
        ops[from(first)..].iter().map(move |second| [one, *second])
    };
    (0..ops.len()).flat_map(with_others).collect()
}

#[test]
fn any_two_operations_while_the_server_grants() {
    for start in starts() {
        for pair in pairs(start) {
            play(&scene(start, &pair));
        }
    }
}

#[test]
fn any_two_operations_while_the_server_fails() {
    hush();
    for outcome in some_of(&[Outcome::IsAway, Outcome::Denies], &[Outcome::Panics]) {
        for start in starts() {
            for pair in pairs(start) {
                play(&Scene {
                    script: vec![outcome],
                    ..scene(start, &pair)
                });
            }
        }
    }
}

#[test]
fn a_backend_that_panics_while_somebody_closes() {
    hush();
    for start in [Start::Closed, Start::Expired] {
        for op in Op::whole() {
            play(&Scene {
                script: vec![Outcome::Panics],
                ..scene(start, &[op, Deed::Close.to_its_end()])
            });
        }
    }
}

#[test]
fn any_operation_dropped_at_any_await_beside_any_other() {
    for outcome in some_of(&[Outcome::Grants], &[Outcome::IsAway]) {
        for start in starts() {
            for dropped in Op::dropped() {
                for other in Op::whole() {
                    play(&Scene {
                        script: vec![outcome],
                        waits: 1,
                        ..scene(start, &[dropped, other])
                    });
                }
            }
        }
    }
}

#[test]
fn any_operation_that_another_task_takes_over() {
    for start in Start::ALL {
        for deed in Deed::ALL {
            for outcome in [Outcome::Grants, Outcome::IsAway] {
                play(&Scene {
                    script: vec![outcome],
                    waits: 2,
                    ..scene(start, &[deed.handed_over()])
                });
            }
        }
    }
}

#[test]
fn any_two_operations_while_the_executor_drops_the_driver() {
    for start in starts() {
        for pair in pairs(start) {
            for wait in [0, 1] {
                play(&Scene {
                    waits: 1,
                    fates: vec![Fate::DroppedAt(wait)],
                    ..scene(start, &pair)
                });
            }
        }
    }
}

#[test]
fn any_two_operations_beside_what_follows_the_opening() {
    let fates = [Fate::Runs, Fate::DroppedAt(0), Fate::DroppedAt(1)];
    for start in [Start::Closed, Start::LeftExpired] {
        for pair in pairs(start) {
            // The first task opens the session, the next one is what follows, or closes it.
            for fate in fates {
                play(&Scene {
                    fates: vec![Fate::Runs, fate],
                    follows_up: true,
                    ..scene(start, &pair)
                });
            }
        }
    }
}

#[test]
fn three_operations_that_open_use_and_close() {
    let [init, enter, request, refuse, close] = Deed::ALL.map(Deed::to_its_end);
    let trios = some_of(
        &[
            [init, Deed::Init.dropped_at(1), close],
            [request, refuse, close],
            [request, request, refuse],
        ],
        // Of three threads with a block each there are a hundred times as many schedules.
        &[
            [refuse, refuse, enter],
            [init, enter, close],
            [enter, enter, init],
            [enter, enter, Deed::Enter.dropped_at(1)],
        ],
    );
    let starts = some_of(
        &[Start::Closed, Start::Open, Start::Expired],
        &[Start::Due, Start::LeftExpired],
    );
    for start in starts {
        for trio in &trios {
            let (scene, mut model) = (scene(start, trio), model());
            model.preemption_bound = Some(PREEMPTIONS);
            model.max_duration = told().map(|_| PATIENCE);
            model.check(move || scene.clone().play());
        }
    }
}

#[test]
fn no_header_of_an_expired_credential_after_the_machine_slept() {
    model().check(suspend::play);
}
