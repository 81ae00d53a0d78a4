//! A backend that does anything.

use std::{
    future::pending,
    panic::panic_any,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use fastrand::Rng;
use session_core::{
    BasicEnvironment, Cause, Clock, Credential, Environment, Error, ErrorKind, Identity, Result,
    Session,
};
use session_mock::MockClock;

use crate::pool::stand_back;

/// What is thrown by a panic that belongs to the play.
pub(crate) struct Scripted;

/// Answers late, with errors, with panics or never, and sometimes well; notes what it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Fickle {
    environment: BasicEnvironment,
    clock: MockClock,
    /// How long the engine is to wait for an answer at the least.
    patience: Duration,
    rng: Arc<Mutex<Rng>>,
    /// From now on it works.
    calm: Arc<AtomicBool>,
    /// Its credentials can be stored.
    is_storable: bool,
    notes: Arc<Notes>,
}

/// What happened, as far as a backend can know; and what the users say they do.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    calls: Mutex<Calls>,
    /// What must never happen and did: a panic of the backend would be the engine's to catch.
    wrong: Mutex<Vec<String>>,
    /// How often somebody called `init`, and `close`.
    pub(crate) inits: AtomicU64,
    pub(crate) closes: AtomicU64,
}

#[derive(Debug, Default)]
struct Calls {
    under_way: usize,
    /// Of `init` and `renew`.
    authentications: Vec<Authentication>,
    refused: usize,
    /// Numbers of credentials that were ended, well or not.
    ended: Vec<usize>,
    /// All that are still in anybody's hands.
    states: Vec<std::sync::Weak<usize>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    pub(crate) is_init: bool,
    pub(crate) began: Duration,
    pub(crate) ended: Option<Duration>,
    /// `Ok` is a credential; `None` a panic, or the end of the engine's patience.
    pub(crate) outcome: Option<Result<(), Error>>,
    /// Of the notes' counters, when it began and when it ended.
    pub(crate) inits: [u64; 2],
    pub(crate) closes: [u64; 2],
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Work,
    Fail(ErrorKind, Option<Duration>),
    Panic,
    Hang,
}

impl Fickle {
    pub(crate) fn new(rng: Rng, clock: &MockClock, patience: Duration, is_storable: bool) -> Self {
        let environment = BasicEnvironment::new("chaos").service("api", "https://api.mock.test/");
        Self {
            environment: environment.unwrap(),
            clock: clock.clone(),
            patience,
            rng: Arc::new(Mutex::new(rng)),
            calm: Arc::default(),
            is_storable,
            notes: Arc::default(),
        }
    }

    pub(crate) fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    pub(crate) fn notes(&self) -> &Arc<Notes> {
        &self.notes
    }

    async fn authenticate(&self, is_init: bool) -> Result<Credential> {
        let call = self.begin(Some(is_init));
        match self.act().await {
            Ok(()) => Ok(call.succeed(self.lifetime())),
            Err(error) => Err(call.fail(error)),
        }
    }

    /// Does what comes next.
    async fn act(&self) -> Result<()> {
        let (act, stands_back, sleeps) = {
            let mut rng = self.rng();
            let seconds = rng.u64(1..20);
            let retry_after = rng.bool().then_some(Duration::from_secs(seconds));
            let act = match rng.usize(..100) {
                _ if self.is_calm() => Act::Work,
                0..50 => Act::Work,
                50..65 => Act::Fail(ErrorKind::Unavailable, retry_after),
                65..70 => Act::Fail(ErrorKind::Protocol, None),
                70..80 => Act::Fail(ErrorKind::Denied, None),
                80..90 => Act::Panic,
                _ => Act::Hang,
            };
            let sleeps = (rng.usize(..4) == 0).then(|| Duration::from_millis(rng.u64(1..3000)));
            (act, rng.usize(..4), sleeps)
        };
        stand_back(stands_back).await;
        if let Some(time) = sleeps.filter(|_| !self.is_calm()) {
            self.clock.sleep(time).await;
        }
        match act {
            Act::Work => Ok(()),
            Act::Fail(kind, retry_after) => {
                let number = self.notes.calls().authentications.len();
                let error = Error::new(kind, format!("failure #{number}"));
                Err(match retry_after {
                    Some(after) => error.with_retry_after(after),
                    None => error,
                })
            }
            Act::Panic => panic_any(Scripted),
            Act::Hang => pending().await,
        }
    }

    fn lifetime(&self) -> Option<Duration> {
        let mut rng = self.rng();
        match rng.usize(..20) {
            _ if self.is_calm() => Some(Duration::from_secs(3600)),
            0 => None,
            _ => Some(Duration::from_millis(rng.u64(200..6000))),
        }
    }

    fn begin(&self, is_init: Option<bool>) -> Call<'_> {
        let mut calls = self.notes.calls();
        calls.under_way += 1;
        if calls.under_way > 1 {
            self.notes
                .note_wrong("calls of the backend overlap".to_owned());
        }
        let now = self.clock.monotonic();
        // One that starts over does so in the time of the one that was refused.
        let last = calls.authentications.last();
        let refused = last.filter(|last| is_init == Some(true) && last.is_refused_at(now));
        let began = refused.map_or(now, |refused| refused.began);
        let index = is_init.map(|is_init| {
            calls.authentications.push(Authentication {
                is_init,
                began: now,
                ended: None,
                outcome: None,
                inits: [self.notes.inits.load(Ordering::SeqCst); 2],
                closes: [self.notes.closes.load(Ordering::SeqCst); 2],
            });
            calls.authentications.len() - 1
        });
        Call {
            backend: self,
            began,
            index,
            outcome: None,
        }
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    fn rng(&self) -> MutexGuard<'_, Rng> {
        self.rng.lock().unwrap()
    }
}

impl Authentication {
    fn is_refused_at(&self, now: Duration) -> bool {
        let is_refused =
            matches!(&self.outcome, Some(Err(error)) if error.kind() == ErrorKind::Denied);
        is_refused && !self.is_init && self.ended == Some(now)
    }
}

/// One call of the backend: whoever drops it before it has ended must have had the patience that was promised.
struct Call<'a> {
    backend: &'a Fickle,
    began: Duration,
    index: Option<usize>,
    outcome: Option<Result<(), Error>>,
}

impl Call<'_> {
    fn fail(mut self, error: Error) -> Error {
        self.outcome = Some(Err(error.clone()));
        error
    }

    /// A credential with this one's number, from 1.
    fn succeed(mut self, lifetime: Option<Duration>) -> Credential {
        let number = self.index.map_or(0, |index| index + 1);
        self.outcome = Some(Ok(()));
        let credential = if self.backend.is_storable {
            Credential::bearer(number.to_string())
        } else {
            let state = Arc::new(number);
            let mut calls = self.backend.notes.calls();
            calls.states.push(Arc::downgrade(&state));
            Credential::per_request(state)
        };
        match lifetime {
            None => credential,
            Some(lifetime) => credential.expires_in(lifetime),
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let now = self.backend.clock.monotonic();
        let notes = &self.backend.notes;
        let mut calls = notes.calls();
        calls.under_way -= 1;
        if let Some(index) = self.index {
            let authentication = &mut calls.authentications[index];
            authentication.ended = Some(now);
            authentication.outcome = self.outcome.take();
            authentication.inits[1] = notes.inits.load(Ordering::SeqCst);
            authentication.closes[1] = notes.closes.load(Ordering::SeqCst);
            let is_cut_off = authentication.outcome.is_none() && !std::thread::panicking();
            let patience = now.saturating_sub(self.began);
            drop(calls);
            if is_cut_off && patience < self.backend.patience {
                notes.note_wrong(format!("abandoned after {patience:?}"));
            }
        }
    }
}

impl Notes {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap()
    }

    fn note_wrong(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }

    /// What a backend can see: one call at a time, none abandoned, no pause cut short without being asked.
    pub(crate) fn check(&self) {
        let wrong = self.wrong.lock().unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    pub(crate) fn authentications(&self) -> Vec<Authentication> {
        self.calls().authentications.clone()
    }

    pub(crate) fn is_authenticating(&self) -> bool {
        let calls = self.calls();
        let last = calls.authentications.last();
        last.is_some_and(|last| last.ended.is_none())
    }

    /// How often it was asked to replace a credential because a server refused it.
    pub(crate) fn refused(&self) -> usize {
        self.calls().refused
    }

    pub(crate) fn is_ended(&self, number: usize) -> bool {
        self.calls().ended.contains(&number)
    }

    /// How many credentials are in anybody's hands, of those that cannot be stored.
    pub(crate) fn held(&self) -> usize {
        let calls = self.calls();
        let states = calls.states.iter();
        states.filter(|state| state.strong_count() > 0).count()
    }

    /// A server that asked to be left alone, or that said no, was: unless somebody called `init`, or closed the session.
    pub(crate) fn check_pauses(&self, is_with_store: bool) {
        let authentications = self.authentications();
        // With a store the engine may have begun long before the backend knew, at the earliest when it was through with the
        // last one.
        let mut through = [0, 0];
        for pair in authentications.windows(2) {
            let [failed, next] = pair else { unreachable!() };
            let since = if is_with_store {
                std::mem::replace(&mut through, [failed.inits[1], failed.closes[1]])
            } else {
                [failed.inits[0], failed.closes[0]]
            };
            let Some(Err(error)) = &failed.outcome else {
                continue;
            };
            let is_temporary = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Protocol);
            let least = if is_temporary {
                error.retry_after().unwrap_or_default()
            } else {
                Duration::from_secs(30)
            };
            let was_asked = next.inits[0] > since[0] || next.closes[0] > since[1];
            // What cannot be renewed is started over at once, where somebody asked for it, or a store had it.
            let starts_over = next.is_init && !failed.is_init && !is_temporary;
            let ended = failed.ended.unwrap();
            assert!(
                was_asked || starts_over || next.began >= ended + least,
                "{next:?} came too early after {failed:?}"
            );
        }
    }

    /// Whatever came of an authentication that was closed meanwhile is ended at the server.
    pub(crate) fn check_ended(&self) {
        for (index, one) in self.authentications().iter().enumerate() {
            if one.closes[0] < one.closes[1] && matches!(one.outcome, Some(Ok(()))) {
                assert!(self.is_ended(index + 1), "left open at the server: {one:?}");
            }
        }
    }
}

#[async_trait]
impl Session for Fickle {
    fn scheme(&self) -> &'static str {
        "chaos"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    fn identity(&self) -> Option<Identity> {
        self.is_storable.then(|| Identity::new(["chaos"]))
    }

    async fn init(&self) -> Result<Credential> {
        self.authenticate(true).await
    }

    async fn renew(&self, _: &Credential, why: Cause<'_>) -> Result<Credential> {
        if matches!(why, Cause::Refused(_)) {
            self.notes.calls().refused += 1;
        }
        self.authenticate(false).await
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        let _call = self.begin(None);
        let number = match credential.header(&http::header::AUTHORIZATION) {
            Some(token) => token
                .expose_str()
                .and_then(|token| token.strip_prefix("Bearer ")?.parse().ok()),
            None => credential.state::<Arc<usize>>().map(|number| **number),
        };
        self.notes.calls().ended.extend(number);
        self.act().await
    }
}
