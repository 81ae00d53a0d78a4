//! Where a session is in its life.

use std::sync::Arc;

use crate::{
    Challenge, Error, ErrorKind, Result, backoff::Backoff, flight::Flight, held::Held,
    job::Authentication,
};

/// What an [`Engine`](crate::engine::Engine)'s lock guards.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Life {
    /// The authentication that callers wait for: under way, or next.
    pub(crate) wanted: Option<Wanted>,
    /// The end that callers wait for: under way, or next.
    pub(crate) closing: Option<Closing>,
    /// A driver is at work or on its way.
    pub(crate) driven: bool,
    /// The driver is inside `init` or `renew`.
    pub(crate) authenticating: bool,
    /// Blocks that have entered and not left.
    pub(crate) users: usize,
    /// Opened by `init` or `install`: blocks that leave do not close it.
    pub(crate) kept: bool,
    pub(crate) generation: u64,
    /// How often it has opened.
    pub(crate) openings: u64,
    /// Failures since the last success: while it lasts, nothing is tried unless `init` asks.
    pub(crate) backoff: Option<Backoff>,
    /// A task keeps it warm.
    pub(crate) warmed: bool,
}

impl Life {
    /// Those who wait for this authentication, if there are any.
    pub(crate) fn wanted_by(&self, job: &Authentication) -> Option<&Wanted> {
        self.wanted.as_ref().filter(|wanted| wanted.is_for(job))
    }
}

/// An authentication that somebody waits for.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) flight: Arc<Flight<Result<Arc<Held>>>>,
    /// Asked for by `init`: it is tried by all means, and the session stays open without users.
    pub(crate) keep: bool,
    pub(crate) refused: Option<Vec<Challenge>>,
    /// The credential in use has ended before its time.
    pub(crate) has_ended: bool,
}

impl Wanted {
    /// Whether this job is the one for it.
    pub(crate) fn is_for(&self, job: &Authentication) -> bool {
        Arc::ptr_eq(&self.flight, &job.flight)
    }

    /// The first refusal is what it is for.
    pub(crate) fn note_refusal(&mut self, challenges: &[Challenge]) {
        let refused = &mut self.refused;
        refused.get_or_insert_with(|| challenges.to_vec());
    }

    /// Whether the credential in use is of no use any more, as somebody has found.
    pub(crate) fn is_of_useless(&self) -> bool {
        self.refused.is_some() || self.has_ended
    }
}

/// Credentials to be ended at the server, and who waits for that.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) flight: Arc<Flight<Result<()>>>,
    pub(crate) credentials: Vec<Arc<Held>>,
    pub(crate) how: End,
}

/// How a session came to its end. What was asked for outweighs what merely happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Its last user left: what a store has stays good for others, as when the last handle is dropped.
    Left,
    /// Somebody closed it.
    Closed,
}

/// Nothing but `init`, `enter` and `install` opens a session.
pub(crate) fn closed() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the session is closed; open it with `init`, `enter` or `install`",
    )
}

pub(crate) fn closed_meanwhile() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the session was closed while it authenticated",
    )
}

pub(crate) fn refused_again(challenges: &[Challenge]) -> Error {
    Error::new(
        ErrorKind::Denied,
        "the server refuses a credential that was renewed only just now; check what it asks for: audience, scopes, clock",
    )
    .with_challenges(challenges.to_vec())
}
