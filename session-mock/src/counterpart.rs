//! The embedded provider, as kits drive it.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use serde_json::json;

use crate::{Answer, Client, Hold, Kind, Outage, Provider, ProviderBuilder, Unable};

/// A [`Provider`] with one client, as the counterpart of a [`Subject`](crate::Subject) that gets its tokens there: it answers as the kits
/// want it, at the token endpoint and where tokens are revoked. Everything else of it works.
///
/// ```
/// use session_core::SessionHandle;
/// use session_mock::{Answer, Client, Counterpart, Provider, Subject, Unable, canary};
///
/// struct Application(Counterpart);
///
/// impl Subject for Application {
///     fn start() -> Self {
///         let client = Client::new("orders-service", canary());
///         Self(Counterpart::start(Provider::builder(), client).unwrap())
///     }
///
///     fn session(&self) -> SessionHandle {
///         let provider = self.0.provider();
///         // …: a session by `provider.token_endpoint()`, `provider.client_id()` and `provider.client_secret()`
/// #       session_mock::MockSession::bearer(provider.client_id()).handle()
///     }
///
///     fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
///         self.0.answer(answer)
///     }
///
///     fn authentications(&self) -> Result<usize, Unable> {
///         Ok(self.0.authentications())
///     }
///
///     fn secrets(&self) -> Vec<String> {
///         self.0.secrets()
///     }
/// }
/// ```
pub struct Counterpart {
    provider: Provider,
    client: Client,
    holds: Mutex<Vec<Hold>>,
    echoes: AtomicUsize,
}

impl Counterpart {
    /// How long its tokens live, unless that is [changed](Provider::set_lifetime).
    pub const LIFETIME: Duration = Duration::from_secs(3600);

    /// What is scripted.
    const KINDS: [Kind; 2] = [Kind::Token, Kind::Revoke];

    /// Starts a provider that knows this client and no other, and lets it in.
    ///
    /// # Errors
    ///
    /// As [`ProviderBuilder::start`].
    pub fn start(provider: ProviderBuilder, client: Client) -> std::io::Result<Self> {
        let provider = provider.client(client.clone()).lifetime(Self::LIFETIME);
        Ok(Self {
            provider: provider.start()?,
            client,
            holds: Mutex::default(),
            echoes: AtomicUsize::new(0),
        })
    }

    /// The provider, to be told whatever else.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// [`Subject::answer`](crate::Subject::answer).
    ///
    /// # Errors
    ///
    /// When the kit is of a later version, and wants what a provider does not know yet.
    pub fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.provider.add_client(self.client.clone());
        for kind in Self::KINDS {
            self.provider.recover(kind);
        }
        self.holds().clear();
        match answer {
            Answer::Accept => {}
            Answer::Refuse => self.provider.add_client(self.client.with_secret("another")),
            Answer::Fail => self.fail(&Outage::status(StatusCode::SERVICE_UNAVAILABLE)),
            Answer::Garble => self.fail(&Outage::html(StatusCode::OK)),
            Answer::Hold => {
                let held = Self::KINDS.map(|kind| self.provider.hold(kind));
                self.holds().extend(held);
            }
            Answer::Echo(text) => {
                let number = self.echoes.fetch_add(1, Ordering::Relaxed);
                self.fail(&echo(text, number));
            }
        }
        Ok(())
    }

    /// [`Subject::authentications`](crate::Subject::authentications), where each is one request for a token.
    pub fn authentications(&self) -> usize {
        self.provider.count(Kind::Token)
    }

    /// [`Subject::secrets`](crate::Subject::secrets): the client's, and some of the tokens that were given out. All are made alike.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![self.client.secret().to_owned()];
        secrets.extend(self.provider.issued().into_iter().step_by(20));
        secrets
    }

    fn fail(&self, outage: &Outage) {
        for kind in Self::KINDS {
            self.provider.fail(kind, outage.clone());
        }
    }

    fn holds(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the provider.
impl fmt::Debug for Counterpart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counterpart").field(&self.provider).finish()
    }
}

/// One of the answers that have room for a text.
fn echo(text: &str, number: usize) -> Outage {
    let body = match number % 6 {
        0 => json!({ "error": "invalid_client", "error_description": text }),
        1 => json!({ "error": text }),
        2 => json!({ "access_token": "t", "token_type": text }),
        3 => json!({ "access_token": "t", "expires_in": text }),
        4 => json!({ "access_token": [text] }),
        _ => return Outage::json(StatusCode::OK, text),
    };
    let status = [StatusCode::BAD_REQUEST, StatusCode::OK][number % 2];
    Outage::json(status, body.to_string())
}
