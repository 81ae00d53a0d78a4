//! The connections on which requests travel.

use std::{fmt, path::Path, time::Duration};

use http::HeaderValue;
use reqwest::{Certificate, redirect::Policy};
use session_core::{Carrier, Error, ErrorKind, Result, Transport};
use tokio::runtime::Handle;
use url::Url;

use crate::pools::Pools;

/// Connections to the services of one environment, in a pool for each tokio runtime that asks.
///
/// A connection lives on the runtime that opened it, and hangs when that one rests; so no two runtimes
/// share any. A pool is made when it is first asked for, and dropped when its runtime ends, when it makes room as the one
/// of [`MOST_POOLS`](Self::MOST_POOLS) that was not used for longest, and on [`disconnect`](Carrier::disconnect).
///
/// # How it connects
///
/// - With TLS 1.2 or later (rustls). With a [`ca_file`](Transport::ca_file), the certificate
///   authorities in it are trusted and no others, and those of the system need not exist.
/// - Plain http, which the engine allows to this machine only, never passes a proxy, and does
///   without certificate authorities.
/// - The proxies of environment variables are not used: where a credential travels is configuration, not
///   circumstance. A [builder of your own](Self::with_builder) can set one.
/// - Redirects are not followed, cookies not kept, netrc files not read, bytes not logged.
/// - 10 seconds to connect, 60 seconds without a byte.
pub struct Connections {
    transport: Transport,
    builder: Option<Box<Builder>>,
    /// Whether whoever sends the requests counts for how long nothing comes, so that the clients need not.
    is_watched: bool,
    pools: Pools<Route>,
    #[cfg(feature = "websocket")]
    lines: crate::websocket::Lines,
}

type Builder = dyn Fn() -> reqwest::ClientBuilder + Send + Sync;

/// Which of the clients a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    encrypted: bool,
    purpose: Purpose,
}

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// One of the session's.
    Session,
    /// To an origin that the session has no business with: not with the caller's builder, which may put
    /// headers on every request.
    Foreign,
    /// To have the connection for itself: only HTTP/1.1 can.
    #[cfg(feature = "websocket")]
    Upgrade,
}

impl Connections {
    /// How many pools are kept at most.
    pub const MOST_POOLS: usize = Pools::<Route>::MOST;
    /// How long a connection may take to open.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// How long a server may send nothing while an answer is due.
    pub const READ_TIMEOUT: Duration = Duration::from_secs(60);

    /// Connections for this transport. Nothing is read or opened yet.
    pub fn new(transport: &Transport) -> Self {
        Self {
            transport: transport.clone(),
            builder: None,
            is_watched: false,
            pools: Pools::default(),
            #[cfg(feature = "websocket")]
            lines: crate::websocket::Lines::default(),
        }
    }

    /// As [`new`](Self::new), for who watches over [`READ_TIMEOUT`](Self::READ_TIMEOUT).
    pub(crate) fn watched(transport: &Transport) -> Self {
        Self {
            is_watched: true,
            ..Self::new(transport)
        }
    }

    /// Connections of clients that `builder` sets up, in place of our own defaults.
    ///
    /// What keeps credentials safe is not up to it: redirects are not followed, bytes not logged, and a
    /// `ca_file` is the only source of certificate authorities besides those that it adds itself.
    /// Its proxies serve https only; like any builder of reqwest it takes them from environment
    /// variables unless told [`no_proxy`](reqwest::ClientBuilder::no_proxy). It is not asked for
    /// requests that follow a redirect to another origin: it may put headers on all that it sends.
    pub fn with_builder(
        transport: &Transport,
        builder: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        Self {
            builder: Some(Box::new(builder)),
            ..Self::new(transport)
        }
    }

    /// The client for requests to `url` from the runtime that this is called on. Do not keep it: it is
    /// cheap to get and would keep connections open.
    ///
    /// # Errors
    ///
    /// `Config` when the `ca_file` cannot be used, the system has no certificate authorities and there
    /// is no `ca_file`, or this is called outside of a tokio runtime.
    pub fn client(&self, url: &Url) -> Result<reqwest::Client> {
        self.with_client(url, Purpose::Session, reqwest::Client::clone)
    }

    /// Calls a function with the client for requests to `url` from this runtime.
    pub(crate) fn with_client<T>(
        &self,
        url: &Url,
        purpose: Purpose,
        call: impl FnOnce(&reqwest::Client) -> T,
    ) -> Result<T> {
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(
                ErrorKind::Config,
                "HTTP requests need a tokio runtime; call from inside of one",
            )
        })?;
        let route = Route {
            encrypted: url.scheme() == "https",
            purpose: match purpose {
                // One client for both, where nobody's builder makes a difference.
                Purpose::Foreign if self.builder.is_none() => Purpose::Session,
                purpose => purpose,
            },
        };
        self.pools.with(&runtime, route, || self.build(route), call)
    }

    /// The connections that have become websockets.
    #[cfg(feature = "websocket")]
    pub(crate) fn lines(&self) -> &crate::websocket::Lines {
        &self.lines
    }

    /// How long a server may send nothing, where that is not up to the clients.
    pub(crate) fn watched_silence(&self) -> Option<Duration> {
        self.is_watched.then_some(Self::READ_TIMEOUT)
    }

    fn build(&self, route: Route) -> Result<reqwest::Client> {
        let builder = match &self.builder {
            Some(builder) if route.purpose != Purpose::Foreign => builder(),
            _ if self.is_watched => defaults(),
            _ => defaults().read_timeout(Self::READ_TIMEOUT),
        };
        let ca_file = self.transport.ca_file().filter(|_| route.encrypted);
        let builder = match ca_file {
            Some(path) => builder.tls_certs_only(certificates(path)?),
            None if route.encrypted => builder,
            None => builder.no_proxy().tls_certs_only([]),
        };
        #[cfg(feature = "websocket")]
        let builder = match route.purpose {
            Purpose::Upgrade => builder.http1_only(),
            _ => builder,
        };
        builder
            .redirect(Policy::none())
            .referer(false)
            .connection_verbose(false)
            .build()
            .map_err(|error| unbuildable(&error, ca_file))
    }
}

impl Carrier for Connections {
    /// Idle connections are closed at once, and websockets; those with a request under way when it is done.
    fn disconnect(&self) {
        self.pools.clear();
        #[cfg(feature = "websocket")]
        self.lines.cut();
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("transport", &self.transport)
            .field("own_builder", &self.builder.is_some())
            .field("is_watched", &self.is_watched)
            .field("pools", &self.pools.len())
            .finish_non_exhaustive()
    }
}

/// Has no count of references that all threads would write.
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("session-kit/", env!("CARGO_PKG_VERSION")));

fn defaults() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .connect_timeout(Connections::CONNECT_TIMEOUT)
        .no_proxy()
}

fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let problem = match std::fs::read(path) {
        Ok(pem) => match Certificate::from_pem_bundle(&pem) {
            Ok(certificates) if !certificates.is_empty() => return Ok(certificates),
            _ => "holds no certificates in PEM form".to_owned(),
        },
        Err(error) => format!("cannot be read: {}", error.kind()),
    };
    Err(bad_ca_file(path, &problem))
}

fn bad_ca_file(path: &Path, problem: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "`ca_file` {} {problem}; it must hold the certificate authorities to trust",
            path.display()
        ),
    )
}

fn unbuildable(error: &reqwest::Error, ca_file: Option<&Path>) -> Error {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let cause = cause.as_deref().unwrap_or("no reason given");
    match ca_file {
        // A certificate is looked into only when a client is built.
        Some(path) => bad_ca_file(path, &format!("cannot be used: {cause}")),
        None => Error::new(
            ErrorKind::Config,
            format!(
                "no HTTP client can be built: {cause}; does this machine have certificate authorities (Debian's package is `ca-certificates`)? If not, set the environment's `ca_file`"
            ),
        ),
    }
}
