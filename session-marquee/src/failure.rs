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
    /// That of an error; `None` when there was no answer, or one that makes no sense.
    pub fn of(error: &Error) -> Option<&Self> {
        error.source()?.downcast_ref()
    }

    /// An error of the token endpoint, as one of authentication if there was an answer: one that is unavailable may have had none.
    pub(crate) fn to_authenticate(error: Error, environment: &MarqueeEnvironment) -> Error {
        let url = environment.auth().parse().ok();
        match (error.status(), url) {
            (Some(status), Some(url)) => error.with_source(Self {
                status,
                method: Method::POST,
                url,
                is_of_token_endpoint: true,
                request_id: None,
                // It may repeat the secret.
                explanation: None,
            }),
            _ if error.kind() == ErrorKind::Protocol => error.with_source(NoToken),
            _ => error,
        }
    }

    /// The error of a request whose credential was refused, where there is no other to try.
    pub(crate) fn refused(error: Error, asked: Asked) -> Error {
        let refusal = Refusal::of(&error).filter(|_| error.kind() == ErrorKind::Denied);
        let Some(refusal) = refusal else {
            return error;
        };
        let failure = Self {
            status: refusal.status(),
            request_id: RequestId::of(refusal.headers(), &asked.client, asked.spoken)
                .get()
                .map(str::to_owned),
            method: asked.method,
            url: asked.url,
            is_of_token_endpoint: false,
            // It was not read: there was to be another answer.
            explanation: None,
        };
        let error = match &failure.request_id {
            Some(id) => Error::new(error.kind(), format!("{error} (request {id})"))
                .with_challenges(error.challenges().to_vec()),
            None => error,
        };
        error.with_status(failure.status).with_source(failure)
    }

    /// What kind of failure it is.
    pub fn class(&self) -> Class {
        match self.status.as_u16() {
            _ if self.is_of_token_endpoint => Class::Authentication,
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

    /// Where the request was sent, which no text shows: it may hold what others should not see.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The path of the request.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Under which number Marquee knows of it (`x-dash-requestid`).
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
