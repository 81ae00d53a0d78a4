//! A server's answer.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use serde::de::DeserializeOwned;
use session_core::{Error, ErrorKind, Result};
use url::Url;

use crate::{StepUp, challenges, is_temporary, proxy_challenges, read, retry_after, watch::Watch};

/// A server's answer, whatever its status; see [`error_for_status`](Self::error_for_status).
pub struct Response {
    answer: reqwest::Response,
    watch: Watch,
    limit: usize,
    /// A redirect had led to another origin; nothing of the session was on the request that this answers.
    strayed: bool,
    /// Why there is no more of the body: what has broken off has not come to its end.
    broken: Option<Error>,
}

impl Response {
    /// How many bytes of a body are held in memory, unless it is told otherwise: 64 MiB.
    pub const LIMIT: usize = 64 << 20;

    pub(crate) fn new(
        answer: reqwest::Response,
        watch: Watch,
        limit: usize,
        strayed: bool,
    ) -> Self {
        Self {
            answer,
            watch,
            limit,
            strayed,
            broken: None,
        }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The version of HTTP that it came by.
    pub fn version(&self) -> Version {
        self.answer.version()
    }

    /// Where it came from: after redirects, not where the request was first sent.
    pub fn url(&self) -> &Url {
        self.answer.url()
    }

    /// With this limit for [`bytes`](Self::bytes), [`text`](Self::text) and [`json`](Self::json), in bytes.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The answer, if it is a success; otherwise an error that says what can be done about it. The body
    /// is not looked at: read it instead of calling this where the server explains itself in it.
    ///
    /// # Errors
    ///
    /// `Denied` for 401, 403 and 407, with the challenges of the server, or of the proxy; but `Interaction` where the
    /// server wants a person to log in anew, or by other means. [`StepUp`] reads from the challenges what it
    /// wants. `Unavailable` for what [is temporary](is_temporary), with the wait that the server asks for. `Protocol` for
    /// any other status outside of 2xx. The error has the [status](Error::status).
    pub fn error_for_status(self) -> Result<Self> {
        let status = self.status();
        if status.is_success() {
            return Ok(self);
        }
        let challenges = match status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => proxy_challenges(self.headers()),
            _ => challenges(self.headers()),
        };
        let step_up = StepUp::of(&challenges).map(|wanted| wanted.is_for_scope());
        let (kind, remedy) = match (status, step_up) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) if self.strayed => (
                ErrorKind::Denied,
                "a redirect led away from where the request was sent, and nothing of the session went along; request the final URL itself, if the environment has it",
            ),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(true)) => (
                ErrorKind::Denied,
                "it wants more scope than the session's credential has (`insufficient_scope`); configure the scope that the error's challenges name",
            ),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(false)) => (
                ErrorKind::Interaction,
                "it wants a person to log in anew, or by other means (`insufficient_user_authentication`); the error's challenges say how",
            ),
            (StatusCode::UNAUTHORIZED, None) => (
                ErrorKind::Denied,
                "it takes this session's credential for invalid, even a fresh one; check that they belong together",
            ),
            (StatusCode::FORBIDDEN, None) => (
                ErrorKind::Denied,
                "the session may not do this; check its scopes and permissions",
            ),
            (StatusCode::PROXY_AUTHENTICATION_REQUIRED, _) => (
                ErrorKind::Denied,
                "a proxy on the way wants a credential of its own",
            ),
            _ if is_temporary(status) => (ErrorKind::Unavailable, "try again later"),
            _ => (
                ErrorKind::Protocol,
                "check the request against the API's documentation; the answer's body may say more",
            ),
        };
        // The server's own words, its reason phrase among them, may echo what it was sent.
        let error = Error::new(
            kind,
            format!("`{}` answered {status}: {remedy}", self.host()),
        );
        let error = error.with_challenges(challenges);
        Err(match retry_after(self.headers()) {
            Some(wait) => error.with_status(status).with_retry_after(wait),
            None => error.with_status(status),
        })
    }

    /// The next part of the body, as it comes; `None` at its end. Without limit, for bodies that are
    /// not held in memory.
    ///
    /// # Errors
    ///
    /// `Unavailable` when it breaks off, and from then on.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.is_whole_so_far()?;
        let part = read::next_chunk(&mut self.answer, &mut self.watch).await;
        self.broken = part.as_ref().err().cloned();
        part
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// `Protocol` when it is longer than the limit, `Unavailable` when it breaks off.
    pub async fn bytes(mut self) -> Result<Bytes> {
        let body = self.read_whole().await?;
        Ok(body.into())
    }

    /// The whole body as text.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes); `Protocol` when it is not UTF-8.
    pub async fn text(mut self) -> Result<String> {
        let body = self.read_whole().await?;
        // The foreign error holds the body.
        String::from_utf8(body).map_err(|_| {
            Error::new(
                ErrorKind::Protocol,
                format!(
                    "the answer of `{}` is not UTF-8 text; read it as bytes",
                    self.host()
                ),
            )
        })
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes); `Protocol` when it is not the JSON expected, with the place but
    /// without any of the text.
    pub async fn json<T: DeserializeOwned>(mut self) -> Result<T> {
        let body = self.read_whole().await?;
        serde_json::from_slice(&body).map_err(|error| {
            // The foreign error quotes the body.
            let problem = match error.classify() {
                serde_json::error::Category::Data => "is not the JSON expected",
                serde_json::error::Category::Eof => "is JSON that ends too early",
                _ => "is not JSON",
            };
            Error::new(
                ErrorKind::Protocol,
                format!(
                    "the answer of `{}` (status {}) {problem}, at line {} column {}; read it as text to see why",
                    self.host(),
                    self.status().as_u16(),
                    error.line(),
                    error.column()
                ),
            )
        })
    }

    /// The connection that it came on, in place of its body.
    #[cfg(feature = "websocket")]
    pub(crate) async fn into_connection(self) -> reqwest::Result<reqwest::Upgraded> {
        self.answer.upgrade().await
    }

    fn is_whole_so_far(&self) -> Result<()> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    async fn read_whole(&mut self) -> Result<Vec<u8>> {
        self.is_whole_so_far()?;
        read::read_whole(&mut self.answer, &mut self.watch, self.limit).await
    }

    fn host(&self) -> &str {
        self.url().host_str().unwrap_or_default()
    }
}

impl fmt::Debug for Response {
    /// Headers and path are left out: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("host", &self.host())
            .field("status", &self.status())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
