//! The first request to each service.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use session_core::Result;
use tokio::sync::{oneshot, watch};

/// Lets one request alone get the ticket for a service that there is none for yet, while others wait for that one: a KDC is asked
/// once, and one that does not answer holds up one thread for each time limit, however many give up meanwhile.
#[derive(Default)]
pub(crate) struct Openings(Arc<Mutex<Known>>);

type Known = HashMap<String, Opening>;
type Outcome = Option<Result<()>>;

enum Opening {
    UnderWay(watch::Receiver<Outcome>),
    Done,
}

/// Whose turn it is.
enum Turn {
    Ours(Attempt),
    Anothers(watch::Receiver<Outcome>),
    Everybodys,
}

/// The attempt to be the first, which belongs to whoever does the work. Dropped before its end, it is somebody else's turn.
pub(crate) struct Attempt {
    known: Arc<Mutex<Known>>,
    service: String,
    outcome: watch::Sender<Outcome>,
    has_succeeded: bool,
}

impl Openings {
    /// Has `first` begin, if nobody did that for the service yet, and waits for what comes of it; else `None`, as soon as somebody has.
    /// Whoever gives up does not end it: those who come later wait for the same.
    ///
    /// # Errors
    ///
    /// That of `first`, also if it is another's who was waited for.
    pub(crate) async fn open<T>(
        &self,
        service: &str,
        first: impl FnOnce(Attempt) -> Result<oneshot::Receiver<Result<T>>>,
    ) -> Result<Option<T>> {
        loop {
            match self.turn(service) {
                Turn::Everybodys => return Ok(None),
                Turn::Ours(attempt) => {
                    let outcome = first(attempt)?.await;
                    return outcome.map_or(Ok(None), |outcome| outcome.map(Some));
                }
                Turn::Anothers(mut outcome) => {
                    let outcome = outcome.wait_for(Option::is_some).await;
                    let outcome = outcome.ok().and_then(|outcome| outcome.clone());
                    // Without one, whoever it was has given up.
                    if let Some(outcome) = outcome {
                        return outcome.map(|()| None);
                    }
                }
            }
        }
    }

    fn turn(&self, service: &str) -> Turn {
        let mut known = lock(&self.0);
        match known.get(service) {
            Some(Opening::Done) => Turn::Everybodys,
            Some(Opening::UnderWay(outcome)) => Turn::Anothers(outcome.clone()),
            None => {
                let (sender, receiver) = watch::channel(None);
                known.insert(service.to_owned(), Opening::UnderWay(receiver));
                Turn::Ours(Attempt {
                    known: Arc::clone(&self.0),
                    service: service.to_owned(),
                    outcome: sender,
                    has_succeeded: false,
                })
            }
        }
    }
}

impl Attempt {
    pub(crate) fn end(mut self, outcome: Result<()>) {
        self.has_succeeded = outcome.is_ok();
        self.outcome.send_replace(Some(outcome));
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut known = lock(&self.known);
        if self.has_succeeded {
            known.insert(std::mem::take(&mut self.service), Opening::Done);
        } else {
            known.remove(&self.service);
        }
    }
}

/// What is under the lock is whole: nothing panics half-way.
fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use session_core::{Error, ErrorKind};

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    type Begun = Result<oneshot::Receiver<Result<i32>>>;

    /// Ends at once.
    fn at_once(number: i32) -> impl FnOnce(Attempt) -> Begun {
        move |attempt| {
            let (sender, receiver) = oneshot::channel();
            attempt.end(Ok(()));
            sender.send(Ok(number)).unwrap();
            Ok(receiver)
        }
    }

    /// What whoever does the work has: to say what came of it, also to the first.
    struct Work(
        Attempt,
        #[expect(dead_code, reason = "nothing is said")] oneshot::Sender<Result<i32>>,
    );

    /// Is left with whoever does the work.
    fn left(with: &mut Option<Work>) -> impl FnOnce(Attempt) -> Begun {
        move |attempt| {
            let (sender, receiver) = oneshot::channel();
            *with = Some(Work(attempt, sender));
            Ok(receiver)
        }
    }

    fn never(_: Attempt) -> Begun {
        panic!("it is another's turn")
    }

    #[test]
    fn one_is_first_and_the_others_wait() {
        let openings = Openings::default();
        let mut work = None;
        let mut first = Box::pin(openings.open("a", left(&mut work)));
        assert!(poll(first.as_mut()).is_pending());
        let mut second = pin!(openings.open("a", never));
        assert!(poll(second.as_mut()).is_pending());
        // For other services they are others.
        let other = pin!(openings.open("b", at_once(2)));
        assert!(matches!(poll(other), Poll::Ready(Ok(Some(2)))));
        drop(first);
        work.unwrap().0.end(Ok(()));
        assert!(matches!(poll(second), Poll::Ready(Ok(None))));
        let late = pin!(openings.open("a", never));
        assert!(matches!(poll(late), Poll::Ready(Ok(None))));
    }

    #[test]
    fn who_waited_for_a_failure_has_it_too_and_who_comes_later_tries_anew() {
        let openings = Openings::default();
        let mut work = None;
        let mut first = Box::pin(openings.open("a", left(&mut work)));
        assert!(poll(first.as_mut()).is_pending());
        let mut second = pin!(openings.open("a", never));
        assert!(poll(second.as_mut()).is_pending());
        drop(first);
        let failure = Error::new(ErrorKind::Unavailable, "no KDC");
        work.unwrap().0.end(Err(failure));
        let Poll::Ready(Err(error)) = poll(second) else {
            panic!("it goes on waiting");
        };
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let third = pin!(openings.open("a", at_once(2)));
        assert!(matches!(poll(third), Poll::Ready(Ok(Some(2)))));
    }

    #[test]
    fn what_the_first_has_begun_goes_on_without_it_and_later_callers_wait_for_that() {
        let openings = Openings::default();
        let mut work = None;
        let mut first = Box::pin(openings.open("a", left(&mut work)));
        assert!(poll(first.as_mut()).is_pending());
        drop(first);
        let mut second = pin!(openings.open("a", never));
        assert!(poll(second.as_mut()).is_pending());
        work.unwrap().0.end(Ok(()));
        assert!(matches!(poll(second), Poll::Ready(Ok(None))));
    }

    #[test]
    fn what_is_given_up_unbegun_is_somebody_elses_turn() {
        let openings = Openings::default();
        let mut work = None;
        let mut first = Box::pin(openings.open("a", left(&mut work)));
        assert!(poll(first.as_mut()).is_pending());
        drop(first);
        drop(work);
        let second = pin!(openings.open("a", at_once(2)));
        assert!(matches!(poll(second), Poll::Ready(Ok(Some(2)))));
    }
}
