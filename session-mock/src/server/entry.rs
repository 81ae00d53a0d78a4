//! One request in the provider's log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode};

use super::client::ClientAuthMethod;
use super::heads;
use super::received::Received;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A metadata document under `/.well-known/`.
    Discovery,
    /// The token endpoint.
    Token,
    /// The revocation endpoint (RFC 7009).
    Revoke,
    /// The protected API: under `/api/`, or all of a [`Site`](super::Site).
    Api,
    /// Anything else.
    Other,
}

impl Kind {
    pub(super) const COUNT: usize = 5;
}

/// A request that the provider received, and what became of it.
///
/// What may hold a secret (header values, query, body) is shown only by the accessor that names it, never by `Debug`.
#[derive(Clone)]
pub struct Entry {
    received: Arc<Received>,
    claims: Claims,
    token: Option<usize>,
    status: Option<StatusCode>,
}

/// What a request said of itself, be it true or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    pub(super) client_id: Option<String>,
    pub(super) auth_method: Option<ClientAuthMethod>,
    pub(super) grant: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) refresh_token: Option<usize>,
}

impl Entry {
    pub(super) fn new(received: Arc<Received>, claims: Claims, token: Option<usize>) -> Self {
        Self {
            received,
            claims,
            token,
            status: None,
        }
    }

    pub(super) fn ended(&mut self, status: Option<StatusCode>, issued: Option<usize>) {
        self.status = status;
        self.token = self.token.or(issued);
    }

    /// When it arrived: time since the provider started, by the provider's clock.
    pub fn at(&self) -> Duration {
        self.received.at
    }

    /// What it was for.
    pub fn kind(&self) -> Kind {
        self.received.kind
    }

    /// The request's method.
    pub fn method(&self) -> &Method {
        &self.received.method
    }

    /// The request's path, without the query.
    pub fn path(&self) -> &str {
        &self.received.path
    }

    /// The request's query, if it had one. May hold a secret, if the client put one there.
    pub fn query(&self) -> Option<&str> {
        self.received.query.as_deref()
    }

    /// The first value of a header, as it was on the wire. May be a secret.
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.received.headers.get(name)
    }

    /// The headers as they were on the wire: in their order, their names in their case. May hold secrets.
    pub fn headers(&self) -> Vec<(&str, &[u8])> {
        heads::headers(&self.received.head).collect()
    }

    /// Which connection it came by: the first that brought a request is 1.
    pub fn connection(&self) -> usize {
        self.received.connection
    }

    /// The body as it was on the wire; empty when it exceeded 1 MiB. May hold a secret.
    pub fn body(&self) -> &[u8] {
        &self.received.body
    }

    /// The client that the request claimed to come from, or to which the token that it presented was issued.
    pub fn client_id(&self) -> Option<&str> {
        self.claims.client_id.as_deref()
    }

    /// How the client authenticated, or tried to.
    pub fn auth_method(&self) -> Option<ClientAuthMethod> {
        self.claims.auth_method
    }

    /// The `grant_type` that a token request named.
    pub fn grant(&self) -> Option<&str> {
        self.claims.grant.as_deref()
    }

    /// The `scope` that a token request named.
    pub fn scope(&self) -> Option<&str> {
        self.claims.scope.as_deref()
    }

    /// Which access token was issued, presented or revoked: the first one issued is 1, the second 2. `None` when there was
    /// none, or one that the provider does not know.
    pub fn token(&self) -> Option<usize> {
        self.token
    }

    /// Which refresh token was presented or revoked: the one that came with access token 3 is 3. `None` when there was none,
    /// or one that the provider does not know.
    pub fn refresh_token(&self) -> Option<usize> {
        self.claims.refresh_token
    }

    /// The status it was answered with. `None` while there is no answer: it is held, hangs, or the connection was cut; the
    /// last with a [`token`](Self::token), if that was issued and [the answer lost](super::Outage::answer_lost).
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// About how many bytes of memory it takes.
    pub(super) fn weight(&self) -> usize {
        let request = &self.received;
        let headers = request.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let target = request.path.len() + request.query.as_ref().map_or(0, String::len);
        size_of::<Received>() + target + headers + request.head.len() + request.body.len()
    }
}

/// Shows the names of headers, but no header value, query or body.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.received.headers.keys().collect();
        f.debug_struct("Entry")
            .field("at", &self.at())
            .field("kind", &self.kind())
            .field("method", self.method())
            .field("path", &self.path())
            .field("headers", &headers)
            .field("client_id", &self.client_id())
            .field("auth_method", &self.auth_method())
            .field("grant", &self.grant())
            .field("scope", &self.scope())
            .field("refresh_token", &self.refresh_token())
            .field("token", &self.token)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
