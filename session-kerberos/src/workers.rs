//! Threads for what blocks.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use session_core::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

/// How many threads a session has at most.
pub(crate) const MOST_WORKERS: usize = 8;

/// How many jobs wait for a thread at most.
const MOST_WAITING: usize = 4096;

/// How long a thread waits for more to do.
const IDLE: Duration = Duration::from_secs(10);

/// Threads that do what would block a caller's, a few and no more, and a limit for how long a caller waits for them.
///
/// A Kerberos library that waits for a KDC cannot be told to stop. So what takes too long goes on without its caller, and
/// holds up a thread until it ends: when all are held up, callers wait for one as long as the limit, and fail.
pub(crate) struct Workers {
    shared: Arc<Shared>,
}

struct Shared {
    limit: Duration,
    state: Mutex<State>,
    /// There is work, or nothing more will come.
    work: Condvar,
    /// There is something to watch, or nothing more will come.
    watch: Condvar,
}

#[derive(Default)]
struct State {
    /// Oldest first.
    queue: VecDeque<Job>,
    /// The numbers of the threads that are there.
    workers: [bool; MOST_WORKERS],
    idle: usize,
    /// What callers wait for, oldest first.
    watched: BTreeMap<u64, Watched>,
    next_number: u64,
    has_watchman: bool,
    is_closed: bool,
}

struct Job {
    number: u64,
    run: Box<dyn FnOnce(usize) + Send>,
    /// Whether its caller is still there.
    is_waited_for: Box<dyn Fn() -> bool + Send>,
}

struct Watched {
    until: Instant,
    give_up: Box<dyn FnOnce() + Send>,
}

impl Workers {
    /// Whose callers wait for no more than `limit`.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                limit,
                state: Mutex::default(),
                work: Condvar::new(),
                watch: Condvar::new(),
            }),
        }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.shared.limit
    }

    /// Does the work on one of the threads, whose number it is told. Not begun if the caller is gone by then.
    ///
    /// # Errors
    ///
    /// Those of the work; `Unavailable`, when it takes longer than the limit, or too many wait.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(usize) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let receiver = self.submit(work)?;
        let lost = || {
            Error::new(
                ErrorKind::Protocol,
                "the Kerberos mechanism panicked; this is a defect",
            )
        };
        receiver.await.unwrap_or_else(|_| Err(lost()))
    }

    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(usize) -> Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T>>> {
        let (sender, receiver) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        let take = |sender: &Mutex<Option<oneshot::Sender<_>>>| lock(sender).take();
        let give_up: Box<dyn FnOnce() + Send> = Box::new({
            let (sender, limit) = (Arc::clone(&sender), self.shared.limit);
            move || {
                if let Some(sender) = take(&sender) {
                    let _ = sender.send(Err(timed_out(limit)));
                }
            }
        });
        let is_waited_for: Box<dyn Fn() -> bool + Send> = Box::new({
            let sender = Arc::clone(&sender);
            move || lock(&sender).as_ref().is_some_and(|it| !it.is_closed())
        });
        let run: Box<dyn FnOnce(usize) + Send> = Box::new(move |worker| {
            let outcome = catch_unwind(AssertUnwindSafe(|| work(worker)));
            // Of a panic the caller hears because the sender is dropped.
            if let (Some(sender), Ok(outcome)) = (take(&sender), outcome) {
                let _ = sender.send(outcome);
            }
        });
        self.shared.enqueue(run, is_waited_for, give_up)?;
        Ok(receiver)
    }
}

impl Shared {
    fn enqueue(
        self: &Arc<Self>,
        run: Box<dyn FnOnce(usize) + Send>,
        is_waited_for: Box<dyn Fn() -> bool + Send>,
        give_up: Box<dyn FnOnce() + Send>,
    ) -> Result<()> {
        // None is so far away that it does not come.
        #[expect(
            clippy::disallowed_methods,
            reason = "a library that blocks does so in real time"
        )]
        let until = Instant::now().checked_add(self.limit);
        let mut state = lock(&self.state);
        if state.queue.len() >= MOST_WAITING {
            state = self.without_abandoned(state);
        }
        if state.queue.len() >= MOST_WAITING {
            return Err(too_many());
        }
        if until.is_some() {
            self.ensure_watchman(&mut state)?;
        }
        self.ensure_worker(&mut state)?;
        let number = state.next_number;
        state.next_number += 1;
        state.queue.push_back(Job {
            number,
            run,
            is_waited_for,
        });
        if let Some(until) = until {
            state.watched.insert(number, Watched { until, give_up });
            if state.watched.len() == 1 {
                self.watch.notify_one();
            }
        }
        self.work.notify_one();
        Ok(())
    }

    /// Has nobody's work wait no longer.
    fn without_abandoned<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let all = std::mem::take(&mut state.queue).into_iter();
        let (left, gone): (VecDeque<_>, VecDeque<_>) = all.partition(|job| (job.is_waited_for)());
        state.queue = left;
        let watched: Vec<_> = gone
            .iter()
            .filter_map(|job| state.watched.remove(&job.number))
            .collect();
        drop(state);
        // Not under the lock, for it may hold the last of what the job was about.
        drop((gone, watched));
        lock(&self.state)
    }

    /// Starts a thread, if none is idle for one more job and there may be more.
    fn ensure_worker(self: &Arc<Self>, state: &mut State) -> Result<()> {
        let free = state.workers.iter().position(|is_there| !is_there);
        let (Some(number), true) = (free, state.idle <= state.queue.len()) else {
            return Ok(());
        };
        let shared = Arc::clone(self);
        let started = spawn("session-kerberos", move || shared.work(number));
        // With one of them at least, everything gets done.
        if started.is_err() && state.workers.contains(&true) {
            return Ok(());
        }
        started?;
        state.workers[number] = true;
        Ok(())
    }

    fn ensure_watchman(self: &Arc<Self>, state: &mut State) -> Result<()> {
        if !state.has_watchman {
            let shared = Arc::clone(self);
            spawn("session-kerberos-time", move || shared.keep_watch())?;
            state.has_watchman = true;
        }
        Ok(())
    }

    fn work(&self, worker: usize) {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                let number = job.number;
                if (job.is_waited_for)() {
                    (job.run)(worker);
                } else {
                    drop(job);
                }
                state = lock(&self.state);
                let watched = state.watched.remove(&number);
                drop(state);
                // Not under the lock, for it may hold the last of what the job was about.
                drop(watched);
                state = lock(&self.state);
                continue;
            }
            if state.is_closed {
                break;
            }
            state.idle += 1;
            let (woken, wait) = wait(&self.work, state, IDLE);
            state = woken;
            state.idle -= 1;
            if wait && state.queue.is_empty() {
                break;
            }
        }
        state.workers[worker] = false;
    }

    fn keep_watch(&self) {
        let mut state = lock(&self.state);
        loop {
            let first = state.watched.first_entry();
            let Some(first) = first else {
                let (woken, wait) = wait(&self.watch, state, IDLE);
                state = woken;
                if (wait || state.is_closed) && state.watched.is_empty() {
                    break;
                }
                continue;
            };
            #[expect(
                clippy::disallowed_methods,
                reason = "a library that blocks does so in real time"
            )]
            let left = first.get().until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let (number, watched) = first.remove_entry();
                let place = state.queue.binary_search_by_key(&number, |job| job.number);
                let waiting = place.ok().and_then(|place| state.queue.remove(place));
                drop(state);
                // What has not begun by now never will.
                drop(waiting);
                (watched.give_up)();
                state = lock(&self.state);
            } else {
                (state, _) = wait(&self.watch, state, left);
            }
        }
        state.has_watchman = false;
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        lock(&self.shared.state).is_closed = true;
        self.shared.work.notify_all();
        self.shared.watch.notify_all();
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("limit", &self.shared.limit)
            .finish_non_exhaustive()
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map(drop).map_err(|error| {
        Error::new(
            ErrorKind::Unavailable,
            "no thread can be started for Kerberos; see that the process may have more",
        )
        .with_source(error)
    })
}

fn timed_out(limit: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "Kerberos took longer than {limit:?}: a KDC does not answer; check the network, and the realm's `kdc` in \
             krb5.conf, or allow more: `kdc_timeout`"
        ),
    )
}

fn too_many() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "{MOST_WAITING} requests wait for Kerberos already: a KDC does not answer, or not as fast as they come; try again later, \
             with fewer at once"
        ),
    )
}

/// What was held by a thread that panicked is whole: nothing under these locks panics half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether it was in vain, beside what it was for.
fn wait<'a>(
    condition: &Condvar,
    state: MutexGuard<'a, State>,
    most: Duration,
) -> (MutexGuard<'a, State>, bool) {
    let (state, wait) = condition
        .wait_timeout(state, most)
        .unwrap_or_else(PoisonError::into_inner);
    (state, wait.timed_out())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Longer than any test takes.
    const LONG: Duration = Duration::from_secs(600);
    /// Over before anything is done.
    const SHORT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn work_is_done_elsewhere_by_threads_with_numbers() {
        let workers = Workers::new(LONG);
        let caller = thread::current().id();
        let (worker, thread) = workers
            .run(|worker| Ok((worker, thread::current().id())))
            .await
            .unwrap();
        assert!(worker < MOST_WORKERS);
        assert_ne!(thread, caller);
    }

    #[tokio::test]
    async fn what_hangs_is_an_error_and_costs_nobody_else_anything() {
        let workers = Workers::new(SHORT);
        let (release, held) = mpsc::channel::<()>();
        let outcome = workers.run(move |_| Ok(held.recv().is_ok())).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("kdc_timeout"), "{error}");
        drop(release);
    }

    #[tokio::test]
    async fn there_are_so_many_threads_and_no_more() {
        let workers = Workers::new(LONG);
        let (arrive, arrivals) = mpsc::channel();
        let held: Vec<_> = (0..MOST_WORKERS)
            .map(|_| {
                let (release, held) = mpsc::channel::<()>();
                let arrive = arrive.clone();
                let receiver = workers.submit(move |worker| {
                    arrive.send(worker).unwrap();
                    let _ = held.recv();
                    Ok(worker)
                });
                (release, receiver.unwrap())
            })
            .collect();
        let mut numbers: Vec<usize> = arrivals.iter().take(MOST_WORKERS).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..MOST_WORKERS));
        // All are busy: what comes now waits for one of them.
        let late = workers.submit(Ok).unwrap();
        let mut held = held.into_iter();
        let (release, first) = held.next().unwrap();
        drop(release);
        let freed = first.await.unwrap().unwrap();
        assert_eq!(late.await.unwrap().unwrap(), freed);
    }

    #[tokio::test]
    async fn work_whose_caller_is_gone_is_not_begun() {
        let workers = Workers::new(LONG);
        let (begin, beginnings) = mpsc::channel();
        let held: Vec<_> = (0..MOST_WORKERS)
            .map(|_| {
                let (release, held) = mpsc::channel::<()>();
                let receiver = workers.submit(move |_| Ok(held.recv().is_ok()));
                (release, receiver)
            })
            .collect();
        let gone = begin.clone();
        drop(workers.submit(move |_| {
            gone.send("of one who is gone").unwrap();
            Ok(())
        }));
        let there = workers.submit(move |_| {
            begin.send("of one who is there").unwrap();
            Ok(())
        });
        drop(held);
        there.unwrap().await.unwrap().unwrap();
        assert_eq!(
            beginnings.iter().collect::<Vec<_>>(),
            ["of one who is there"]
        );
    }

    #[tokio::test]
    async fn a_limit_beyond_all_time_is_none() {
        let workers = Workers::new(Duration::MAX);
        workers.run(|_| Ok(())).await.unwrap();
    }

    /// Holds what it waits for up until these are dropped.
    fn busy(workers: &Workers) -> Vec<mpsc::Sender<()>> {
        let (arrive, arrivals) = mpsc::channel();
        let holds = (0..MOST_WORKERS).map(|_| {
            let (release, held) = mpsc::channel::<()>();
            let arrive = arrive.clone();
            let receiver = workers.submit(move |_| {
                arrive.send(()).unwrap();
                Ok(held.recv().is_ok())
            });
            // Its caller has to be there for it to begin.
            arrivals.recv().unwrap();
            drop(receiver);
            release
        });
        holds.collect()
    }

    #[tokio::test]
    async fn what_took_too_long_to_begin_waits_no_longer() {
        let workers = Workers::new(SHORT);
        let mut holds = Vec::new();
        let (arrive, arrivals) = mpsc::channel();
        // On a slow machine some are late before they begin.
        for attempt in 0_u64.. {
            let (release, held) = mpsc::channel::<()>();
            let arrive = arrive.clone();
            let outcome = workers.run(move |_| {
                arrive.send(attempt).unwrap();
                Ok(held.recv().is_ok())
            });
            outcome.await.unwrap_err();
            if arrivals.try_iter().any(|it| it == attempt) {
                holds.push(release);
            }
            if holds.len() == MOST_WORKERS {
                break;
            }
        }
        // What a job has is gone with it.
        let kept = Arc::new(());
        let held = Arc::clone(&kept);
        let outcome = workers.run(move |_| {
            drop(held);
            Ok(())
        });
        assert_eq!(outcome.await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(Arc::strong_count(&kept), 1);
        drop(holds);
    }

    #[tokio::test]
    async fn there_is_room_for_so_many_to_wait_and_no_more() {
        let workers = Workers::new(LONG);
        let holds = busy(&workers);
        let wait = || workers.submit(|_| Ok(()));
        let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| wait().unwrap()).collect();
        let error = wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("fewer at once"), "{error}");
        // Of one who is gone the place is another's.
        waiting.truncate(MOST_WAITING - 1);
        waiting.push(wait().unwrap());
        wait().unwrap_err();
        drop(holds);
        for receiver in waiting {
            receiver.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_goes_on() {
        let workers = Workers::new(LONG);
        let outcome = workers
            .run(|_| -> Result<()> { panic!("on purpose") })
            .await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Protocol);
        workers.run(|_| Ok(())).await.unwrap();
    }
}
