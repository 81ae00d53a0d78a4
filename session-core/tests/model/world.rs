//! The server's side: whom it let in, and what it should never see.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, BoxFuture, Cause, Credential, Environment, Error, ErrorKind, Result, Secret,
    Session,
};

use super::{
    checker::atomic::{AtomicUsize, Ordering},
    door::Door,
};

pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// How the server answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    Grants,
    IsAway,
    Denies,
    /// The backend's own bug.
    Panics,
}

/// What became of a credential.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Alive,
    Superseded,
    Ended,
}

/// Authentications by number.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SoFar {
    /// The last one that is over.
    pub(crate) answered: usize,
    /// The last one that was begun before somebody closed the session.
    pub(crate) closed: usize,
}

/// A backend, and the server behind it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    environment: BasicEnvironment,
    /// Whether there is something to do once the session has opened.
    follows_up: bool,
    /// What it knows changes in one step, which is no part of what is checked.
    state: Arc<Mutex<State>>,
    /// Where other threads act during a call.
    pause: Arc<AtomicUsize>,
    door: Door,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Outcome>,
    /// How often each call has to wait.
    waits: usize,
    is_busy: bool,
    /// At what is to be done once the session has opened.
    is_following_up: bool,
    /// How many were begun since the script began.
    authentications: usize,
    so_far: SoFar,
    failed: BTreeSet<usize>,
    credentials: BTreeMap<u64, Fate>,
    was_opened: bool,
    faults: Vec<String>,
}

impl World {
    /// After the script it grants.
    pub(crate) fn new(door: &Door, follows_up: bool) -> Self {
        let mock = BasicEnvironment::new("mock").service("api", "https://api.mock.test/");
        Self {
            environment: mock.unwrap(),
            follows_up,
            state: Arc::default(),
            pause: Arc::new(AtomicUsize::new(0)),
            door: door.clone(),
        }
    }

    /// From now on it answers like this, and each call waits so often.
    pub(crate) fn script(&self, script: &[Outcome], waits: usize) {
        self.change(|state| {
            state.script = script.iter().copied().collect();
            state.waits = waits;
            (state.authentications, state.so_far) = (0, SoFar::default());
            state.failed.clear();
        });
    }

    /// How often it was asked to authenticate since the script began.
    pub(crate) fn authentications(&self) -> usize {
        self.change(|state| state.authentications)
    }

    pub(crate) fn so_far(&self) -> SoFar {
        self.change(|state| state.so_far)
    }

    /// Notes that the session was closed, after so many authentications had begun.
    pub(crate) fn closed(&self, begun: usize) {
        self.change(|state| state.so_far.closed = state.so_far.closed.max(begun));
    }

    /// The number of the authentication that an error comes from, if it is one of the server's.
    pub(crate) fn failed_call(error: &Error) -> Option<usize> {
        error.to_string().split_once(':')?.0.parse().ok()
    }

    pub(crate) fn has_failed(&self, call: usize) -> bool {
        self.change(|state| state.failed.contains(&call))
    }

    /// The credentials that were neither ended nor superseded.
    pub(crate) fn alive(&self) -> Vec<u64> {
        self.change(|state| {
            let alive = state
                .credentials
                .iter()
                .filter(|(_, fate)| **fate == Fate::Alive);
            alive.map(|(number, _)| *number).collect()
        })
    }

    /// Notes that an `init` was told of its success.
    pub(crate) fn opened(&self) {
        self.change(|state| state.was_opened = true);
    }

    pub(crate) fn was_opened(&self) -> bool {
        self.change(|state| state.was_opened)
    }

    /// Notes what must not happen. The engine catches a backend's panics, so it is no panic.
    pub(crate) fn fault(&self, what: impl Into<String>) {
        self.change(|state| state.faults.push(what.into()));
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.change(|state| state.faults.clone())
    }

    /// The number of a credential.
    pub(crate) fn number(credential: &Credential) -> u64 {
        let number = credential.kept("number").and_then(Secret::expose_str);
        number.unwrap().parse().unwrap()
    }

    async fn authenticate(&self, stale: Option<u64>) -> Result<Credential> {
        let call = self.call();
        let (number, outcome) = self.change(|state| {
            state.authentications += 1;
            if let Some(stale) = stale
                && state.credentials[&stale] == Fate::Ended
            {
                state
                    .faults
                    .push(format!("{stale} is renewed after its end"));
            }
            let outcome = state.script.pop_front().unwrap_or(Outcome::Grants);
            (state.authentications, outcome)
        });
        self.wait().await;
        drop(call);
        let granted = self.change(|state| {
            state.so_far.answered = number;
            // What it replaces, or refuses to renew, it honours no longer.
            if let (Some(stale), Outcome::Grants | Outcome::Denies) = (stale, outcome) {
                state.credentials.insert(stale, Fate::Superseded);
            }
            if outcome != Outcome::Grants {
                state.failed.insert(number);
                return None;
            }
            let number = state.credentials.len() as u64;
            state.credentials.insert(number, Fate::Alive);
            Some(number)
        });
        let failure = |kind| Error::new(kind, format!("{number}: {outcome:?}"));
        match (granted, outcome) {
            (Some(number), _) => Ok(Credential::bearer(format!("t{number}"))
                .expires_in(LIFE)
                .keep("number", Secret::new(number.to_string()))),
            (None, Outcome::Panics) => std::panic::panic_any(SCRIPTED),
            (None, Outcome::Denies) => Err(failure(ErrorKind::Denied)),
            (None, _) => Err(failure(ErrorKind::Unavailable)),
        }
    }

    /// What follows the opening of the session with this credential: one at a time, and not after its end.
    async fn follow_up(self, number: u64) -> Result<()> {
        let work = FollowingUp::begin(&self);
        for _ in 0..=self.change(|state| state.waits) {
            self.pause.fetch_add(1, Ordering::SeqCst);
            self.change(|state| {
                if state.credentials[&number] == Fate::Ended {
                    state.faults.push(format!("{number} is used after its end"));
                }
            });
            self.door.wait().await;
        }
        drop(work);
        // What comes of it concerns nobody.
        Err(Error::new(ErrorKind::Denied, "0: what was to be done"))
    }

    /// Begins a call of the backend: there is none beside it.
    fn call(&self) -> Call<'_> {
        self.change(|state| {
            if std::mem::replace(&mut state.is_busy, true) {
                state
                    .faults
                    .push("two calls of the backend at once".to_owned());
            }
        });
        Call(self)
    }

    /// The time that the server takes.
    async fn wait(&self) {
        self.pause.fetch_add(1, Ordering::SeqCst);
        for _ in 0..self.change(|state| state.waits) {
            self.door.wait().await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A call of the backend, until it ends or is dropped.
struct Call<'a>(&'a World);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.is_busy = false);
    }
}

/// What is to be done once the session has opened, until it is done or dropped.
struct FollowingUp<'a>(&'a World);

impl<'a> FollowingUp<'a> {
    fn begin(world: &'a World) -> Self {
        world.change(|state| {
            if std::mem::replace(&mut state.is_following_up, true) {
                state.faults.push("two follow-ups at once".to_owned());
            }
        });
        Self(world)
    }
}

impl Drop for FollowingUp<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.is_following_up = false);
    }
}

const SCRIPTED: &str = "the backend's own bug";

/// Lets only those panics be printed that are not in a script.
pub(crate) fn hush() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref() != Some(&SCRIPTED) {
            print(panic);
        }
    }));
}

#[async_trait]
impl Session for World {
    fn scheme(&self) -> &'static str {
        "model"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        self.authenticate(None).await
    }

    async fn renew(&self, stale: &Credential, _why: Cause<'_>) -> Result<Credential> {
        self.authenticate(Some(Self::number(stale))).await
    }

    fn follow_up(&self, credential: &Credential) -> Option<BoxFuture<Result<()>>> {
        let number = Self::number(credential);
        let work = || -> BoxFuture<_> { Box::pin(self.clone().follow_up(number)) };
        self.follows_up.then(work)
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        let number = Self::number(credential);
        let call = self.call();
        self.change(|state| {
            if state.is_following_up {
                let fault = format!("{number} is ended beside what follows an opening");
                state.faults.push(fault);
            }
        });
        self.wait().await;
        drop(call);
        self.change(|state| {
            let fate = state.credentials.insert(number, Fate::Ended);
            if fate == Some(Fate::Ended) {
                state.faults.push(format!("{number} is ended twice"));
            }
        });
        Ok(())
    }
}
