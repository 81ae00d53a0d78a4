//! One scripted answer.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::{HeaderValue, request::Parts};
use session_core::{Credential, Error, ErrorKind, Result};

use crate::Gate;

/// What one call of a [`MockSession`](crate::MockSession) answers.
#[derive(Clone)]
pub struct Step {
    outcome: Outcome,
    gate: Option<Gate>,
}

#[derive(Clone)]
enum Outcome {
    Credential(Box<Credential>),
    Error(Error),
    Panic,
    Never,
}

impl Step {
    /// Yields this access token.
    pub fn bearer(token: &str) -> Self {
        Self::credential(Credential::bearer(token))
    }

    /// Yields a credential from which each request gets an authorization of its own: see
    /// [`MockSession::then_authorize`](crate::MockSession::then_authorize).
    pub fn per_request() -> Self {
        Self::credential(Credential::per_request(()))
    }

    /// Yields this credential.
    pub fn credential(credential: Credential) -> Self {
        Self::new(Outcome::Credential(Box::new(credential)))
    }

    /// Fails with an error of this kind.
    pub fn fail(kind: ErrorKind) -> Self {
        Self::error(Error::new(kind, "the mock was told to fail"))
    }

    /// Fails with this error.
    pub fn error(error: Error) -> Self {
        Self::new(Outcome::Error(error))
    }

    /// Panics.
    pub fn panic() -> Self {
        Self::new(Outcome::Panic)
    }

    /// Never answers.
    pub fn hang() -> Self {
        Self::new(Outcome::Never)
    }

    /// Makes the credential expire after `lifetime`. Other steps stay as they are.
    #[must_use]
    pub fn expires_in(self, lifetime: Duration) -> Self {
        self.map(|credential| credential.expires_in(lifetime))
    }

    /// Makes the credential expire at this time of day. Other steps stay as they are.
    #[must_use]
    pub fn expires_at(self, time: SystemTime) -> Self {
        self.map(|credential| credential.expires_at(time))
    }

    /// Answers only once this gate is open.
    #[must_use]
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    pub(crate) async fn run(self) -> Result<Credential> {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
        match self.outcome {
            Outcome::Credential(credential) => Ok(*credential),
            Outcome::Error(error) => Err(error),
            Outcome::Panic => panic!("the mock was told to panic"),
            Outcome::Never => std::future::pending().await,
        }
    }

    /// Puts the headers of its credential on one request.
    pub(crate) async fn put_on(self, request: &mut Parts) -> Result<()> {
        for (name, value) in self.run().await?.iter_headers() {
            let mut value = HeaderValue::from_bytes(value.expose()).map_err(|_| {
                Error::new(
                    ErrorKind::Protocol,
                    format!("the mock's value for `{name}` is none that a header can carry"),
                )
            })?;
            value.set_sensitive(true);
            request.headers.insert(name, value);
        }
        Ok(())
    }

    fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            gate: None,
        }
    }

    fn map(mut self, change: impl FnOnce(Credential) -> Credential) -> Self {
        if let Outcome::Credential(credential) = self.outcome {
            self.outcome = Outcome::Credential(Box::new(change(*credential)));
        }
        self
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Credential(credential) => credential.fmt(f),
            Outcome::Error(error) => error.fmt(f),
            Outcome::Panic => f.write_str("Panic"),
            Outcome::Never => f.write_str("Never"),
        }
    }
}
