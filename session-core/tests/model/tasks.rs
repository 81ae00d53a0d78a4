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

use super::checker::{Condvar, Mutex, block_on, spawn};

/// The engine's tasks, which the thread that plays the scene runs.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    tasks: VecDeque<BoxFuture<()>>,
    left: usize,
}

impl Tasks {
    /// Runs tasks until as many threads have left.
    pub(crate) fn work(&self, threads: usize) {
        let mut running = Vec::new();
        loop {
            let task = {
                let mut waiting = self.0.waiting.lock().unwrap();
                while waiting.tasks.is_empty() && waiting.left < threads {
                    waiting = self.0.changed.wait(waiting).unwrap();
                }
                waiting.tasks.pop_front()
            };
            match task {
                // One after the other: for more threads than these, loom has no room.
                Some(task) if cfg!(model_loom) => block_on(task),
                Some(task) => running.push(spawn(move || block_on(task))),
                None => break,
            }
        }
        for task in running {
            task.join().unwrap();
        }
    }

    pub(crate) fn run_all(&self) {
        loop {
            let task = self.0.waiting.lock().unwrap().tasks.pop_front();
            match task {
                Some(task) => block_on(task),
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
        self.0.waiting.lock().unwrap().left += 1;
        self.0.changed.notify_one();
    }
}

impl Executor for Tasks {
    fn spawn(&self, task: BoxFuture<()>) {
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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
