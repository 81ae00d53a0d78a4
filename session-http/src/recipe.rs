//! What HTTP clients are made of.

use std::{error::Error as _, fmt, sync::Arc};

use http::HeaderValue;
use reqwest::{redirect::Policy, tls::Version};
use session_core::{Error, ErrorKind, Proxy, Result, TlsVersion, Transport};
use url::Url;

#[cfg(feature = "websocket")]
use crate::websocket::Interception;
use crate::{
    Connections,
    gate::Gate,
    login::{self, Login},
    pem::{self, Files},
    tunnel::Tunnel,
};

/// How the clients of some connections are set up.
pub(crate) struct Recipe {
    transport: Transport,
    builder: Option<Box<Builder>>,
    login: Arc<Login>,
    files: Files,
    /// Whether whoever sends the requests counts for how long nothing comes, so that the clients need not.
    pub(crate) is_watched: bool,
    /// Whether answers tell of the certificate that their server showed.
    pub(crate) knows_peers: bool,
}

type Builder = dyn Fn() -> reqwest::ClientBuilder + Send + Sync;

/// Which of the clients a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    encrypted: bool,
    proxied: bool,
    purpose: Purpose,
}

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// One of the session's.
    Session,
    /// To an origin that the session has no business with: not with the caller's builder, which may put
    /// headers on every request, and without a client certificate.
    Foreign,
    /// To learn a server's certificate: not with the caller's builder either, but with a client certificate, which the server may
    /// insist on.
    Probe,
    /// To have the connection for itself: only HTTP/1.1 can.
    #[cfg(feature = "websocket")]
    Upgrade,
}

/// What becomes of the connections that a client opens.
#[derive(Clone, Copy)]
pub(crate) enum Opened<'a> {
    /// They are the client's to keep.
    Pooled,
    /// There is one, and no other.
    Once(&'a Gate),
    /// Somebody else has them.
    #[cfg(feature = "websocket")]
    Intercepted(&'a Interception),
}

impl Recipe {
    pub(crate) fn new(transport: &Transport) -> Self {
        Self {
            transport: transport.clone(),
            builder: None,
            login: Arc::default(),
            files: Files::default(),
            is_watched: false,
            knows_peers: false,
        }
    }

    pub(crate) fn with_builder(
        self,
        builder: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        Self {
            builder: Some(Box::new(builder)),
            ..self
        }
    }

    /// Which client a request to `url` needs.
    pub(crate) fn route(&self, url: &Url, purpose: Purpose) -> Route {
        let has_own = self.builder.is_some() || self.transport.client_certificate().is_some();
        Route {
            encrypted: url.scheme() == "https",
            proxied: self.proxy(url).is_some(),
            purpose: match purpose {
                // One client for both, where it makes no difference.
                Purpose::Foreign if !has_own => Purpose::Session,
                Purpose::Probe if self.builder.is_none() => Purpose::Session,
                purpose => purpose,
            },
        }
    }

    pub(crate) fn has_builder(&self) -> bool {
        self.builder.is_some()
    }

    /// Whether nothing is lost on a connection that is used without the client that opens it: neither what the caller's builder puts
    /// on requests, nor the certificate of the server.
    #[cfg(feature = "websocket")]
    pub(crate) fn may_be_intercepted(&self) -> bool {
        self.builder.is_none() && !self.knows_peers
    }

    /// The proxy that a request to `url` goes through.
    pub(crate) fn proxy(&self, url: &Url) -> Option<&Proxy> {
        self.transport.proxy().filter(|proxy| proxy.carries(url))
    }

    /// Whether a connection to `url` begins with the session's login to a proxy.
    pub(crate) fn has_session_login(&self, url: &Url) -> bool {
        let is_said = self.transport.proxy().is_some_and(Proxy::has_session_login);
        is_said && self.proxy(url).is_some()
    }

    /// Looks files and secrets up again.
    pub(crate) fn forget(&self) {
        self.login.forget();
        self.files.forget();
    }

    /// A client for this route, and for what is to become of the connections that it opens; one that opens one alone may have the session's
    /// login to the proxy, which is good for one.
    pub(crate) async fn client(
        &self,
        route: Route,
        way: Opened<'_>,
        session_login: Option<HeaderValue>,
    ) -> Result<Made> {
        let transport = &self.transport;
        let foreign = route.purpose == Purpose::Foreign;
        let has_own =
            self.builder.is_some() && !matches!(route.purpose, Purpose::Foreign | Purpose::Probe);
        let mut builder = match &self.builder {
            Some(builder) if has_own => builder(),
            _ if self.is_watched => defaults(),
            _ => defaults().read_timeout(Connections::READ_TIMEOUT),
        };
        if !has_own && !route.proxied {
            builder = builder.connect_timeout(Connections::CONNECT_TIMEOUT);
        }
        let mut tunnel = None;
        if route.encrypted {
            if let Some(path) = transport.ca_file() {
                builder = builder.tls_certs_only(self.files.authorities(path)?);
            }
            if let Some(path) = transport.client_certificate().filter(|_| !foreign) {
                if let Some(proxy) = transport.proxy().filter(|_| route.proxied) {
                    keep_from(proxy)?;
                }
                builder = builder.identity(self.files.identity(path, transport.client_key())?);
            }
            if transport.min_tls() >= TlsVersion::Tls13 {
                builder = builder.tls_version_min(Version::TLS_1_3);
            }
            if let Some(proxy) = transport.proxy() {
                // In place of those that the caller's builder has.
                builder = builder.no_proxy();
                if route.proxied {
                    let limit = (!has_own).then_some(Connections::CONNECT_TIMEOUT);
                    let header = match (&session_login, proxy.has_session_login()) {
                        (Some(_), _) => session_login,
                        (None, false) => self.login.header(proxy).await?,
                        (None, true) => return Err(not_of_the_session(proxy)),
                    };
                    let is_password = !proxy.has_session_login();
                    // Credentials are a header of their own: reqwest would keep a user and a password in the proxy's URL, which
                    // it shows.
                    let mut way = reqwest::Proxy::https(proxy.url().as_str())
                        .map_err(|_| login::unusable(proxy))?;
                    if let Some(header) = header.clone() {
                        way = way.custom_http_auth(header);
                    }
                    let login = header
                        .filter(|_| is_password)
                        .map(|header| (Arc::clone(&self.login), header));
                    let layer = Tunnel::new(proxy, login, limit);
                    builder = builder.proxy(way).connector_layer(layer.clone());
                    tunnel = Some(layer);
                }
            }
        } else {
            builder = builder.no_proxy().tls_certs_only([]);
        }
        #[cfg(feature = "websocket")]
        let is_upgrade = route.purpose == Purpose::Upgrade;
        #[cfg(not(feature = "websocket"))]
        let is_upgrade = false;
        if transport.http1_only() || !matches!(way, Opened::Pooled) || is_upgrade {
            builder = builder.http1_only();
        }
        match way {
            Opened::Pooled => {}
            Opened::Once(gate) => builder = builder.connector_layer(gate.clone()),
            #[cfg(feature = "websocket")]
            Opened::Intercepted(it) => builder = builder.connector_layer(it.clone()),
        }
        let client = builder
            .http2_max_header_list_size(Connections::HEADER_LIMIT)
            .tls_info(self.knows_peers && route.encrypted)
            .redirect(Policy::none())
            .referer(false)
            .connection_verbose(false)
            .build()
            .map_err(|error| self.unbuildable(&error))?;
        Ok(Made { client, tunnel })
    }

    fn unbuildable(&self, error: &reqwest::Error) -> Error {
        let cause = error.source();
        let is_of_tls = cause
            .and_then(|cause| cause.downcast_ref::<rustls::Error>())
            .is_some();
        let cause = cause.map(ToString::to_string);
        let cause = cause.as_deref().unwrap_or("no reason given");
        match self.transport.client_certificate() {
            // The authorities have been looked into before.
            Some(path) if is_of_tls => pem::unsuitable(path, self.transport.client_key(), cause),
            _ => Error::new(
                ErrorKind::Config,
                format!(
                    "no HTTP client can be built: {cause}; does this machine have certificate authorities (Debian's package is `ca-certificates`)? If not, set the environment's `ca_file`"
                ),
            ),
        }
    }
}

/// A client, and what it tells of its proxy.
pub(crate) struct Made {
    pub(crate) client: reqwest::Client,
    pub(crate) tunnel: Option<Tunnel>,
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe")
            .field("transport", &self.transport)
            .field("own_builder", &self.builder.is_some())
            .field("is_watched", &self.is_watched)
            .field("knows_peers", &self.knows_peers)
            .finish_non_exhaustive()
    }
}

/// Has no count of references that all threads would write.
pub(crate) const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("session-kit/", env!("CARGO_PKG_VERSION")));

fn defaults() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .tls_version_min(Version::TLS_1_2)
        .no_proxy()
}

/// What a session authenticates with, it cannot have before it has authenticated.
fn not_of_the_session(proxy: &Proxy) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the session is to log in to the proxy {}, and cannot for requests that are not its own, such as those by which it authenticates; give the proxy a user and a password, or reach the host without it: `bypass`",
            proxy.url()
        ),
    )
}

/// The client certificate is the servers'. The HTTP client has one for whoever asks in a handshake, and one with a proxy of https is
/// the first.
fn keep_from(proxy: &Proxy) -> Result<()> {
    if proxy.url().scheme() != "https" {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "the proxy {} would be shown the `client_certificate` too; reach it by an `http://` address, for what goes through it is encrypted all the same, or reach the host without it",
            proxy.url()
        ),
    ))
}
