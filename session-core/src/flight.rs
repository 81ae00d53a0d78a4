//! One result that many wait for.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

use crate::sync::{Mutex, MutexGuard};

/// A result under way. Whoever joins gets a clone of it; nobody who leaves disturbs it.
#[derive(Debug)]
pub(crate) struct Flight<T>(Mutex<Board<T>>);

#[derive(Debug)]
struct Board<T> {
    outcome: Option<T>,
    waiting: BTreeMap<u64, Waker>,
    next_key: u64,
}

impl<T: Clone> Flight<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Board {
            outcome: None,
            waiting: BTreeMap::new(),
            next_key: 0,
        })))
    }

    /// Gives the result to all who wait and to all who will. The first result stays.
    pub(crate) fn land(&self, outcome: T) {
        let woken = {
            let mut board = self.board();
            if board.outcome.is_some() {
                return;
            }
            board.outcome = Some(outcome);
            std::mem::take(&mut board.waiting)
        };
        // Outside the lock: a waker is foreign code, and one that panics must not keep the others waiting.
        for waker in woken.into_values() {
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    /// Completes with the result.
    pub(crate) fn join(self: &Arc<Self>) -> Join<T> {
        Join {
            flight: Arc::clone(self),
            key: None,
        }
    }

    fn board(&self) -> MutexGuard<'_, Board<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a [`Flight`].
#[derive(Debug)]
pub(crate) struct Join<T: Clone> {
    flight: Arc<Flight<T>>,
    key: Option<u64>,
}

impl<T: Clone> Future for Join<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let join = self.get_mut();
        let mut board = join.flight.board();
        if let Some(outcome) = &board.outcome {
            return Poll::Ready(outcome.clone());
        }
        let key = *join.key.get_or_insert_with(|| {
            board.next_key += 1;
            board.next_key
        });
        let replaced = board.waiting.insert(key, cx.waker().clone());
        drop(board);
        drop(replaced);
        Poll::Pending
    }
}

impl<T: Clone> Drop for Join<T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let left = self.flight.board().waiting.remove(&key);
            drop(left);
        }
    }
}

/// A result that may have to be waited for.
pub(crate) enum Soon<T: Clone> {
    Now(T),
    Later(Join<T>),
}

impl<T: Clone> Soon<T> {
    pub(crate) async fn get(self) -> T {
        match self {
            Self::Now(value) => value,
            Self::Later(join) => join.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Wake};

    use super::*;

    struct Nothing;

    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn who_leaves_leaves_nothing_behind() {
        let (flight, task) = (Flight::<u8>::new(), Arc::new(Nothing));
        let waker = Waker::from(Arc::clone(&task));
        let mut join = flight.join();
        for _ in 0..3 {
            let polled = pin!(&mut join).poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        assert_eq!(
            Arc::strong_count(&task),
            3,
            "ours, the waker's, and one that waits"
        );
        drop(join);
        assert_eq!(Arc::strong_count(&task), 2);
        drop(flight.join());
    }

    #[test]
    fn the_first_result_stays() {
        let flight = Flight::new();
        flight.land(1);
        flight.land(2);
        let polled = pin!(flight.join()).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(polled, Poll::Ready(1));
    }
}
