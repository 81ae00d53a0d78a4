//! The one error type, made for acting on.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use http::StatusCode;

use crate::Challenge;

/// What every fallible call of session-kit returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something failed, where, and what to do about it.
///
/// Cheap to clone, because all callers that waited for one authentication get the same error. The
/// text never holds a secret or the body of an answer, and never repeats its [source](StdError::source).
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    challenges: Vec<Challenge>,
    has_credential_ended: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration or the call is wrong; somebody must change it.
    Config,
    /// No linked backend has this name.
    UnknownBackend,
    /// No session is current here.
    NoSession,
    /// The session is not open: `init`, `enter` or `install` it first.
    Closed,
    /// The server refused the credentials. Trying again with the same ones is pointless.
    Denied,
    /// A person must log in.
    Interaction,
    /// A server or a service on the way cannot be used now; worth trying again later.
    Unavailable,
    /// An answer, or a backend, does not keep to its protocol.
    Protocol,
    /// The credential may not go to this place.
    Forbidden,
}

impl Error {
    /// Makes an error from what to do about it and a text that says what failed, where, and the remedy.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            status: None,
            retry_after: None,
            challenges: Vec::new(),
            has_credential_ended: false,
            source: None,
        }))
    }

    /// Adds the underlying error. Only give errors whose texts cannot quote a secret.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.change(|inner| inner.source = Some(Arc::from(source.into())))
    }

    /// Adds the status of the answer that it comes of.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.change(|inner| inner.status = Some(status))
    }

    /// Adds how long the server asked to be left alone.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.change(|inner| inner.retry_after = Some(wait))
    }

    /// Adds the challenges that came with a refusal.
    #[must_use]
    pub fn with_challenges(self, challenges: Vec<Challenge>) -> Self {
        self.change(|inner| inner.challenges = challenges)
    }

    /// Says that it comes of a credential that has ended before its time: what a backend's
    /// [`authorize`](crate::Session::authorize) tells the engine, which replaces that credential then.
    #[must_use]
    pub fn with_ended_credential(self) -> Self {
        self.change(|inner| inner.has_credential_ended = true)
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status of the answer that the error comes of, if it is one: a server said no, or made no sense.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// How long the server asked to be left alone (`Retry-After`, RFC 9110 §10.2.3), if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The challenges that came with a refusal (RFC 9110 §11.3); empty for most errors.
    pub fn challenges(&self) -> &[Challenge] {
        &self.0.challenges
    }

    /// Whether the credential that was to authorize a request has ended before its time.
    pub fn has_credential_ended(&self) -> bool {
        self.0.has_credential_ended
    }

    /// Changes this one: clones that others hold stay as they are.
    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &inner.kind)
            .field("message", &inner.message);
        if let Some(status) = inner.status {
            debug.field("status", &status);
        }
        if let Some(wait) = inner.retry_after {
            debug.field("retry_after", &wait);
        }
        if !inner.challenges.is_empty() {
            debug.field("challenges", &inner.challenges);
        }
        if inner.has_credential_ended {
            debug.field("has_credential_ended", &true);
        }
        if let Some(source) = &inner.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
