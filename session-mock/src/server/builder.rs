//! Choices to make before a provider starts.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use session_core::SystemClock;

use super::client::Client;
use super::clock::Clock;
use super::listener::Serving;
use super::provider::Provider;
use super::random::unguessable;
use super::site::Site;
use super::terms::Terms;
#[cfg(feature = "tls")]
use super::tls::Tls;

/// Starts a [`Provider`] with a client or a lifetime of one's own; made by [`Provider::builder`].
#[derive(Clone)]
pub struct ProviderBuilder {
    client: Option<Client>,
    lifetime: Duration,
    clock: Arc<dyn session_core::Clock>,
    site: Option<Arc<dyn Site>>,
    #[cfg(feature = "tls")]
    tls: Option<Vec<String>>,
}

impl ProviderBuilder {
    pub(super) fn new() -> Self {
        Self {
            client: None,
            lifetime: Duration::from_secs(3600),
            clock: Arc::new(SystemClock),
            site: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The client that [`Provider::client_id`] and [`Provider::client_secret`] speak of, instead of one called `session-mock`
    /// with a random secret.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// How long tokens live, instead of an hour; [`Provider::set_lifetime`] changes it later.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Where it gets the time from, instead of the system's clock: tokens then expire when a test moves that clock, as they do for
    /// a session that lives by it. What [`Provider::advance`] adds comes on top. The `Date` of answers stays the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl session_core::Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What it serves, instead of its own API.
    #[must_use]
    pub fn site(mut self, site: impl Site) -> Self {
        self.site = Some(Arc::new(site));
        self
    }

    /// It speaks TLS, by a certificate for `localhost`, `127.0.0.1` and these names, and an [authority](Provider::authority) made for it.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.tls = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Starts the provider; it listens when this returns.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers, no thread or no port on loopback; and when a name is none that a
    /// certificate can be for.
    pub fn start(self) -> io::Result<Provider> {
        let client = match (self.client, &self.site) {
            (Some(client), _) => client,
            (None, None) => Client::new("session-mock", unguessable()?),
            (None, Some(site)) => Client::new("session-mock", unguessable()?).scopes(site.scopes()),
        };
        #[cfg(feature = "tls")]
        let tls = self.tls.as_deref().map(Tls::new).transpose()?;
        #[cfg(feature = "tls")]
        let (scheme, encryption, authority) = match tls {
            Some(tls) => ("https", Some(Arc::new(tls.acceptor)), Some(tls.authority)),
            None => ("http", None, None),
        };
        #[cfg(not(feature = "tls"))]
        let (scheme, encryption) = ("http", None);
        Provider::run(
            client,
            Terms::new(self.lifetime),
            Clock::following(self.clock),
            Serving {
                scheme,
                encryption,
                site: self.site,
            },
            #[cfg(feature = "tls")]
            authority,
        )
    }
}

impl fmt::Debug for ProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderBuilder")
            .field("client", &self.client)
            .field("lifetime", &self.lifetime)
            .field("site", &self.site.is_some())
            .finish_non_exhaustive()
    }
}
