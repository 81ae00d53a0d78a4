//! When a session authenticates, renews and closes.

use std::{
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use arc_swap::ArcSwapOption;

use crate::{
    Carrier, Challenge, Clock, Error, ErrorKind, Executor, Result, Session, State,
    driver::{self, Driver},
    flight::{Flight, Join},
    held::Held,
};

/// One session and all that its handles share.
///
/// Decisions are made here, under one lock and without waiting; the backend is called by the
/// [`Driver`], one call at a time. So `init`, renewal and `close` of a session never overlap, and no foreign
/// code runs while the lock is held.
pub(crate) struct Engine {
    pub(crate) session: Arc<dyn Session>,
    pub(crate) name: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) executor: Arc<dyn Executor>,
    /// For each call of the backend.
    pub(crate) time_limit: Duration,
    /// Read without the lock, written only with it.
    held: ArcSwapOption<Held>,
    life: Mutex<Life>,
    carriers: Mutex<Vec<Weak<dyn Carrier>>>,
}

/// What the lock guards.
#[derive(Debug, Default)]
struct Life {
    /// The authentication that callers wait for: under way, or next.
    wanted: Option<Wanted>,
    /// The end that callers wait for: under way, or next.
    closing: Option<Closing>,
    /// A driver is at work or on its way.
    driven: bool,
    /// The driver is inside `init` or `renew`.
    authenticating: bool,
    /// Blocks that have entered and not left.
    users: usize,
    /// Opened by `init` or `install`: blocks that leave do not close it.
    kept: bool,
    generation: u64,
}

/// An authentication that somebody waits for.
#[derive(Debug)]
struct Wanted {
    flight: Arc<Flight<Result<Arc<Held>>>>,
    /// Asked for by `init`: the session stays open without users.
    keep: bool,
    refused: Option<Vec<Challenge>>,
}

/// Credentials to be ended at the server, and who waits for that.
#[derive(Debug)]
struct Closing {
    flight: Arc<Flight<Result<()>>>,
    credentials: Vec<Arc<Held>>,
}

/// What the driver is to do next.
pub(crate) enum Job {
    Authenticate(Authentication),
    Close(Vec<Arc<Held>>),
}

/// An authentication for the driver.
pub(crate) struct Authentication {
    /// Says whose it is when it ends.
    flight: Arc<Flight<Result<Arc<Held>>>>,
    /// The credential to replace; `None` for the first.
    pub(crate) stale: Option<Arc<Held>>,
    pub(crate) refused: Option<Vec<Challenge>>,
    pub(crate) generation: u64,
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

impl Engine {
    pub(crate) fn new(
        session: Arc<dyn Session>,
        name: Option<String>,
        clock: Arc<dyn Clock>,
        executor: Arc<dyn Executor>,
        time_limit: Duration,
    ) -> Self {
        Self {
            session,
            name,
            clock,
            executor,
            time_limit,
            held: ArcSwapOption::empty(),
            life: Mutex::default(),
            carriers: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name
            .as_deref()
            .unwrap_or_else(|| self.session.scheme())
    }

    /// The credential in use, expired or not.
    pub(crate) fn held(&self) -> Option<Arc<Held>> {
        self.held.load_full()
    }

    pub(crate) fn state(&self) -> State {
        let life = self.life();
        match &*self.held.load() {
            Some(held) if held.is_expired(&*self.clock) => State::Expired,
            Some(_) => State::Open,
            None if life.wanted.is_some() => State::Opening,
            None => State::Closed,
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.life().generation
    }

    /// Opens the session and keeps it open.
    pub(crate) fn init(self: &Arc<Self>) -> Soon<Result<Arc<Held>>> {
        let mut life = self.life();
        if let Some(held) = self.valid() {
            life.kept = true;
            return Soon::Now(Ok(held));
        }
        self.want(life, None, |wanted| wanted.keep = true)
    }

    /// Counts a user and opens the session for it.
    pub(crate) fn enter(self: &Arc<Self>) -> Soon<Result<Arc<Held>>> {
        let mut life = self.life();
        life.users += 1;
        match self.valid() {
            Some(held) => Soon::Now(Ok(held)),
            None => self.want(life, None, |_| {}),
        }
    }

    /// Counts a user out. The last one closes the session, unless it is to be kept.
    pub(crate) fn leave(self: &Arc<Self>) -> Soon<Result<()>> {
        let mut life = self.life();
        life.users -= 1;
        let wanted_open = life.kept || life.wanted.as_ref().is_some_and(|wanted| wanted.keep);
        if life.users > 0 || wanted_open {
            return Soon::Now(Ok(()));
        }
        self.end(life)
    }

    /// Closes the session, whoever uses it.
    pub(crate) fn close(self: &Arc<Self>) -> Soon<Result<()>> {
        let mut life = self.life();
        life.kept = false;
        self.end(life)
    }

    /// The credential for a request: the one in use, or the one that replaces it.
    pub(crate) fn credential(self: &Arc<Self>) -> Soon<Result<Arc<Held>>> {
        match self.held() {
            Some(held) if !held.is_expired(&*self.clock) => Soon::Now(Ok(held)),
            _ => self.renew(None, |held| held.is_expired(&*self.clock)),
        }
    }

    /// Replaces the credential of this generation, because a server refused it; the one in use, if
    /// that has happened already.
    pub(crate) fn refused(
        self: &Arc<Self>,
        generation: u64,
        challenges: &[Challenge],
    ) -> Soon<Result<Arc<Held>>> {
        self.renew(Some(challenges), |held| held.generation == generation)
    }

    pub(crate) fn attach(&self, carrier: Weak<dyn Carrier>) {
        let mut carriers = self.carriers.lock().unwrap_or_else(PoisonError::into_inner);
        carriers.retain(|known| known.strong_count() > 0);
        carriers.push(carrier);
    }

    /// Renews the credential in use if, with the lock held, it is still a bad one.
    fn renew(
        self: &Arc<Self>,
        refused: Option<&[Challenge]>,
        is_bad: impl FnOnce(&Held) -> bool,
    ) -> Soon<Result<Arc<Held>>> {
        let life = self.life();
        match self.held() {
            None => Soon::Now(Err(closed())),
            Some(held) if is_bad(&held) => self.want(life, refused, |_| {}),
            Some(held) => Soon::Now(Ok(held)),
        }
    }

    fn valid(&self) -> Option<Arc<Held>> {
        self.held().filter(|held| !held.is_expired(&*self.clock))
    }

    /// Joins the authentication under way, or starts one.
    fn want(
        self: &Arc<Self>,
        mut life: MutexGuard<'_, Life>,
        refused: Option<&[Challenge]>,
        change: impl FnOnce(&mut Wanted),
    ) -> Soon<Result<Arc<Held>>> {
        let wanted = life.wanted.get_or_insert_with(|| Wanted {
            flight: Flight::new(),
            keep: false,
            refused: refused.map(<[_]>::to_vec),
        });
        change(wanted);
        let join = wanted.flight.join();
        self.drive(life);
        Soon::Later(join)
    }

    /// Takes the session down: whoever waits for it to open is told, and what it holds, or is about
    /// to get, is ended at the server.
    fn end(self: &Arc<Self>, mut life: MutexGuard<'_, Life>) -> Soon<Result<()>> {
        let wanted = life.wanted.take();
        let held = self.held.swap(None);
        let answer = if held.is_some() || life.authenticating {
            let closing = life.closing.get_or_insert_with(|| Closing {
                flight: Flight::new(),
                credentials: Vec::new(),
            });
            closing.credentials.extend(held);
            Soon::Later(closing.flight.join())
        } else if let Some(closing) = &life.closing {
            Soon::Later(closing.flight.join())
        } else {
            Soon::Now(Ok(()))
        };
        self.drive(life);
        if let Some(wanted) = wanted {
            wanted.flight.land(Err(closed_meanwhile()));
        }
        self.disconnect();
        answer
    }

    fn disconnect(&self) {
        let carriers: Vec<_> = {
            let carriers = self.carriers.lock().unwrap_or_else(PoisonError::into_inner);
            carriers.iter().filter_map(Weak::upgrade).collect()
        };
        carriers.iter().for_each(|carrier| carrier.disconnect());
    }

    /// Sends a driver if there is work and none is at it.
    fn drive(self: &Arc<Self>, mut life: MutexGuard<'_, Life>) {
        let work = life.wanted.is_some() || life.closing.is_some();
        if !work || life.driven {
            return;
        }
        life.driven = true;
        drop(life);
        let driver = Driver::new(Arc::clone(self));
        // An executor that panics drops the driver, which tells whoever waits.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.executor.spawn(Box::pin(driver.run()))
        }));
    }

    /// The driver's next job; `None` dismisses it.
    pub(crate) fn next_job(&self) -> Option<Job> {
        let mut life = self.life();
        if let Some(closing) = &mut life.closing {
            return Some(Job::Close(std::mem::take(&mut closing.credentials)));
        }
        let generation = life.generation + 1;
        if let Some(wanted) = &mut life.wanted {
            let authentication = Authentication {
                flight: Arc::clone(&wanted.flight),
                stale: self.held(),
                refused: wanted.refused.take(),
                generation,
            };
            life.authenticating = true;
            return Some(Job::Authenticate(authentication));
        }
        life.driven = false;
        None
    }

    /// The driver's report of an authentication.
    pub(crate) fn authenticated(&self, job: Authentication, outcome: Result<Held>) {
        let mut life = self.life();
        life.authenticating = false;
        let outcome = outcome.map(Arc::new);
        let is_wanted = |wanted: &mut Wanted| Arc::ptr_eq(&wanted.flight, &job.flight);
        let replaced = match (life.wanted.take_if(is_wanted), &outcome) {
            (Some(wanted), Ok(held)) => {
                life.kept |= wanted.keep;
                life.generation = held.generation;
                self.held.swap(Some(Arc::clone(held)))
            }
            (Some(_), Err(_)) => None,
            // Closed in the meantime: what came is ended by the close that waits for it.
            (None, outcome) => {
                if let (Some(closing), Ok(held)) = (&mut life.closing, outcome) {
                    closing.credentials.push(Arc::clone(held));
                }
                None
            }
        };
        drop(life);
        // Outside the lock: dropping a credential's state, and waking, run foreign code.
        drop(replaced);
        job.flight.land(outcome);
    }

    /// The driver's report of a close.
    pub(crate) fn closed(&self, outcome: Result<()>) {
        let closing = self.life().closing.take();
        if let Some(closing) = closing {
            closing.flight.land(outcome);
        }
    }

    /// The executor dropped the driver: nobody is left waiting for it.
    pub(crate) fn abandoned(&self) {
        let (wanted, closing) = {
            let mut life = self.life();
            life.driven = false;
            life.authenticating = false;
            (life.wanted.take(), life.closing.take())
        };
        let error = Error::new(
            ErrorKind::Unavailable,
            format!(
                "session `{}`: the executor dropped the authentication; is its runtime shut down?",
                self.name()
            ),
        );
        if let Some(wanted) = wanted {
            wanted.flight.land(Err(error.clone()));
        }
        if let Some(closing) = closing {
            closing.flight.land(Err(error));
        }
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Engine {
    /// The last handle is gone: what is held is ended at the server, without waiting for it.
    fn drop(&mut self) {
        let Some(held) = self.held.swap(None) else {
            return;
        };
        let ending = driver::end_orphan(
            Arc::clone(&self.session),
            held,
            Arc::clone(&self.executor),
            self.time_limit,
        );
        let _ = catch_unwind(AssertUnwindSafe(|| self.executor.spawn(Box::pin(ending))));
        self.disconnect();
    }
}

impl Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

fn closed() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the session is closed; open it with `init`, `enter` or `install`",
    )
}

fn closed_meanwhile() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the session was closed while it authenticated",
    )
}
