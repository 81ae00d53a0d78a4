//! Work for a thread, and the caller who waits for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use session_core::{Error, Result};
use tokio::sync::oneshot;

/// Work that waits for a thread.
pub(super) struct Job {
    run: Box<dyn FnOnce(usize) + Send>,
    is_waited_for: Box<dyn Fn() -> bool + Send>,
}

/// Tells the caller that the work takes too long, if it has not ended by then.
pub(super) type GiveUp = Box<dyn FnOnce(Error) + Send>;

impl Job {
    /// Beside the work, what its caller waits for: the outcome, or the error that it is given up with.
    pub(super) fn new<T: Send + 'static>(
        work: impl FnOnce(usize) -> Result<T> + Send + 'static,
    ) -> (Self, GiveUp, oneshot::Receiver<Result<T>>) {
        let (sender, receiver) = oneshot::channel();
        let caller = Arc::new(Caller(Mutex::new(Some(sender))));
        let give_up = Box::new({
            let caller = Arc::clone(&caller);
            move |error| caller.tell(Err(error))
        });
        let is_waited_for = Box::new({
            let caller = Arc::clone(&caller);
            move || caller.is_there()
        });
        let run = Box::new(move |worker| {
            match catch_unwind(AssertUnwindSafe(|| work(worker))) {
                Ok(outcome) => caller.tell(outcome),
                // Of that the caller hears because the sender is dropped.
                Err(_) => drop(caller.take()),
            }
        });
        (Self { run, is_waited_for }, give_up, receiver)
    }

    /// For everybody: it is done whoever has gone meanwhile, and `tell` is told once what comes of it.
    pub(super) fn of_all<T: Send + 'static>(
        work: impl FnOnce(usize) -> Result<T> + Send + 'static,
        tell: impl FnOnce(Result<T>) + Send + 'static,
    ) -> (Self, GiveUp) {
        let tell = Arc::new(Mutex::new(Some(tell)));
        let take = |tell: &Mutex<Option<_>>| {
            let mut tell = tell.lock().unwrap_or_else(PoisonError::into_inner);
            tell.take()
        };
        let (late, waiting) = (Arc::clone(&tell), Arc::clone(&tell));
        let give_up = Box::new(move |error| {
            if let Some(tell) = take(&late) {
                tell(Err(error));
            }
        });
        let is_waited_for = Box::new(move || {
            let tell = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            tell.is_some()
        });
        let run = Box::new(move |worker| {
            let outcome = catch_unwind(AssertUnwindSafe(|| work(worker)));
            if let Some(tell) = take(&tell) {
                tell(outcome.unwrap_or_else(|_| Err(super::lost())));
            }
        });
        (Self { run, is_waited_for }, give_up)
    }

    /// Whether its caller is still there, and has not been told yet.
    pub(super) fn is_waited_for(&self) -> bool {
        (self.is_waited_for)()
    }

    /// Does the work, on the thread of this number.
    pub(super) fn run(self, worker: usize) {
        (self.run)(worker);
    }
}

/// Whoever waits, and is told once.
struct Caller<T>(Mutex<Option<oneshot::Sender<Result<T>>>>);

impl<T> Caller<T> {
    fn tell(&self, outcome: Result<T>) {
        if let Some(sender) = self.take() {
            // Whoever is gone does not want to know.
            let _ = sender.send(outcome);
        }
    }

    fn take(&self) -> Option<oneshot::Sender<Result<T>>> {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.take()
    }

    fn is_there(&self) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }
}
