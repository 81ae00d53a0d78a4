//! The engine's tasks, and who runs them.

use std::{
    collections::VecDeque,
    fmt,
    pin::pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use session_core::{BoxFuture, Executor};

use super::{
    checker::{Condvar, Mutex, MutexGuard, spawn},
    door::Door,
    manner::drop_at,
};

/// An executor, whose tasks the thread that plays the scene runs.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    door: Door,
}

#[derive(Default)]
struct Waiting {
    tasks: VecDeque<BoxFuture<()>>,
    /// What becomes of the next tasks; the others run to their ends.
    fates: VecDeque<Fate>,
    left: usize,
}

/// What an executor does with a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    Runs,
    /// Dropped when it has to wait for the time with this number; with 0, as soon as it is there.
    DroppedAt(usize),
}

impl Tasks {
    /// From now on it does this with tasks, one after the other.
    pub(crate) fn fates(&self, fates: &[Fate]) {
        self.waiting().fates = fates.iter().copied().collect();
    }

    /// Where a call of the backend waits, for the threads here to let it in.
    pub(crate) fn door(&self) -> &Door {
        &self.0.door
    }

    /// Runs tasks until as many threads have left.
    pub(crate) fn work(&self, threads: usize) {
        let mut running = Vec::new();
        loop {
            let task = {
                let mut waiting = self.waiting();
                while waiting.tasks.is_empty() && waiting.left < threads {
                    waiting = self.0.changed.wait(waiting).unwrap();
                }
                waiting.tasks.pop_front()
            };
            match task {
                // One after the other: for more threads than these, loom has no room.
                Some(task) if cfg!(model_loom) => self.door().complete(task),
                Some(task) => {
                    let door = self.door().clone();
                    running.push(spawn(move || door.complete(task)));
                }
                None => break,
            }
        }
        for task in running {
            task.join().unwrap();
        }
    }

    pub(crate) fn run_all(&self) {
        loop {
            let task = self.waiting().tasks.pop_front();
            match task {
                Some(task) => self.door().complete(task),
                None => return,
            }
        }
    }

    /// Completes a future with the tasks that it needs.
    pub(crate) fn drive<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        for _ in 0..100 {
            if let Poll::Ready(output) = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
            {
                return output;
            }
            self.run_all();
        }
        panic!("nobody is left who could complete it");
    }

    pub(crate) fn leave(&self) {
        self.waiting().left += 1;
        self.0.changed.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        let waiting = self.0.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor for Tasks {
    fn spawn(&self, task: BoxFuture<()>) {
        let mut waiting = self.waiting();
        let task = match waiting.fates.pop_front().unwrap_or(Fate::Runs) {
            Fate::Runs => task,
            Fate::DroppedAt(0) => {
                drop(waiting);
                drop(task);
                return;
            }
            Fate::DroppedAt(wait) => Box::pin(async move {
                let _ = drop_at(wait, task).await;
            }),
        };
        waiting.tasks.push_back(task);
        drop(waiting);
        self.0.changed.notify_one();
    }

    /// No time passes while the threads run.
    fn sleep(&self, _time: Duration) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tasks")
    }
}
