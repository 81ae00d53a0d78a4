//! The authorization server.

use std::fmt;

use session_core::{Error, ErrorKind, Result};
use url::Url;

use crate::{
    discovery::Discovery, endpoint::Endpoint, issuer::Issuer, redaction::Redaction, wire::Wire,
};

/// An authorization server: by its token endpoint, or by its issuer, from which its endpoints are discovered.
///
/// A text or URL where one is expected is a token endpoint.
///
/// ```
/// use session_oauth::AuthorizationServer;
///
/// let discovered = AuthorizationServer::issuer("https://idp.example.com");
/// let given = AuthorizationServer::token_endpoint("https://idp.example.com/token")
///     .revocation_endpoint("https://idp.example.com/revoke");
/// ```
///
/// Addresses are checked when the session is built. They are `https`, or `http` to this machine.
#[derive(Clone)]
pub struct AuthorizationServer {
    known_by: KnownBy,
    revocation_endpoint: Option<String>,
}

#[derive(Clone)]
enum KnownBy {
    TokenEndpoint(String),
    Issuer(String),
}

impl AuthorizationServer {
    /// One whose token endpoint (RFC 6749 §3.2) is known.
    pub fn token_endpoint(address: impl Into<String>) -> Self {
        Self::new(KnownBy::TokenEndpoint(address.into()))
    }

    /// One that publishes where its endpoints are: as RFC 8414 says, else as OpenID Connect Discovery 1.0 does. The
    /// identifier must be, letter by letter, what the server calls itself. Where it is `https`, so are the endpoints.
    ///
    /// They are looked up when the session authenticates, and again after it could not.
    pub fn issuer(identifier: impl Into<String>) -> Self {
        Self::new(KnownBy::Issuer(identifier.into()))
    }

    /// Where tokens are revoked (RFC 7009) when the session closes. Without it nothing is, unless discovery finds where.
    #[must_use]
    pub fn revocation_endpoint(mut self, address: impl Into<String>) -> Self {
        self.revocation_endpoint = Some(address.into());
        self
    }

    fn new(known_by: KnownBy) -> Self {
        Self {
            known_by,
            revocation_endpoint: None,
        }
    }

    pub(crate) fn check(&self) -> Result<Server> {
        let config =
            |key: &str, problem: &str| Error::new(ErrorKind::Config, format!("`{key}` {problem}"));
        let revocation = self
            .revocation_endpoint
            .as_deref()
            .map(Endpoint::parse)
            .transpose();
        let revocation = revocation.map_err(|problem| config("revocation_endpoint", problem))?;
        match &self.known_by {
            KnownBy::TokenEndpoint(address) => {
                let token = Endpoint::parse(address)
                    .map_err(|problem| config("token_endpoint", problem))?;
                Ok(Server::Given(Endpoints { token, revocation }))
            }
            KnownBy::Issuer(identifier) => {
                let issuer =
                    Issuer::parse(identifier).map_err(|problem| config("issuer", problem))?;
                Ok(Server::Discovered(Box::new(Discovery::new(
                    issuer, revocation,
                ))))
            }
        }
    }
}

impl From<&str> for AuthorizationServer {
    fn from(token_endpoint: &str) -> Self {
        Self::token_endpoint(token_endpoint)
    }
}

impl From<String> for AuthorizationServer {
    fn from(token_endpoint: String) -> Self {
        Self::token_endpoint(token_endpoint)
    }
}

impl From<&String> for AuthorizationServer {
    fn from(token_endpoint: &String) -> Self {
        Self::token_endpoint(token_endpoint)
    }
}

impl From<Url> for AuthorizationServer {
    fn from(token_endpoint: Url) -> Self {
        Self::token_endpoint(token_endpoint)
    }
}

impl From<&Url> for AuthorizationServer {
    fn from(token_endpoint: &Url) -> Self {
        Self::token_endpoint(token_endpoint.as_str())
    }
}

impl fmt::Debug for AuthorizationServer {
    /// Addresses that were not checked may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer")
            .finish_non_exhaustive()
    }
}

/// An authorization server whose addresses were checked.
#[derive(Debug)]
pub(crate) enum Server {
    Given(Endpoints),
    Discovered(Box<Discovery>),
}

/// By the address that it is configured with.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(endpoints) => endpoints.token.fmt(f),
            Self::Discovered(discovery) => discovery.issuer().fmt(f),
        }
    }
}

/// Where the requests of a session go.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    pub(crate) token: Endpoint,
    pub(crate) revocation: Option<Endpoint>,
}

impl Server {
    /// What tells it from others.
    pub(crate) fn identity(&self) -> [&str; 2] {
        match self {
            Self::Given(endpoints) => ["token_endpoint", endpoints.token.url().as_str()],
            Self::Discovered(discovery) => ["issuer", discovery.issuer().as_str()],
        }
    }

    pub(crate) async fn token_endpoint(
        &self,
        wire: &Wire,
        redaction: &Redaction<'_>,
    ) -> Result<Endpoint> {
        match self {
            Self::Given(endpoints) => Ok(endpoints.token.clone()),
            Self::Discovered(discovery) => Ok(discovery.endpoints(wire, redaction).await?.token),
        }
    }

    pub(crate) async fn revocation_endpoint(
        &self,
        wire: &Wire,
        redaction: &Redaction<'_>,
    ) -> Result<Option<Endpoint>> {
        match self {
            Self::Given(endpoints) => Ok(endpoints.revocation.clone()),
            Self::Discovered(discovery) => discovery.revocation(wire, redaction).await,
        }
    }

    /// Whether it is known, without asking, that there is nowhere to revoke tokens.
    pub(crate) fn is_without_revocation(&self) -> bool {
        match self {
            Self::Given(endpoints) => endpoints.revocation.is_none(),
            Self::Discovered(discovery) => discovery.is_without_revocation(),
        }
    }

    /// What was discovered may be out of date.
    pub(crate) fn forget(&self) {
        if let Self::Discovered(discovery) = self {
            discovery.forget();
        }
    }
}
