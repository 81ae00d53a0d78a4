//! A session as people see it.

use std::{fmt, time::SystemTime};

use crate::{Error, backoff::Backoff, engine::Engine, validity::Phase};

/// A snapshot of a session for people and dashboards.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The session's name.
    pub name: String,
    /// The kind of authentication.
    pub scheme: String,
    /// The environment's name.
    pub environment: String,
    /// Where it is in its life.
    pub state: State,
    /// Until when its credential is valid, by this machine's wall clock; `None` when there is none or it
    /// does not expire.
    pub expires_at: Option<SystemTime>,
    /// How many credentials it has had.
    pub generation: u64,
    /// Whether the credential is being replaced just now.
    pub is_renewing: bool,
    /// Why the last authentication failed, if it did.
    pub failure: Option<Error>,
}

impl Status {
    pub(crate) fn of(engine: &Engine) -> Self {
        // Names first: they are the backend's code, which does not run with the lock held.
        let (name, session) = (engine.name().to_owned(), &engine.session);
        let (scheme, environment) = (
            session.scheme().to_owned(),
            session.environment().name().to_owned(),
        );
        let life = engine.life();
        let held = engine.held();
        let state = match &held {
            Some(held) if engine.phase(held) == Phase::Expired => State::Expired,
            Some(_) => State::Open,
            None if life.wanted.is_some() => State::Opening,
            None => State::Closed,
        };
        Self {
            name,
            scheme,
            environment,
            state,
            expires_at: held.as_ref().and_then(|held| held.validity.expires_at()),
            generation: life.generation,
            is_renewing: held.is_some() && life.wanted.is_some(),
            failure: life.backoff.as_ref().map(Backoff::failure).cloned(),
        }
    }
}

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Holds no credential: never opened, or closed.
    Closed,
    /// Authenticates for the first time.
    Opening,
    /// Holds a credential.
    Open,
    /// Holds a credential that has expired and will be renewed at its next use.
    Expired,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Closed => "closed",
            Self::Opening => "opening",
            Self::Open => "open",
            Self::Expired => "expired",
        })
    }
}
