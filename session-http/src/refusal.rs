//! The answer by which a server refused a credential.

use std::{error::Error as StdError, fmt};

use http::{HeaderMap, StatusCode};
use session_core::{Error, Incoming};

/// The answer by which a server refused a credential for which there was no other: the [source](StdError::source) of the error that
/// the request failed with, unless that has one of its own. Its body is gone.
#[derive(Clone)]
pub struct Refusal {
    status: StatusCode,
    headers: HeaderMap,
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

    /// An error of a renewal, with the answer that made it necessary.
    pub(crate) fn told(error: Error, answer: Incoming<'_>) -> Error {
        if error.source().is_some() {
            return error;
        }
        error.with_source(Self {
            status: answer.status,
            headers: answer.headers.clone(),
        })
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

impl StdError for Refusal {}
