//! Threads for what blocks.

mod job;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use session_core::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

use job::{GiveUp, Job};

/// How many threads a session has at most.
pub(crate) const MOST_WORKERS: usize = 8;

/// How many of them requests hold up at most: one is left to renew the session.
const MOST_OF_REQUESTS: usize = MOST_WORKERS - 1;

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
    queue: VecDeque<Waiting>,
    /// The numbers of the threads that are there.
    workers: [bool; MOST_WORKERS],
    idle: usize,
    /// How many are at work for requests.
    of_requests: usize,
    /// What callers wait for, oldest first.
    watched: BTreeMap<u64, Watched>,
    next_number: u64,
    has_watchman: bool,
    is_closed: bool,
}

struct Waiting {
    number: u64,
    job: Job,
    is_of_request: bool,
}

struct Watched {
    until: Instant,
    give_up: GiveUp,
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
        receiver.await.unwrap_or_else(|_| Err(lost()))
    }

    /// The same for a request, which is not to hold up what the session itself needs.
    pub(crate) async fn run_for_request<T: Send + 'static>(
        &self,
        work: impl FnOnce(usize) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, give_up, receiver) = Job::new(work);
        self.shared.enqueue(job, give_up, true)?;
        receiver.await.unwrap_or_else(|_| Err(lost()))
    }

    /// The same for many, of whom none has to stay: `tell` is told what comes of it, within the limit.
    pub(crate) fn spawn_for_requests<T: Send + 'static>(
        &self,
        work: impl FnOnce(usize) -> Result<T> + Send + 'static,
        tell: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<()> {
        let (job, give_up) = Job::of_all(work, tell);
        self.shared.enqueue(job, give_up, true)
    }

    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(usize) -> Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T>>> {
        let (job, give_up, receiver) = Job::new(work);
        self.shared.enqueue(job, give_up, false)?;
        Ok(receiver)
    }
}

impl Shared {
    fn enqueue(self: &Arc<Self>, job: Job, give_up: GiveUp, is_of_request: bool) -> Result<()> {
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
        state.queue.push_back(Waiting {
            number,
            job,
            is_of_request,
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
        let (left, gone): (VecDeque<_>, VecDeque<_>) = all.partition(|it| it.job.is_waited_for());
        state.queue = left;
        let watched: Vec<_> = gone
            .iter()
            .filter_map(|it| state.watched.remove(&it.number))
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
            if let Some(Waiting {
                number,
                job,
                is_of_request,
            }) = state.next()
            {
                state.of_requests += usize::from(is_of_request);
                drop(state);
                if job.is_waited_for() {
                    job.run(worker);
                } else {
                    drop(job);
                }
                state = lock(&self.state);
                state.of_requests -= usize::from(is_of_request);
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
                let place = state.queue.binary_search_by_key(&number, |it| it.number);
                let waiting = place.ok().and_then(|place| state.queue.remove(place));
                drop(state);
                // What has not begun by now never will.
                drop(waiting);
                (watched.give_up)(timed_out(self.limit));
                state = lock(&self.state);
            } else {
                (state, _) = wait(&self.watch, state, left);
            }
        }
        state.has_watchman = false;
    }
}

impl State {
    /// What has waited longest, of that which may be done now.
    fn next(&mut self) -> Option<Waiting> {
        let is_room = self.of_requests < MOST_OF_REQUESTS;
        let may_be_done = |it: &Waiting| is_room || !it.is_of_request;
        let place = self.queue.iter().position(may_be_done)?;
        self.queue.remove(place)
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

fn lost() -> Error {
    Error::new(
        ErrorKind::Protocol,
        "the Kerberos mechanism panicked; this is a defect",
    )
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
mod tests;
