//! What Marquee says no with.

use std::{error::Error as StdError, fmt};

use http::{Method, StatusCode};
use session_core::{Error, ErrorKind};
use session_http::Refusal;
use url::Url;

use crate::{MarqueeEnvironment, answer::Asked, request_id::RequestId};

/// An answer that is no success, of Marquee or of where the session authenticates: which, and to what. The [source](StdError::source) of the errors of
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
    pub(crate) url: Url,
    pub(crate) is_of_token_endpoint: bool,
    pub(crate) request_id: Option<String>,
    pub(crate) explanation: Option<String>,
}

/// The kinds of failures that `gs_quant` has an exception for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// There is no credential to ask with, for it was not given out: `MqAuthenticationError`.
    Authentication,
    /// Who asks may not do this: `MqAuthorizationError`.
    Authorization,
    /// Who asks does it too often: `MqRateLimitedError`.
    RateLimited,
    /// Something behind Marquee took too long: `MqTimeoutError`.
    Timeout,
    /// Marquee failed: `MqInternalServerError`.
    InternalServer,
    /// Any other answer that is no success: `MqRequestError`. As with `gs_quant`, also one of Marquee's that refuses a credential, where it was
    /// renewed or there is no other: that has the status 401, and the kind [`Denied`](ErrorKind::Denied).
    Request,
}

impl Class {
    /// What `gs_quant` would raise in place of this error; `None` where that would be none of its own.
    pub fn of(error: &Error) -> Option<Self> {
        if let Some(failure) = Failure::of(error) {
            return Some(failure.class());
        }
        if cause::<NoToken>(error).is_some() {
            return Some(Self::Authentication);
        }
        match error.status() {
            Some(status) => Some(Self::of_status(status)),
            // By who gives out the credential.
            None => (error.kind() == ErrorKind::Denied).then_some(Self::Authentication),
        }
    }

    /// That of an answer of Marquee's.
    fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            403 => Self::Authorization,
            429 => Self::RateLimited,
            500 => Self::InternalServer,
            504 => Self::Timeout,
            _ => Self::Request,
        }
    }
}

/// The first of what an error comes of that is one of these.
fn cause<T: StdError + 'static>(error: &Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(found) = found.downcast_ref() {
            return Some(found);
        }
        cause = found.source();
    }
    None
}

/// The token endpoint answered, but with no token.
#[derive(Debug)]
pub(crate) struct NoToken;

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there was no token in the answer")
    }
}

impl StdError for NoToken {}

impl Failure {
    /// That of an error; `None` when there was no answer, or one that makes no sense.
    pub fn of(error: &Error) -> Option<&Self> {
        cause(error)
    }

    /// An error of the token endpoint, as one of authentication if there was an answer: one that is unavailable may have had none.
    pub(crate) fn to_authenticate(error: Error, environment: &MarqueeEnvironment) -> Error {
        let url = environment.auth().parse().ok();
        match (error.status(), url) {
            (Some(status), _) if status.is_success() && error.kind() == ErrorKind::Protocol => {
                error.with_source(NoToken)
            }
            (Some(status), Some(url)) => error.with_source(Self {
                status,
                method: Method::POST,
                url,
                is_of_token_endpoint: true,
                request_id: None,
                // It may repeat the secret.
                explanation: None,
            }),
            _ => error,
        }
    }

    /// The error of a request that came to no answer for the caller, or of a handshake: with the failure that the answer was, and the number of
    /// that answer by which a credential was refused that could not be renewed.
    pub(crate) fn told(error: Error, asked: Asked) -> Error {
        let Some(refusal) = Refusal::of(&error) else {
            return error;
        };
        let request_id = RequestId::of(refusal.headers(), &asked.client, asked.spoken);
        let request_id = request_id.get().map(str::to_owned);
        let is_its_own =
            error.kind() == ErrorKind::Denied || error.status() == Some(refusal.status());
        let failure = match Self::of(&error) {
            Some(of_token_endpoint) => Some(Self {
                request_id: request_id.clone(),
                ..of_token_endpoint.clone()
            }),
            None => is_its_own.then(|| Self {
                status: refusal.status(),
                method: asked.method,
                url: asked.url,
                is_of_token_endpoint: false,
                request_id: request_id.clone(),
                // It was not read: there was to be another answer, or a websocket.
                explanation: None,
            }),
        };
        let text = match &request_id {
            Some(id) => format!("{error} (request {id})"),
            None => error.to_string(),
        };
        let mut told = Error::new(error.kind(), text).with_challenges(error.challenges().to_vec());
        if let Some(wait) = error.retry_after() {
            told = told.with_retry_after(wait);
        }
        let status = error.status();
        if let Some(status) = status.or(failure.as_ref().map(|failure| failure.status)) {
            told = told.with_status(status);
        }
        match failure {
            Some(failure) => told.with_source(failure),
            None => told.with_source(refusal.clone()),
        }
    }

    /// What kind of failure it is.
    pub fn class(&self) -> Class {
        if self.is_of_token_endpoint {
            Class::Authentication
        } else {
            Class::of_status(self.status)
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

    /// Where the request was sent, which no text shows: it may hold what others should not see.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The path of the request.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Under which number Marquee knows of it (`x-dash-requestid`). Of a failure of the token endpoint: of the request whose credential
    /// was refused, and could not be renewed.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// What the answer says for itself: its body, the first 16 KiB of it, if that is JSON or a text, and no web page or part of one. No
    /// error and no log shows it: it may repeat what the request had, secrets included. That of the token endpoint is never kept.
    pub fn explanation(&self) -> Option<&str> {
        self.explanation.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        if self.is_of_token_endpoint {
            return write!(f, "status {status} of the token endpoint");
        }
        write!(f, "status {status} to {}", self.method)?;
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
