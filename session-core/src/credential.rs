//! What a session holds once it has authenticated.

use std::{
    any::Any,
    borrow::Cow,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderName;

use crate::Secret;

/// What authentication yields: headers for every request, or state from which each request's own
/// authorization is made; when it expires; and what is kept for renewal.
///
/// ```
/// use std::time::Duration;
/// use session_core::{Credential, Secret};
///
/// let credential = Credential::bearer("2YotnFZFEjr1zCsicMWpAA")
///     .expires_in(Duration::from_secs(3600))
///     .keep("refresh_token", Secret::new("tGzv3JOkF0XG5Qx2TlKWIA"));
/// ```
#[derive(Clone)]
pub struct Credential {
    headers: Vec<(HeaderName, Secret)>,
    state: Option<Arc<dyn Any + Send + Sync>>,
    kept: Vec<(Cow<'static, str>, Secret)>,
    lifetime: Option<Duration>,
    expires_at: Option<SystemTime>,
    server_time: Option<SystemTime>,
    scopes: Vec<String>,
}

impl Credential {
    /// Headers that go on every request. Their names are those of the crate `http`, version 1.
    ///
    /// `Cookie` is merged with the caller's own cookies, any other header replaces the caller's.
    /// Values that no header can carry make the session's `init` fail.
    pub fn headers(headers: impl IntoIterator<Item = (HeaderName, Secret)>) -> Self {
        Self {
            headers: headers.into_iter().collect(),
            state: None,
            kept: Vec::new(),
            lifetime: None,
            expires_at: None,
            server_time: None,
            scopes: Vec::new(),
        }
    }

    /// An access token, sent as `Authorization: Bearer …` (RFC 6750 §2.1).
    pub fn bearer(token: impl AsRef<[u8]>) -> Self {
        Self::headers([(
            http::header::AUTHORIZATION,
            Secret::prefixed("Bearer ", token),
        )])
    }

    /// State from which [`Session::authorize`](crate::Session::authorize) makes each request's own
    /// authorization: a GSS credential, a key. It is never stored outside the process.
    pub fn per_request(state: impl Any + Send + Sync) -> Self {
        Self {
            state: Some(Arc::new(state)),
            ..Self::headers([])
        }
    }

    /// Valid for this long, from the moment when authentication started: the server's clock began
    /// at some unknown moment after that. Zero means that it can be used once, at best.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Valid until this time of day. With [`expires_in`](Self::expires_in) too, the earlier counts.
    #[must_use]
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// What the server's clock showed when it answered (`Date`, RFC 9110 §6.6.1). An expiry given as a time
    /// of day then holds however wrong that clock is, or this machine's.
    #[must_use]
    pub fn issued_at(mut self, server_time: SystemTime) -> Self {
        self.server_time = Some(server_time);
        self
    }

    /// What it is good for, where the server said so.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Keeps a secret that is never sent with a request, such as a refresh token.
    #[must_use]
    pub fn keep(mut self, name: impl Into<Cow<'static, str>>, secret: Secret) -> Self {
        let name = name.into();
        self.kept.retain(|(known, _)| *known != name);
        self.kept.push((name, secret));
        self
    }

    /// The state given to [`per_request`](Self::per_request), if it is a `T`.
    pub fn state<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.state.as_deref()?.downcast_ref()
    }

    /// A secret given to [`keep`](Self::keep).
    pub fn kept(&self, name: &str) -> Option<&Secret> {
        self.kept
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, secret)| secret)
    }

    /// The value of a header given to [`headers`](Self::headers).
    pub fn header(&self, name: &HeaderName) -> Option<&Secret> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, secret)| secret)
    }

    /// All secrets given to [`keep`](Self::keep).
    pub fn iter_kept(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.kept
            .iter()
            .map(|(name, secret)| (name.as_ref(), secret))
    }

    /// The same with no statement of how long it is valid.
    pub(crate) fn without_lifetime(self) -> Self {
        Self {
            lifetime: None,
            expires_at: None,
            server_time: None,
            ..self
        }
    }

    /// The headers, in the order given.
    pub fn iter_headers(&self) -> impl Iterator<Item = (&HeaderName, &Secret)> {
        self.headers.iter().map(|(name, value)| (name, value))
    }

    /// How long it was said to be valid.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// Until which time of day it was said to be valid.
    pub fn expiry(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The server's clock, as given to [`issued_at`](Self::issued_at).
    pub fn server_time(&self) -> Option<SystemTime> {
        self.server_time
    }

    /// The scopes given to [`scopes`](Self::scopes).
    pub fn granted_scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether each request needs an authorization of its own.
    pub fn is_per_request(&self) -> bool {
        self.state.is_some()
    }
}

impl fmt::Debug for Credential {
    /// Scopes are counted: the server says which they are, and may echo what it was sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let kept: Vec<_> = self.kept.iter().map(|(name, _)| name).collect();
        f.debug_struct("Credential")
            .field("headers", &names)
            .field("state", &self.state.is_some())
            .field("kept", &kept)
            .field("lifetime", &self.lifetime)
            .field("expires_at", &self.expires_at)
            .field("server_time", &self.server_time)
            .field("scopes", &self.scopes.len())
            .finish()
    }
}
