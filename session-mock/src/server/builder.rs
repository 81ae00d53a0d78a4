//! Choices to make before a provider starts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use session_core::SystemClock;

use super::client::Client;
use super::clock::Clock;
use super::provider::Provider;
use super::random::unguessable;
use super::terms::Terms;

/// Starts a [`Provider`] with a client or a lifetime of one's own; made by [`Provider::builder`].
#[derive(Clone, Debug)]
pub struct ProviderBuilder {
    client: Option<Client>,
    lifetime: Duration,
    clock: Arc<dyn session_core::Clock>,
}

impl ProviderBuilder {
    pub(super) fn new() -> Self {
        Self {
            client: None,
            lifetime: Duration::from_secs(3600),
            clock: Arc::new(SystemClock),
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

    /// Starts the provider; it listens when this returns.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers, no thread or no port on loopback.
    pub fn start(self) -> io::Result<Provider> {
        let client = match self.client {
            Some(client) => client,
            None => Client::new("session-mock", unguessable()?),
        };
        Provider::run(
            client,
            Terms::new(self.lifetime),
            Clock::following(self.clock),
        )
    }
}
