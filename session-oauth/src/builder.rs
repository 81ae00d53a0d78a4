//! What to choose before a session is made.

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, TRANSFER_ENCODING},
};
use session_core::{BasicEnvironment, Environment, Error, ErrorKind, Result, SessionHandle};

use crate::{
    client::{Client, ClientAuth, ClientSecret},
    grant::Extent,
    server::AuthorizationServer,
    session::OAuth,
    wire::Wire,
};

/// Makes an [`OAuth`] session; made itself by one of that type's constructors.
#[derive(Debug)]
#[must_use]
pub struct OAuthBuilder {
    server: AuthorizationServer,
    client_id: String,
    client_secret: ClientSecret,
    client_auth: ClientAuth,
    extent: Extent,
    environment: Option<Box<dyn Environment>>,
    api: Option<String>,
    time_limit: Duration,
    headers: HeaderMap,
}

impl OAuthBuilder {
    /// How long one request to the authorization server may take, unless the builder is told otherwise.
    pub const TIME_LIMIT: Duration = Duration::from_secs(15);

    pub(crate) fn new(
        server: AuthorizationServer,
        client_id: String,
        client_secret: ClientSecret,
    ) -> Self {
        Self {
            server,
            client_id,
            client_secret,
            client_auth: ClientAuth::default(),
            extent: Extent::default(),
            environment: None,
            api: None,
            time_limit: Self::TIME_LIMIT,
            headers: HeaderMap::new(),
        }
    }

    /// Asks for one more scope. Without any, the server decides.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.scopes([scope])
    }

    /// Asks for more scopes.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.extent
            .scopes
            .extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Asks for a token that is good for one more API, by its absolute URI (RFC 8707).
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.extent.resources.push(uri.into());
        self
    }

    /// Asks for a token for this audience: what some servers have in place of [`resource`](Self::resource).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.extent.audience = Some(audience.into());
        self
    }

    /// How the client authenticates. Default: [`ClientAuth::SecretBasic`].
    pub fn client_auth(mut self, auth: ClientAuth) -> Self {
        self.client_auth = auth;
        self
    }

    /// The services that the token may go to, and how to connect to them and to the authorization server. Default: no
    /// service, and the system's certificate authorities.
    pub fn environment(mut self, environment: impl Environment) -> Self {
        self.environment = Some(Box::new(environment));
        self
    }

    /// An environment with this service alone, named `api`.
    pub fn api(mut self, address: impl Into<String>) -> Self {
        self.api = Some(address.into());
        self
    }

    /// A header for each request to the authorization server, such as one that names the program. It takes the place of one
    /// that the request has by itself, but for what authenticates the client and what describes the body.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// How long one request to the authorization server may take. Default: [`TIME_LIMIT`](Self::TIME_LIMIT).
    ///
    /// One authentication can take three of them, and must end within the engine's own limit
    /// ([`SessionBuilder::time_limit`](session_core::SessionBuilder::time_limit)).
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The session, ready to authenticate. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn open(self) -> Result<SessionHandle> {
        self.build().map(SessionHandle::new)
    }

    /// The session as a backend, for [`SessionHandle::builder`].
    ///
    /// # Errors
    ///
    /// `Config`, when an address is no URL, has a user, password or fragment, or would get a secret unencrypted; when the
    /// client has no identifier; when there are both an environment and an `api`.
    pub fn build(self) -> Result<OAuth> {
        if RESERVED.iter().any(|name| self.headers.contains_key(name)) {
            return Err(Error::new(
                ErrorKind::Config,
                "a `header` of the requests to the authorization server is one that follows from what they say; leave it out",
            ));
        }
        let environment = match (self.environment, self.api) {
            (Some(environment), None) => environment,
            (None, api) => default_environment(api)?,
            (Some(_), Some(_)) => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "there are both an environment and an `api`; make the latter a service of the environment",
                ));
            }
        };
        Ok(OAuth {
            server: self.server.check()?,
            client: Client::new(self.client_id, self.client_auth, self.client_secret)?,
            extent: self.extent,
            wire: Wire::new(environment.transport(), self.time_limit, self.headers),
            environment,
        })
    }
}

/// What a request says by itself.
const RESERVED: [HeaderName; 6] = [
    AUTHORIZATION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    COOKIE,
    HOST,
    TRANSFER_ENCODING,
];

fn default_environment(api: Option<String>) -> Result<Box<dyn Environment>> {
    let mut environment = BasicEnvironment::new("default");
    if let Some(api) = api {
        environment = environment.service("api", &api)?;
    }
    Ok(Box::new(environment))
}
