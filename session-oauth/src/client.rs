//! The client that authenticates.

use std::fmt;

use session_core::{Error, ErrorKind, Result, Secret, SecretSource};

/// How the client authenticates to the authorization server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// Identifier and secret in an `Authorization: Basic` header, form-encoded (RFC 6749 §2.3.1).
    #[default]
    SecretBasic,
    /// Identifier and secret in the request's body.
    SecretPost,
}

impl ClientAuth {
    /// All that there are.
    pub(crate) const ALL: [Self; 2] = [Self::SecretBasic, Self::SecretPost];

    /// The name in the registry of token endpoint authentication methods, such as `client_secret_basic`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
        }
    }
}

impl fmt::Display for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A client's secret, or where to find it.
///
/// Made from a text, a [`Secret`], or a [`SecretSource`], which is asked again at each authentication.
///
/// ```
/// use session_core::SecretSource;
/// use session_oauth::ClientSecret;
///
/// let given = ClientSecret::from("hunter2");
/// let found = ClientSecret::from(SecretSource::env("ORDERS_SECRET"));
/// assert_eq!(format!("{given:?} {found:?}"), "ClientSecret(Literal(..)) ClientSecret(Env(\"ORDERS_SECRET\"))");
/// ```
#[derive(Clone, Debug)]
pub struct ClientSecret(SecretSource);

impl From<SecretSource> for ClientSecret {
    fn from(source: SecretSource) -> Self {
        Self(source)
    }
}

impl From<Secret> for ClientSecret {
    fn from(secret: Secret) -> Self {
        Self(SecretSource::literal(secret))
    }
}

impl From<String> for ClientSecret {
    fn from(secret: String) -> Self {
        Secret::new(secret).into()
    }
}

impl From<&str> for ClientSecret {
    fn from(secret: &str) -> Self {
        Secret::new(secret).into()
    }
}

impl From<ClientSecret> for SecretSource {
    fn from(secret: ClientSecret) -> Self {
        secret.0
    }
}

/// A client as it is registered at the authorization server.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) auth: ClientAuth,
    secret: ClientSecret,
}

impl Client {
    pub(crate) fn new(id: String, auth: ClientAuth, secret: ClientSecret) -> Result<Self> {
        if id.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "`client_id` is empty; give it the identifier that the client is registered with",
            ));
        }
        Ok(Self { id, auth, secret })
    }

    /// Where the secret is from, for people.
    pub(crate) fn secret_source(&self) -> String {
        self.secret.0.to_string()
    }

    /// The secret as it is now.
    pub(crate) async fn secret(&self) -> Result<Secret> {
        let secret = self.secret.0.resolve().await?;
        // RFC 6749 §2.3.1 form-encodes it, and that is defined for text alone.
        if secret.expose_str().is_none_or(str::is_empty) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`client_secret` of client `{}` is empty, or not UTF-8 text; check where it comes from",
                    self.id
                ),
            ));
        }
        Ok(secret)
    }
}
