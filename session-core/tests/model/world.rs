//! The server's side: whom it let in, and what it should never see.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, Cause, Credential, Environment, Error, ErrorKind, Result, Secret, Session,
};

use super::checker::atomic::{AtomicUsize, Ordering};

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

/// A backend, and the server behind it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    environment: BasicEnvironment,
    /// What it knows changes in one step, which is no part of what is checked.
    state: Arc<Mutex<State>>,
    /// Where a call waits for the server while other threads act.
    door: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Outcome>,
    is_busy: bool,
    authentications: usize,
    credentials: BTreeMap<u64, Fate>,
    was_opened: bool,
    faults: Vec<String>,
}

impl World {
    /// After the script it grants.
    pub(crate) fn new() -> Self {
        let mock = BasicEnvironment::new("mock").service("api", "https://api.mock.test/");
        Self {
            environment: mock.unwrap(),
            state: Arc::default(),
            door: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// From now on it answers like this.
    pub(crate) fn script(&self, script: &[Outcome]) {
        self.change(|state| {
            state.script = script.iter().copied().collect();
            state.authentications = 0;
        });
    }

    /// How often it was asked to authenticate since the script began.
    pub(crate) fn authentications(&self) -> usize {
        self.change(|state| state.authentications)
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

    fn authenticate(&self, stale: Option<u64>) -> Result<Credential> {
        let outcome = self.change(|state| {
            state.enter();
            state.authentications += 1;
            if let Some(stale) = stale
                && state.credentials[&stale] == Fate::Ended
            {
                state
                    .faults
                    .push(format!("{stale} is renewed after its end"));
            }
            state.script.pop_front().unwrap_or(Outcome::Grants)
        });
        self.door.fetch_add(1, Ordering::SeqCst);
        let granted = self.change(|state| {
            state.is_busy = false;
            // What it replaces, or refuses to renew, it honours no longer.
            if let (Some(stale), Outcome::Grants | Outcome::Denies) = (stale, outcome) {
                state.credentials.insert(stale, Fate::Superseded);
            }
            if outcome != Outcome::Grants {
                return None;
            }
            let number = state.credentials.len() as u64;
            state.credentials.insert(number, Fate::Alive);
            Some(number)
        });
        match (granted, outcome) {
            (Some(number), _) => Ok(Credential::bearer(format!("t{number}"))
                .expires_in(LIFE)
                .keep("number", Secret::new(number.to_string()))),
            (None, Outcome::Panics) => std::panic::panic_any(SCRIPTED),
            (None, Outcome::Denies) => Err(Error::new(ErrorKind::Denied, "no")),
            (None, _) => Err(Error::new(ErrorKind::Unavailable, "away")),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
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

impl State {
    fn enter(&mut self) {
        if std::mem::replace(&mut self.is_busy, true) {
            self.faults
                .push("two calls of the backend at once".to_owned());
        }
    }
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
        self.authenticate(None)
    }

    async fn renew(&self, stale: &Credential, _why: Cause<'_>) -> Result<Credential> {
        self.authenticate(Some(Self::number(stale)))
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        let number = Self::number(credential);
        self.change(State::enter);
        self.door.fetch_add(1, Ordering::SeqCst);
        self.change(|state| {
            state.is_busy = false;
            let fate = state.credentials.insert(number, Fate::Ended);
            if fate == Some(Fate::Ended) {
                state.faults.push(format!("{number} is ended twice"));
            }
        });
        Ok(())
    }
}
