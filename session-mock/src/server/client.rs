//! A client registered with the provider.

use std::fmt;

/// A client that the provider knows: its id and secret, the scopes it may ask for, how it may authenticate.
///
/// A new one may authenticate by either [`ClientAuthMethod`] and is allowed the scopes `read` and `write`.
#[derive(Clone)]
pub struct Client {
    id: String,
    secret: String,
    scopes: Vec<String>,
    auth_methods: Vec<ClientAuthMethod>,
}

impl Client {
    /// A client with this id and secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            scopes: vec!["read".to_owned(), "write".to_owned()],
            auth_methods: ClientAuthMethod::ALL.to_vec(),
        }
    }

    /// The scopes that this client may ask for, instead of `read` and `write`. A request that names none gets them all.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The ways in which this client may authenticate, instead of any.
    #[must_use]
    pub fn auth_methods(mut self, methods: impl IntoIterator<Item = ClientAuthMethod>) -> Self {
        self.auth_methods = methods.into_iter().collect();
        self
    }

    /// The client's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The client's secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The same client with another secret.
    #[cfg(feature = "conformance")]
    pub(crate) fn with_secret(&self, secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            ..self.clone()
        }
    }

    pub(super) fn allowed_scopes(&self) -> &[String] {
        &self.scopes
    }

    pub(super) fn may_authenticate_by(&self, method: ClientAuthMethod) -> bool {
        self.auth_methods.contains(&method)
    }
}

/// Shows everything but the secret.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("scopes", &self.scopes)
            .field("auth_methods", &self.auth_methods)
            .finish_non_exhaustive()
    }
}

/// How a client authenticates to the provider (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuthMethod {
    /// Id and secret, form-encoded, in an `Authorization: Basic` header.
    ClientSecretBasic,
    /// Id and secret in the body, as `client_id` and `client_secret`.
    ClientSecretPost,
}

impl ClientAuthMethod {
    pub(super) const ALL: [Self; 2] = [Self::ClientSecretBasic, Self::ClientSecretPost];

    /// The registered name, as metadata documents spell it: `client_secret_basic`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}
