//! The answer that an error comes of.

use std::{error::Error as StdError, fmt};

use http::{HeaderMap, StatusCode};
use session_core::{Error, Incoming};

/// The answer that an error comes of where it cannot be had itself: the one by which a server refused a credential for which there was no
/// other, or one that opens no websocket. It is the [source](StdError::source) of the error, and what that came of else is its own. Its
/// body is gone.
#[derive(Clone)]
pub struct Refusal {
    status: StatusCode,
    headers: HeaderMap,
    /// With the source that it had before.
    error: Error,
}

impl Refusal {
    /// That of an error, if it comes of one.
    pub fn of(error: &Error) -> Option<&Self> {
        error.source()?.downcast_ref()
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its headers. A server may repeat in them what it was sent.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// An error with the answer that it comes of: that which a renewal was necessary for, or that of a handshake.
    pub(crate) fn told(error: Error, answer: Incoming<'_>) -> Error {
        let refusal = Self {
            status: answer.status,
            headers: answer.headers.clone(),
            error: error.clone(),
        };
        error.with_source(refusal)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {}", self.status)
    }
}

impl fmt::Debug for Refusal {
    /// Headers are left out: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}
