//! What Marquee says no with.

use std::{error::Error as StdError, fmt};

use http::{Method, StatusCode};
use session_core::{Error, ErrorKind};

/// An answer that is no success: which, and to what. The [source](StdError::source) of the errors of
/// [`send`](crate::RequestBuilder::send).
///
/// ```
/// # async fn example(client: session_marquee::Client) -> session_core::Result<()> {
/// use session_marquee::{Class, Failure};
///
/// if let Err(error) = client.get("/users/self").send().await {
///     match Failure::of(&error) {
///         Some(failure) if failure.class() == Class::RateLimited => println!("wait {:?}", error.retry_after()),
///         Some(failure) => println!("{error}: ask Marquee about {:?}", failure.request_id()),
///         None => println!("{error}"),
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) request_id: Option<String>,
    pub(crate) explanation: Option<String>,
}

/// The kinds of failures that `gs_quant` has an exception for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Marquee does not know who asks: `MqAuthenticationError`.
    Authentication,
    /// Who asks may not do this: `MqAuthorizationError`.
    Authorization,
    /// Who asks does it too often: `MqRateLimitedError`.
    RateLimited,
    /// Something behind Marquee took too long: `MqTimeoutError`.
    Timeout,
    /// Marquee failed: `MqInternalServerError`.
    InternalServer,
    /// Any other answer that is no success: `MqRequestError`.
    Request,
}

impl Class {
    /// What `gs_quant` would raise in place of this error; `None` where that would be none of its own.
    pub fn of(error: &Error) -> Option<Self> {
        match Failure::of(error) {
            Some(failure) => Some(failure.class()),
            // By who gives out the credential.
            None if error.kind() == ErrorKind::Denied || NoToken::is_in(error) => {
                Some(Self::Authentication)
            }
            None => None,
        }
    }
}

/// The token endpoint answered, but with no token.
#[derive(Debug)]
pub(crate) struct NoToken;

impl NoToken {
    /// An error as one of authentication, if there was an answer that makes no sense. One that is unavailable may have had none.
    pub(crate) fn told(error: Error) -> Error {
        match error.kind() {
            ErrorKind::Protocol => error.with_source(Self),
            _ => error,
        }
    }

    fn is_in(error: &Error) -> bool {
        error.source().is_some_and(<dyn StdError>::is::<Self>)
    }
}

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there was no token in the answer")
    }
}

impl StdError for NoToken {}

impl Failure {
    /// That of an error; `None` when there was no answer, or it was not Marquee's.
    pub fn of(error: &Error) -> Option<&Self> {
        error.source()?.downcast_ref()
    }

    /// What kind of failure it is.
    pub fn class(&self) -> Class {
        match self.status.as_u16() {
            401 => Class::Authentication,
            403 => Class::Authorization,
            429 => Class::RateLimited,
            500 => Class::InternalServer,
            504 => Class::Timeout,
            _ => Class::Request,
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path of the request, which no text shows: it may hold what others should not see.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Under which number Marquee knows of it (`x-dash-requestid`).
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// What the answer says for itself: its body, up to 16 KiB, if that is JSON or a text, and no web page. No error and no log
    /// shows it: it may repeat what the request had, secrets included.
    pub fn explanation(&self) -> Option<&str> {
        self.explanation.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {} to {}", self.status.as_u16(), self.method)?;
        match &self.request_id {
            Some(id) => write!(f, ", request {id}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("status", &self.status)
            .field("method", &self.method)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

impl StdError for Failure {}
