//! How long a call takes, on a machine that has other things to do.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::thread::{CpuSet, sched_setaffinity};

use super::cases::Batch;
use crate::{runner::Numbers, samples::Samples};

/// Short, so that most batches are undisturbed by the scheduler and their median is that of an idle machine.
const BATCH: Duration = Duration::from_micros(150);

const TIME: Duration = Duration::from_millis(300);

/// Batches in which two threads were at work, and how long they are waited for.
const ENOUGH: usize = 200;
const PATIENCE: Duration = Duration::from_secs(5);

/// On a cache line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Progress(AtomicU64);

/// Nanoseconds for each call on one thread; calls in a microsecond on two; and their throughput over that of one.
pub(crate) fn measure(batch: &Batch) -> Numbers {
    let calls = calls(batch);
    let ended = Instant::now() + TIME;
    let one = Samples::new(std::iter::from_fn(|| {
        (Instant::now() < ended).then(|| timed(batch, calls))
    }))
    .median();
    let two = together(batch, calls);
    let mut numbers = Numbers::from([("one".to_owned(), one)]);
    if two.is_finite() {
        numbers.insert("two".to_owned(), 1e3 * two);
        numbers.insert("scaling".to_owned(), one * two);
    }
    numbers
}

/// How many calls take about as long as a batch is to last.
fn calls(batch: &Batch) -> u32 {
    batch(10_000);
    let each = (0..20)
        .map(|_| timed(batch, 1000))
        .fold(f64::INFINITY, f64::min);
    (BATCH.as_nanos() as f64 / each).max(1.0) as u32
}

/// Nanoseconds for each call.
fn timed(batch: &Batch, calls: u32) -> f64 {
    let began = Instant::now();
    batch(calls);
    began.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// Calls in a nanosecond of two threads at the same time.
fn together(batch: &Batch, calls: u32) -> f64 {
    let (progress, start) = ([Progress::default(), Progress::default()], Barrier::new(2));
    let run = |core: usize, mine: &Progress, others: &Progress| {
        keep_to(core);
        batch(1000);
        start.wait();
        let began = Instant::now();
        let mut samples = Vec::new();
        // Longer where the machine has other things to do.
        while began.elapsed() < 2 * TIME || samples.len() < ENOUGH && began.elapsed() < PATIENCE {
            let before = others.0.load(Relaxed);
            let each = timed(batch, calls);
            mine.0.fetch_add(1, Relaxed);
            // A batch counts if both threads were at work all the time: the other did not stand still, nor did this one
            // while the other went on.
            if (1..=2).contains(&(others.0.load(Relaxed) - before)) {
                samples.push(each);
            }
        }
        // Not a number, if they never were at work together.
        if samples.is_empty() {
            f64::NAN
        } else {
            1.0 / Samples::new(samples).median()
        }
    };
    thread::scope(|scope| {
        let [first, second] = &progress;
        let threads = [
            scope.spawn(|| run(0, first, second)),
            scope.spawn(|| run(1, second, first)),
        ];
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no call panics"))
            .sum()
    })
}

/// Keeps this thread to one core, so that the other is left to the other; where that cannot be done, the scheduler
/// decides.
fn keep_to(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    let _ = sched_setaffinity(None, &cores);
}
