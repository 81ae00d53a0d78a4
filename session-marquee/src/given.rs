//! What a session is given to authenticate with.

use session_core::SecretSource;
use session_oauth::ClientSecret;

use crate::{cookies::Cookies, scope::Scopes};

#[derive(Clone, Debug)]
pub(crate) enum Given {
    Client {
        id: String,
        secret: ClientSecret,
        scopes: Scopes,
    },
    Token(SecretSource),
    Cookies(Cookies),
    #[cfg(feature = "kerberos")]
    Kerberos {
        /// To log in at.
        page: String,
        /// Whether tickets come from the default cache.
        by_default: bool,
    },
}

impl Given {
    pub(crate) fn client(id: String, secret: ClientSecret) -> Self {
        Self::Client {
            id,
            secret,
            scopes: Scopes::default(),
        }
    }
}
