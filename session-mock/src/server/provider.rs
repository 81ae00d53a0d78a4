//! A running provider: where it is, and what it saw.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::builder::ProviderBuilder;
use super::client::Client;
use super::clock::Clock;
use super::entry::{Entry, Kind};
use super::listener::{Listener, Serving};
use super::state::{State, lock};
use super::terms::Terms;

/// An OAuth 2 authorization server and a protected API on loopback, for tests and demonstrations.
///
/// It runs on a thread of its own, so that it serves blocking and asynchronous tests alike, and stops when it is dropped:
/// its port is closed and every connection ended. It speaks HTTP/1.1 on 127.0.0.1 and serves
///
/// | path | what |
/// |---|---|
/// | `/.well-known/oauth-authorization-server`, `/.well-known/openid-configuration` | its metadata (RFC 8414) |
/// | `/token` | access tokens by the client credentials grant, and by refresh tokens if [it gives those out](Self::set_refresh_tokens); clients authenticate by `client_secret_basic` or `client_secret_post` |
/// | `/revoke` | revocation (RFC 7009) |
/// | `/api/status/NNN` | an answer of that status |
/// | `/api/redirect?to=URL&status=NNN` | a redirect, by default 302 |
/// | `/api/scoped/NAME` | as below, if the token has the scope NAME |
/// | any other `/api/…` | what the request looked like, as JSON: `method`, `path`, `query`, `client_id`, `scopes`, `content_type`, `body` |
///
/// It serves a [`Site`](super::Site) in place of that API, if it is [built with one](ProviderBuilder::site).
///
/// The API takes a valid bearer token, and answers else as RFC 6750 says. Bodies may have 1 MiB, headers at least
/// 64 KiB in 100 lines.
///
/// Everything else is scripted while it runs, and what it received is in its [`log`](Self::log). A test needs no sleep:
/// [`advance`](Self::advance) lets tokens expire, [`hold`](Self::hold) keeps answers back, and
/// [`wait_for`](Self::wait_for) tells when requests have arrived.
///
/// ```
/// use std::io::{Read, Write};
/// use session_mock::{Kind, Provider};
///
/// let provider = Provider::start()?;
///
/// // What is under test gets `provider.token_endpoint()`, `provider.client_id()` and `provider.client_secret()`,
/// // and calls `provider.api()`. Here it has no token:
/// let address = provider.api().socket_addrs(|| None)?;
/// let mut connection = std::net::TcpStream::connect(&*address)?;
/// connection.write_all(b"GET /api/orders HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n")?;
/// let mut answer = String::new();
/// connection.read_to_string(&mut answer)?;
///
/// assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
/// assert_eq!(provider.count(Kind::Api), 1);
/// assert_eq!(provider.count(Kind::Token), 0);
/// assert_eq!(provider.log()[0].path(), "/api/orders");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Provider {
    client: Client,
    #[cfg(feature = "tls")]
    authority: Option<String>,
    pub(super) state: Arc<State>,
    /// Stops the thread when it is dropped.
    _listener: Listener,
}

impl Provider {
    /// Starts a provider with one client, whose secret is random, and tokens that live for an hour.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers, no thread or no port on loopback.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// A provider with a client or a lifetime of one's own.
    pub fn builder() -> ProviderBuilder {
        ProviderBuilder::new()
    }

    pub(super) fn run(
        client: Client,
        terms: Terms,
        clock: Clock,
        serving: Serving,
        #[cfg(feature = "tls")] authority: Option<String>,
    ) -> io::Result<Self> {
        let (listener, state) = Listener::start(client.clone(), terms, clock, serving)?;
        Ok(Self {
            client,
            #[cfg(feature = "tls")]
            authority,
            state,
            _listener: listener,
        })
    }

    /// The issuer, exactly as the metadata names it, and the base of everything that the provider serves.
    pub fn issuer(&self) -> &Url {
        &self.state.endpoints.issuer
    }

    /// The token endpoint.
    pub fn token_endpoint(&self) -> &Url {
        &self.state.endpoints.token
    }

    /// The revocation endpoint.
    pub fn revocation_endpoint(&self) -> &Url {
        &self.state.endpoints.revocation
    }

    /// The certificate of the authority that signed the provider's, as PEM: what a client under test is to trust, and nobody else
    /// should. `None` without [`ProviderBuilder::tls`].
    #[cfg(feature = "tls")]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The base URL of the protected API; it ends in `/api/`, or is all of a [`Site`](super::Site).
    pub fn api(&self) -> &Url {
        &self.state.endpoints.api
    }

    /// The id of the client that the provider was started with.
    pub fn client_id(&self) -> &str {
        self.client.id()
    }

    /// The secret of the client that the provider was started with.
    pub fn client_secret(&self) -> &str {
        self.client.secret()
    }

    /// The access tokens issued, in order, as they are: for a test that searches for them where they must not be. The
    /// latest 65,536.
    pub fn issued(&self) -> Vec<String> {
        lock(&self.state.tokens).texts()
    }

    /// The requests received, in order: the latest 65,536, or fewer where they take more than 256 MiB. What hyper refuses
    /// before it is a request, such as garbage, is not among them.
    pub fn log(&self) -> Vec<Entry> {
        self.state.log.entries()
    }

    /// How many requests of this kind were received, in all.
    pub fn count(&self, kind: Kind) -> usize {
        self.state.log.count(kind)
    }

    /// How many requests of this kind it worked on at once, at most: from their arrival until they are answered or cut off.
    /// One that [hangs](super::Outage::hang) it does not work on.
    pub fn most_at_once(&self, kind: Kind) -> usize {
        self.state.load.most(kind)
    }

    /// Waits until the log is as the predicate wants it, however long that takes: a test that may fail here brings its
    /// runtime's time-out. The predicate is asked now, and whenever a request was received or answered.
    pub async fn wait_for(&self, predicate: impl FnMut(&[Entry]) -> bool) {
        self.state.log.wait_for(predicate).await;
    }

    /// [`wait_for`](Self::wait_for) for a test without `async`: blocks the thread, and says whether the log came to be as
    /// the predicate wants it. It gives up when no request was received or answered for as long as `patience`.
    #[must_use = "it may have given up"]
    pub fn blocking_wait_for(
        &self,
        patience: Duration,
        predicate: impl FnMut(&[Entry]) -> bool,
    ) -> bool {
        self.state.log.blocking_wait_for(patience, predicate)
    }
}

/// Shows where it is and what it received, in numbers.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("issuer", &self.issuer().as_str())
            .field("client_id", &self.client_id())
            .field("token_requests", &self.count(Kind::Token))
            .field("api_requests", &self.count(Kind::Api))
            .finish_non_exhaustive()
    }
}
