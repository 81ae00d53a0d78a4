//! The engine under shuttle, which tries many schedules of many threads at random: `cargo xtask model`.
#![cfg(model_shuttle)]
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod model;

use model::{Deed, Fate, Manner, Op, Outcome, Scene, Start, hush, suspend};
use shuttle::{
    Config, Runner,
    rand::{Rng, thread_rng},
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
};

/// How many schedules each test tries, unless `MODEL_SCHEDULES` says otherwise.
const SCHEDULES: usize = 10_000;

fn schedules() -> usize {
    let told = std::env::var("MODEL_SCHEDULES").ok();
    told.map_or(SCHEDULES, |number| number.parse().unwrap())
}

/// What threads do, servers answer and executors do, in any number and order.
#[derive(Clone, Copy)]
struct Range {
    deeds: &'static [Deed],
    outcomes: &'static [Outcome],
    fates: &'static [Fate],
}

const GOES_WELL: Range = Range {
    deeds: &Deed::ALL,
    outcomes: &[],
    fates: &[],
};

const SERVER_FAILS: Range = Range {
    outcomes: &[
        Outcome::Grants,
        Outcome::Grants,
        Outcome::IsAway,
        Outcome::Denies,
        Outcome::Panics,
    ],
    ..GOES_WELL
};

const EXECUTOR_FAILS: Range = Range {
    fates: &[
        Fate::Runs,
        Fate::DroppedAt(0),
        Fate::DroppedAt(1),
        Fate::DroppedAt(2),
    ],
    ..SERVER_FAILS
};

/// Plays another scene on each schedule. A failure prints the schedule, which replays both.
fn play(scheduler: impl Scheduler + 'static, range: Range) {
    run(scheduler, move || range.any_scene().play());
}

fn run(scheduler: impl Scheduler + 'static, scene: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    Runner::new(scheduler, config).run(scene);
}

impl Range {
    /// Two to four threads that do up to four things each.
    fn any_scene(self) -> Scene {
        let threads = (0..up_to(2..=4)).map(|_| (0..up_to(1..=4)).map(|_| self.any_op()).collect());
        Scene {
            start: any(&Start::ALL),
            threads: threads.collect(),
            script: some(self.outcomes, 6),
            waits: up_to(0..=2),
            fates: some(self.fates, 3),
            follows_up: up_to(0..=1) == 1,
        }
    }

    /// To its end more often than not.
    fn any_op(self) -> Op {
        let deed = any(self.deeds);
        let manner = match up_to(0..=5) {
            0 => Manner::HandedOver,
            1 | 2 => Manner::DroppedAt(up_to(0..=deed.waits() + 1)),
            _ => Manner::ToItsEnd,
        };
        Op { deed, manner }
    }
}

fn any<T: Copy>(from: &[T]) -> T {
    from[up_to(0..=from.len() - 1)]
}

fn some<T: Copy>(from: &[T], most: usize) -> Vec<T> {
    match from {
        [] => Vec::new(),
        from => (0..up_to(1..=most)).map(|_| any(from)).collect(),
    }
}

fn up_to(range: std::ops::RangeInclusive<usize>) -> usize {
    thread_rng().gen_range(range)
}

#[test]
fn anything_while_the_server_grants() {
    play(RandomScheduler::new(schedules()), GOES_WELL);
}

#[test]
fn anything_while_the_server_fails() {
    hush();
    play(RandomScheduler::new(schedules()), SERVER_FAILS);
}

#[test]
fn anything_while_the_executor_drops_the_driver() {
    hush();
    play(RandomScheduler::new(schedules()), EXECUTOR_FAILS);
}

#[test]
fn rare_schedules_while_the_server_fails() {
    hush();
    play(PctScheduler::new(3, schedules()), SERVER_FAILS);
}

#[test]
fn rare_schedules_while_the_executor_drops_the_driver() {
    hush();
    play(PctScheduler::new(3, schedules()), EXECUTOR_FAILS);
}

#[test]
fn users_of_a_session_that_nobody_closes() {
    let (closing, deeds) = Deed::ALL.split_last().unwrap();
    assert_eq!(*closing, Deed::Close);
    let deeds = deeds.to_vec().leak();
    play(
        RandomScheduler::new(schedules()),
        Range { deeds, ..GOES_WELL },
    );
}

#[test]
fn requests_of_an_expired_session_while_the_server_fails() {
    hush();
    let deeds = &[Deed::Request, Deed::Refuse, Deed::Enter];
    play(
        RandomScheduler::new(schedules()),
        Range {
            deeds,
            ..SERVER_FAILS
        },
    );
}

#[test]
fn no_header_of_an_expired_credential_after_the_machine_slept() {
    run(RandomScheduler::new(schedules()), suspend::play);
}
