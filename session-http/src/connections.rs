//! The connections on which requests travel.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use session_core::{Carrier, Error, ErrorKind, Receipt, Result, SessionHandle, Transport};
use tokio::runtime::Handle;
use url::Url;

#[cfg(feature = "websocket")]
use crate::websocket::Interception;
use crate::{
    certificates::Certificates,
    gate::Gate,
    loan::{Loan, Loans},
    pools::{Era, Pools},
    recipe::{Opened, Purpose, Recipe, Route},
};

/// Connections to the services of one environment, in a pool for each tokio runtime that asks.
///
/// A connection lives on the runtime that opened it, and hangs when that one rests; so no two runtimes
/// share any. A pool is made when it is first asked for, and dropped when its runtime ends, when it makes room as the one
/// of [`MOST_POOLS`](Self::MOST_POOLS) that was not used for longest, and on [`disconnect`](Carrier::disconnect).
///
/// # How it connects
///
/// - With TLS 1.2 or later (rustls), or what [`min_tls`](Transport::min_tls) says. With a
///   [`ca_file`](Transport::ca_file), the certificate authorities in it are trusted and no others, and those of the
///   system need not exist.
/// - With the [client certificate](Transport::client_certificate), if there is one, for servers of the environment
///   that ask for it. Not through a proxy of `https://`, which would be shown it too: that is an error.
/// - Through the [proxy](Transport::proxy), if there is one that carries such requests. Its password is looked up when it is
///   first needed, and again after the proxy refused it; what it refused is not tried again for a second, then two, then four, to a
///   minute at most, unless it is another by then.
/// - Where the session [logs in](session_core::Proxy::with_session_login) to the proxy, each connection begins with a login of its own, and
///   carries one request at a time by HTTP/1.1: the HTTP client tells every tunnel the same. Only a session's own requests can
///   have that, so [`client`](Self::client) is `Config` then. The proxy's own answer is not seen: it need not prove who it is. When it
///   refuses the login (407), the session's credential is renewed, once, and a connection with another login opened; for a body that
///   can be sent again.
/// - Plain http, which the engine allows to this machine only, never passes a proxy, and does
///   without certificate authorities.
/// - The proxies of environment variables are not used: where a credential travels is configuration, not
///   circumstance.
/// - Redirects are not followed, cookies not kept, netrc files not read, bytes not logged.
/// - 10 seconds to connect, 60 seconds without a byte. To backends that send requests over it by themselves: what they
///   send counts as silence of the server until it has been sent.
pub struct Connections {
    recipe: Recipe,
    pins: bool,
    era: AtomicU64,
    pools: Pools<Route>,
    #[cfg(feature = "websocket")]
    lines: crate::websocket::Lines,
    loans: Arc<Loans>,
    certificates: Certificates,
}

impl Connections {
    /// How many pools are kept at most.
    pub const MOST_POOLS: usize = Pools::<Route>::MOST;
    /// How long a connection may take to open.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// How large the headers of an answer may be by HTTP/2, in bytes as RFC 9113 §6.5.2 counts them: 64 KiB. By HTTP/1.1 it is
    /// what the library reads at once, some 400 kB. More is `Protocol`.
    pub const HEADER_LIMIT: u32 = 64 << 10;
    /// How long a server may send nothing while an answer is due.
    pub const READ_TIMEOUT: Duration = Duration::from_secs(60);

    /// Connections for this transport. Nothing is read or opened yet.
    pub fn new(transport: &Transport) -> Self {
        Self::of(Recipe::new(transport), false)
    }

    /// Connections for the requests of this session, for who watches over [`READ_TIMEOUT`](Self::READ_TIMEOUT) where
    /// there is no `builder`.
    pub(crate) fn for_session(
        session: &SessionHandle,
        builder: Option<impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static>,
    ) -> Self {
        let mut recipe = Recipe::new(session.environment().transport());
        recipe.knows_peers = session.session().binds_to_peer();
        let pins = session.session().pins_connection();
        recipe.is_watched = builder.is_none();
        let recipe = match builder {
            Some(builder) => recipe.with_builder(builder),
            None => recipe,
        };
        Self::of(recipe, pins)
    }

    /// Connections of clients that `builder` sets up, in place of our own defaults.
    ///
    /// What keeps credentials safe is not up to it: redirects are not followed, bytes not logged, and a
    /// `ca_file` is the only source of certificate authorities besides those that it adds itself.
    /// The rest of the transport holds too, in place of what the builder says of it: its proxy, its client certificate, its
    /// oldest version of TLS, HTTP/1.1 alone.
    /// The builder's proxies serve https only; like any builder of reqwest it takes them from environment
    /// variables unless told [`no_proxy`](reqwest::ClientBuilder::no_proxy). It is not asked for
    /// requests that follow a redirect to another origin: it may put headers on all that it sends.
    pub fn with_builder(
        transport: &Transport,
        builder: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        Self::of(Recipe::new(transport).with_builder(builder), false)
    }

    fn of(recipe: Recipe, pins: bool) -> Self {
        Self {
            recipe,
            pins,
            era: AtomicU64::default(),
            pools: Pools::default(),
            #[cfg(feature = "websocket")]
            lines: crate::websocket::Lines::default(),
            loans: Arc::default(),
            certificates: Certificates::default(),
        }
    }

    /// The client for requests to `url` from the runtime that this is called on. Do not keep it: it is
    /// cheap to get and would keep connections open.
    ///
    /// Waits for nothing but the proxy's password, and for that only when it is not known.
    ///
    /// # Errors
    ///
    /// `Config` when the `ca_file`, the client certificate or its key cannot be used, the system has no certificate authorities and
    /// there is no `ca_file`, or this is called outside of a tokio runtime; and as
    /// [`SecretSource::resolve`](session_core::SecretSource::resolve) for the proxy's password.
    pub async fn client(&self, url: &Url) -> Result<reqwest::Client> {
        self.client_for(url, Purpose::Session).await
    }

    /// The client to learn the certificate of the server at `url` with.
    pub(crate) async fn probing(&self, url: &Url) -> Result<reqwest::Client> {
        self.client_for(url, Purpose::Probe).await
    }

    async fn client_for(&self, url: &Url, purpose: Purpose) -> Result<reqwest::Client> {
        let known = self.known(url, purpose, (), |client, ()| client.clone())?;
        match known {
            Ok(client) => Ok(client),
            // What is rare has no room in the futures of all requests.
            Err(()) => Box::pin(self.make(url, purpose, self.era())).await,
        }
    }

    /// Calls a function with the client for requests to `url` from this runtime, or gives back what it was to be called
    /// with: then one has to be [made](Self::make) first, and that may take time.
    pub(crate) fn known<T, A>(
        &self,
        url: &Url,
        purpose: Purpose,
        argument: A,
        call: impl FnOnce(&reqwest::Client, A) -> T,
    ) -> Result<Result<T, A>> {
        let route = self.recipe.route(url, purpose);
        Ok(self.pools.known(&runtime()?, route, argument, call))
    }

    /// The present one. A request that outlives it leaves no connection open.
    pub(crate) fn era(&self) -> Era {
        self.era.load(Ordering::Relaxed)
    }

    pub(crate) async fn make(
        &self,
        url: &Url,
        purpose: Purpose,
        era: Era,
    ) -> Result<reqwest::Client> {
        let route = self.recipe.route(url, purpose);
        let build = || self.recipe.client(route, Opened::Pooled, None);
        self.pools.make(&runtime()?, route, era, build).await
    }

    /// Whether all requests of one exchange have to travel on one connection.
    pub(crate) fn pins(&self) -> bool {
        self.pins
    }

    /// A connection to the origin of `url` that nobody else has: one that is idle, if that will do, else one still to be
    /// opened, which may take this session's login to the proxy; and what that was made with.
    pub(crate) async fn lend(
        &self,
        session: &SessionHandle,
        url: &Url,
        purpose: Purpose,
        idle_will_do: bool,
        era: Era,
    ) -> Result<(Loan, Option<Receipt>)> {
        let runtime = runtime()?;
        let route = self.recipe.route(url, purpose);
        let target = (url.origin().ascii_serialization(), route);
        if idle_will_do && let Some(loan) = Loans::idle(&self.loans, runtime.id(), &target) {
            return Ok((loan, None));
        }
        let (login, receipt) = if self.recipe.has_session_login(url) {
            session.authorize_proxy().await?.unzip()
        } else {
            (None, None)
        };
        let gate = Gate::default();
        let made = Box::pin(self.recipe.client(route, Opened::Once(&gate), login)).await?;
        let loan = Loans::fresh(&self.loans, &runtime, era, target, made.client, gate);
        Ok((loan, receipt))
    }

    /// A client that opens connections to `url` for whom they are intercepted by.
    #[cfg(feature = "websocket")]
    pub(crate) async fn opening(
        &self,
        url: &Url,
        interception: &Interception,
    ) -> Result<reqwest::Client> {
        let route = self.recipe.route(url, Purpose::Upgrade);
        let way = Opened::Intercepted(interception);
        Ok(self.recipe.client(route, way, None).await?.client)
    }

    /// Whether each connection to `url` is made for one request at a time: it begins with a login that is good for one.
    pub(crate) fn are_single(&self, url: &Url) -> bool {
        self.recipe.has_session_login(url)
    }

    /// How to connect to servers.
    pub(crate) fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The certificates of servers, as far as they are known.
    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// The connections that have become websockets.
    #[cfg(feature = "websocket")]
    pub(crate) fn lines(&self) -> &crate::websocket::Lines {
        &self.lines
    }

    /// How long a server may send nothing, where that is not up to the clients.
    pub(crate) fn watched_silence(&self) -> Option<Duration> {
        self.recipe.is_watched.then_some(Self::READ_TIMEOUT)
    }
}

impl Carrier for Connections {
    /// Idle connections are closed at once, and websockets; those with a request under way when it is done.
    fn disconnect(&self) {
        let era = self.era.fetch_add(1, Ordering::Relaxed) + 1;
        self.recipe.forget();
        self.pools.clear(era);
        #[cfg(feature = "websocket")]
        self.lines.cut();
        self.loans.call_in(era);
        self.certificates.forget();
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("recipe", &self.recipe)
            .field("pins", &self.pins)
            .field("loans", &self.loans)
            .field("certificates", &self.certificates)
            .field("pools", &self.pools.len())
            .finish_non_exhaustive()
    }
}

fn runtime() -> Result<Handle> {
    Handle::try_current().map_err(|_| {
        Error::new(
            ErrorKind::Config,
            "HTTP requests need a tokio runtime; call from inside of one",
        )
    })
}
