//! When a session authenticates, renews and closes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::watch;

use crate::{
    Challenge, Error, ErrorKind, Result, Session,
    backoff::Backoff,
    carrier::Carriers,
    driver::{self, Driver},
    flight::{Flight, Soon},
    follow_up::{FollowUp, Turn},
    held::Held,
    job::{Authentication, Job},
    life::{Closing, End, Life, Wanted, closed, closed_meanwhile, refused_again},
    settings::Settings,
    shelf::Ledger,
    sync::{Loaded, Mutex, MutexGuard, Slot},
    telemetry,
    validity::Phase,
    warmer::Warmer,
};

/// One session and all that its handles share.
///
/// Decisions are made here, under one lock and without waiting; the backend is called by the
/// [`Driver`], one call at a time. So `init`, renewal and `close` of a session never overlap, and of foreign
/// code only the clock runs while the lock is held.
///
/// A request that finds a valid credential takes no part in any of this: it loads the credential and looks at
/// a coarse clock.
pub(crate) struct Engine {
    pub(crate) id: u64,
    pub(crate) session: Arc<dyn Session>,
    pub(crate) settings: Arc<Settings>,
    /// Read without the lock, written only with it.
    held: Slot<Held>,
    life: Mutex<Life>,
    pub(crate) carriers: Carriers,
    pub(crate) ledger: Ledger,
    pub(crate) turn: Turn,
    changes: watch::Sender<()>,
}

impl Engine {
    pub(crate) fn new(session: Arc<dyn Session>, settings: Settings) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            session,
            settings: Arc::new(settings),
            held: Slot::empty(),
            life: Mutex::default(),
            carriers: Carriers::default(),
            ledger: Ledger::default(),
            turn: Turn::default(),
            changes: watch::Sender::new(()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.settings.name(&*self.session)
    }

    /// The credential in use, if it is good and nothing needs to be done about it: all that most requests
    /// ever ask. No lock, no allocation, no write to memory that threads share.
    #[inline]
    pub(crate) fn quiet(&self) -> Option<Loaded<Held>> {
        let held = self.held.load();
        let is_quiet =
            matches!(&*held, Some(held) if held.validity.is_quiet(self.settings.clock.coarse()));
        is_quiet.then_some(held)
    }

    /// The credential in use, expired or not.
    pub(crate) fn held(&self) -> Option<Arc<Held>> {
        self.held.load_full()
    }

    /// Opens the session and keeps it open. What failed last is tried again.
    pub(crate) fn init(self: &Arc<Self>) -> Soon<Result<Arc<Held>>> {
        let mut life = self.life();
        if let Some(held) = self.valid() {
            life.kept = true;
            if life.backoff.is_some() {
                // What failed last is tried again, and nobody waits for it.
                drop(self.want(life, |wanted| wanted.keep = true));
            }
            return Soon::Now(Ok(held));
        }
        self.want(life, |wanted| wanted.keep = true)
    }

    /// Counts a user and opens the session for it.
    pub(crate) fn enter(self: &Arc<Self>) -> Soon<Result<Arc<Held>>> {
        let mut life = self.life();
        life.users += 1;
        match self.held() {
            None => self.replace(life, |_| {}),
            Some(held) => self.look_at(life, held),
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
        self.end(life, End::Left)
    }

    /// Closes the session, whoever uses it.
    pub(crate) fn close(self: &Arc<Self>) -> Soon<Result<()>> {
        let mut life = self.life();
        life.kept = false;
        let forgotten = life.backoff.take();
        let end = self.end(life, End::Closed);
        // An error's source is foreign code, which is not dropped with the lock held.
        drop(forgotten);
        end
    }

    /// The credential for a request: the one in use, or the one that replaces it.
    pub(crate) fn credential(self: &Arc<Self>) -> Soon<Result<Arc<Held>>> {
        if let Some(held) = self.quiet().as_deref().and_then(Option::as_ref) {
            return Soon::Now(Ok(Arc::clone(held)));
        }
        let life = self.life();
        match self.held() {
            None => Soon::Now(Err(closed())),
            Some(held) => self.look_at(life, held),
        }
    }

    /// Replaces the credential of this generation, because a server refused it, unless that has happened already.
    pub(crate) fn refused(
        self: &Arc<Self>,
        generation: u64,
        challenges: &[Challenge],
    ) -> Soon<Result<Arc<Held>>> {
        // A refusal that meets a renewal under way counts too.
        let note = |wanted: &mut Wanted| wanted.note_refusal(challenges);
        let again = || refused_again(challenges);
        self.dismiss(generation, note, again, telemetry::refused)
    }

    /// The same, because the backend has found that it has ended before its time, with this error.
    pub(crate) fn ended(
        self: &Arc<Self>,
        generation: u64,
        error: Error,
    ) -> Soon<Result<Arc<Held>>> {
        let note = |wanted: &mut Wanted| wanted.has_ended = true;
        self.dismiss(generation, note, || error, telemetry::ended)
    }

    fn dismiss(
        self: &Arc<Self>,
        generation: u64,
        note: impl FnOnce(&mut Wanted),
        again: impl FnOnce() -> Error,
        tell: impl FnOnce(&dyn Session, &Settings, u64),
    ) -> Soon<Result<Arc<Held>>> {
        let life = self.life();
        let now = self.settings.clock.monotonic();
        match self.held() {
            None => Soon::Now(Err(closed())),
            Some(held) if held.generation != generation => Soon::Now(Ok(held)),
            Some(held) if held.is_useless_again(now) => Soon::Now(Err(again())),
            Some(_) => {
                let replacement = self.replace(life, note);
                tell(&*self.session, &self.settings, generation);
                replacement
            }
        }
    }

    /// A subscription to changes of the state.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Does about the credential in use what is to be done.
    fn look_at(
        self: &Arc<Self>,
        life: MutexGuard<'_, Life>,
        held: Arc<Held>,
    ) -> Soon<Result<Arc<Held>>> {
        let (clock, validity) = (&*self.settings.clock, &held.validity);
        match self.phase(&held) {
            Phase::Fresh => validity.quiet(validity.due(), clock),
            Phase::Expired => return self.replace(life, |_| {}),
            // The first caller in the window starts the renewal, and all go on with what there is.
            Phase::Due => match &life.backoff {
                Some(backoff) if backoff.until() > clock.monotonic() => {
                    validity.quiet(backoff.until(), clock);
                }
                _ => {
                    validity.quiet(validity.expires(), clock);
                    drop(self.want(life, |_| {}));
                }
            },
        }
        Soon::Now(Ok(held))
    }

    /// Replaces a credential that is no longer good, unless that was tried just now.
    fn replace(
        self: &Arc<Self>,
        life: MutexGuard<'_, Life>,
        change: impl FnOnce(&mut Wanted),
    ) -> Soon<Result<Arc<Held>>> {
        let now = self.settings.clock.monotonic();
        if life.wanted.is_none()
            && let Some(error) = life.backoff.as_ref().and_then(|backoff| backoff.error(now))
        {
            return Soon::Now(Err(error));
        }
        self.want(life, change)
    }

    pub(crate) fn phase(&self, held: &Held) -> Phase {
        held.validity.phase(self.settings.clock.monotonic())
    }

    fn valid(&self) -> Option<Arc<Held>> {
        let held = self.held();
        held.filter(|held| self.phase(held) != Phase::Expired)
    }

    /// Joins the authentication under way, or starts one.
    fn want(
        self: &Arc<Self>,
        mut life: MutexGuard<'_, Life>,
        change: impl FnOnce(&mut Wanted),
    ) -> Soon<Result<Arc<Held>>> {
        let wanted = life.wanted.get_or_insert_with(|| Wanted {
            flight: Flight::new(),
            keep: false,
            refused: None,
            has_ended: false,
        });
        change(wanted);
        let join = wanted.flight.join();
        self.drive(life);
        Soon::Later(join)
    }

    /// Takes the session down: whoever waits for it to open is told, and what it holds, or is about
    /// to get, is ended at the server.
    fn end(self: &Arc<Self>, mut life: MutexGuard<'_, Life>, how: End) -> Soon<Result<()>> {
        let wanted = life.wanted.take();
        let held = self.held.swap(None);
        let was_open = held.is_some();
        let answer = if held.is_some() || life.authenticating {
            let closing = life.closing.get_or_insert_with(|| Closing {
                flight: Flight::new(),
                credentials: Vec::new(),
                how,
            });
            closing.credentials.extend(held);
            closing.how = closing.how.max(how);
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
        if was_open {
            self.carriers.disconnect();
        }
        self.changes.send_replace(());
        answer
    }

    /// Takes down a session that was only still open for an `init` that has failed.
    fn end_if_nobodys(self: &Arc<Self>, life: MutexGuard<'_, Life>) {
        if life.users == 0 && !life.kept {
            drop(self.end(life, End::Left));
        }
    }

    /// Sends a driver if there is work and none is at it.
    fn drive(self: &Arc<Self>, mut life: MutexGuard<'_, Life>) {
        let work = life.wanted.is_some() || life.closing.is_some();
        if !work || life.driven {
            return;
        }
        life.driven = true;
        drop(life);
        // An executor that drops the driver has it tell whoever waits.
        self.spawn(Driver::new(Arc::clone(self)).run());
    }

    /// The driver's next job; `None` dismisses it.
    pub(crate) fn next_job(&self) -> Option<Job> {
        let mut life = self.life();
        if let Some(closing) = &mut life.closing {
            let credentials = std::mem::take(&mut closing.credentials);
            return Some(Job::Close(credentials, closing.how));
        }
        let generation = life.generation + 1;
        if let Some(wanted) = &mut life.wanted {
            let authentication = Authentication {
                flight: Arc::clone(&wanted.flight),
                stale: self.held(),
                refused: wanted.refused.clone(),
                generation,
            };
            life.authenticating = true;
            return Some(Job::Authenticate(authentication));
        }
        life.driven = false;
        None
    }

    /// The driver's report of an authentication.
    pub(crate) fn authenticated(self: &Arc<Self>, job: &Authentication, outcome: Result<Held>) {
        let (clock, jitter) = (&*self.settings.clock, self.settings.random());
        let mut life = self.life();
        life.authenticating = false;
        let wanted = life.wanted.take_if(|wanted| wanted.is_for(job));
        let was_useless = wanted.as_ref().is_some_and(Wanted::is_of_useless);
        let outcome = outcome.map(|mut held| {
            // From now on it can be refused.
            held.replaces_useless = was_useless.then(|| clock.monotonic());
            Arc::new(held)
        });
        let (mut replaced, mut forgotten, mut is_to_be_warmed) = (None, None, false);
        let mut opened = None;
        match (wanted, &outcome) {
            (Some(wanted), Ok(held)) => {
                life.kept |= wanted.keep;
                life.generation = held.generation;
                forgotten = life.backoff.take();
                held.validity.quiet(held.validity.due(), clock);
                replaced = self.held.swap(Some(Arc::clone(held)));
                if replaced.is_none() {
                    life.openings += 1;
                    opened = Some((life.openings, Arc::clone(held)));
                }
                is_to_be_warmed =
                    self.settings.keep_warm && !std::mem::replace(&mut life.warmed, true);
                drop(life);
            }
            (Some(_), Err(error)) => {
                forgotten = self.back_off(&mut life, error, jitter);
                self.end_if_nobodys(life);
            }
            // Closed in the meantime: what came is ended by the close that waits for it.
            (None, Ok(held)) => {
                if let Some(closing) = &mut life.closing {
                    closing.credentials.push(Arc::clone(held));
                }
                drop(life);
            }
            // A failure is that of all who have asked since, but not of an `init`: else a server that fails more slowly
            // than its users leave would never be left alone.
            (None, Err(error)) => {
                forgotten = self.back_off(&mut life, error, jitter);
                let since = life.wanted.take_if(|wanted| !wanted.keep);
                drop(life);
                if let Some(since) = since {
                    since.flight.land(outcome.clone());
                }
            }
        }
        // Outside the lock: dropping a credential's state or an error's source, and waking, run foreign code.
        drop((replaced, forgotten));
        job.flight.land(outcome);
        self.changes.send_replace(());
        if is_to_be_warmed {
            self.spawn(Warmer::new(self).run());
        }
        if let Some((opening, held)) = opened
            && let Some(follow_up) = FollowUp::of(self, &held, opening)
        {
            self.spawn(follow_up.run());
        }
    }

    /// Notes a failure, and lets requests go on with a credential that is still good. Gives back what it noted before,
    /// to be dropped without the lock.
    fn back_off(&self, life: &mut Life, error: &Error, jitter: f64) -> Option<Backoff> {
        let clock = &*self.settings.clock;
        let now = clock.monotonic();
        let backoff = Backoff::after(life.backoff.as_ref(), error.clone(), now, jitter);
        if let Some(held) = self.held() {
            held.validity.quiet(backoff.until(), clock);
        }
        life.backoff.replace(backoff)
    }

    /// Whether somebody who waits for this authentication wants it by all means.
    pub(crate) fn is_asked(&self, job: &Authentication) -> bool {
        self.life().wanted_by(job).is_some_and(|wanted| wanted.keep)
    }

    /// Whether nobody has a credential to go on with: there is none, or it was refused or has ended.
    pub(crate) fn is_without(&self, job: &Authentication) -> bool {
        let life = self.life();
        let wanted = life.wanted_by(job);
        wanted.is_some_and(|wanted| wanted.is_of_useless() || self.valid().is_none())
    }

    /// Looks at the credential whatever the cheap clock says, which may be late.
    pub(crate) fn warm(self: &Arc<Self>) {
        let life = self.life();
        if let Some(held) = self.held() {
            drop(self.look_at(life, held));
        }
    }

    /// Runs a task on the executor. One that panics drops it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let executor = &self.settings.executor;
        let _ = catch_unwind(AssertUnwindSafe(|| executor.spawn(Box::pin(task))));
    }

    /// The driver's report of a close.
    pub(crate) fn closed(&self, outcome: Result<()>) {
        let closing = self.life().closing.take();
        if let Some(closing) = closing {
            closing.flight.land(outcome);
        }
    }

    /// The executor dropped the driver: nobody is left waiting for it.
    pub(crate) fn abandoned(self: &Arc<Self>) {
        let error = Error::new(
            ErrorKind::Unavailable,
            format!(
                "session `{}`: the executor dropped the authentication; is its runtime shut down?",
                self.name()
            ),
        );
        let jitter = self.settings.random();
        let (wanted, closing, forgotten) = {
            let mut life = self.life();
            life.driven = false;
            life.authenticating = false;
            let (wanted, closing) = (life.wanted.take(), life.closing.take());
            let mut forgotten = None;
            if wanted.is_some() {
                forgotten = self.back_off(&mut life, &error, jitter);
                self.end_if_nobodys(life);
            }
            (wanted, closing, forgotten)
        };
        drop(forgotten);
        if let Some(wanted) = wanted {
            wanted.flight.land(Err(error.clone()));
        }
        if let Some(closing) = closing {
            closing.flight.land(Err(error));
        }
        self.changes.send_replace(());
    }

    pub(crate) fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Engine {
    /// The last handle is gone: what is held is ended at the server, without waiting for it, unless a store
    /// has it for others.
    fn drop(&mut self) {
        let Some(held) = self.held.swap(None) else {
            return;
        };
        self.carriers.disconnect();
        if held.is_stored.load(Ordering::Relaxed) {
            return;
        }
        let (session, settings) = (Arc::clone(&self.session), Arc::clone(&self.settings));
        let turn = Arc::clone(&self.turn);
        self.spawn(async move {
            let _turn = turn.lock().await;
            // A failure is told of where it happens.
            let _ = driver::end(&session, &settings, &held).await;
        });
    }
}
