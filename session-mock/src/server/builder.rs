//! Choices to make before a provider starts.

use std::io;
use std::time::Duration;

use super::client::Client;
use super::provider::Provider;
use super::random::unguessable;
use super::terms::Terms;

/// Starts a [`Provider`] with a client or a lifetime of one's own; made by [`Provider::builder`].
#[derive(Clone, Debug)]
pub struct ProviderBuilder {
    client: Option<Client>,
    lifetime: Duration,
}

impl ProviderBuilder {
    pub(super) fn new() -> Self {
        Self {
            client: None,
            lifetime: Duration::from_secs(3600),
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
        Provider::run(client, Terms::new(self.lifetime))
    }
}
