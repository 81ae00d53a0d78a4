//! What goes wrong on the way through a proxy.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::HeaderValue;
use session_core::Proxy;
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

use crate::login::Login;

/// Goes around the connector of clients whose connections are tunnels through a proxy: of what fails there, their own errors name
/// neither the proxy nor, in a form to act on, the reason.
#[derive(Clone)]
pub(crate) struct Tunnel(Arc<Shared>);

struct Shared {
    /// Host and port.
    proxy: String,
    told: Told,
    /// The password that it is told.
    login: Option<(Arc<Login>, HeaderValue)>,
    /// How long a tunnel and the handshake in it may take together.
    limit: Option<Duration>,
    refused: AtomicBool,
}

impl Tunnel {
    pub(crate) fn new(
        proxy: &Proxy,
        login: Option<(Arc<Login>, HeaderValue)>,
        limit: Option<Duration>,
    ) -> Self {
        Self(Arc::new(Shared {
            proxy: name(proxy),
            told: match login {
                Some(_) => Told::Password,
                None if proxy.has_session_login() => Told::Session,
                None => Told::Nothing,
            },
            login,
            limit,
            refused: AtomicBool::new(false),
        }))
    }

    /// Whether the proxy has refused these credentials.
    pub(crate) fn is_refused(&self) -> bool {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// The same error, or what it says of the proxy.
    fn explain(&self, error: BoxError) -> BoxError {
        // The type has no name outside of its crate; its texts are constants, and in the tests of this one.
        let text = error.to_string();
        let Some(text) = text.strip_prefix("tunnel error: ") else {
            return error;
        };
        let problem = match text {
            "proxy authorization required" => {
                if let Some((login, header)) = &self.0.login {
                    login.refused(header);
                }
                self.0.refused.store(true, Ordering::Relaxed);
                Problem::Refused(self.0.told)
            }
            "failed to create underlying connection" => Problem::Unreachable,
            "unsuccessful" => Problem::NoTunnel(self.0.told),
            _ => Problem::Broken,
        };
        self.failed(problem, Some(error))
    }

    fn failed(&self, problem: Problem, source: Option<BoxError>) -> BoxError {
        Box::new(TunnelError {
            proxy: self.0.proxy.clone(),
            problem,
            source,
        })
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;

impl<S> Layer<S> for Tunnel {
    type Service = Tunnelled<S>;

    fn layer(&self, connector: S) -> Tunnelled<S> {
        Tunnelled {
            connector,
            tunnel: self.clone(),
        }
    }
}

/// A connector in its [`Tunnel`].
#[derive(Clone)]
pub(crate) struct Tunnelled<S> {
    connector: S,
    tunnel: Tunnel,
}

impl<S, R> Service<R> for Tunnelled<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.connector.call(target);
        let tunnel = self.tunnel.clone();
        Box::pin(async move {
            let outcome = match tunnel.0.limit {
                None => connecting.await,
                Some(limit) => match timeout(limit, connecting).await {
                    Ok(outcome) => outcome,
                    Err(_) => return Err(tunnel.failed(Problem::Slow, None)),
                },
            };
            if let (Ok(_), Some((login, header))) = (&outcome, &tunnel.0.login) {
                login.accepted(header);
            }
            outcome.map_err(|error| tunnel.explain(error))
        })
    }
}

/// No connection through a proxy, and why.
#[derive(Debug)]
pub(crate) struct TunnelError {
    pub(crate) proxy: String,
    pub(crate) problem: Problem,
    source: Option<BoxError>,
}

impl TunnelError {
    /// Whether the proxy has refused who the session is. Nothing of the request was sent.
    pub(crate) fn is_login_refused(&self) -> bool {
        matches!(self.problem, Problem::Refused(Told::Session))
    }

    /// As when this proxy refuses the credentials.
    pub(crate) fn refused(proxy: &Proxy) -> Self {
        Self {
            proxy: name(proxy),
            problem: Problem::Refused(Told::Password),
            source: None,
        }
    }
}

/// What a proxy is told of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    /// A user and a password.
    Password,
    /// What the session has to say.
    Session,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Problem {
    /// It answered 407 to the `CONNECT`.
    Refused(Told),
    /// It cannot be connected to.
    Unreachable,
    /// It answered neither 200 nor 407, or not in HTTP. To wrong credentials some answer otherwise: tinyproxy with 401.
    NoTunnel(Told),
    /// It hung up.
    Broken,
    /// It took too long, or what is behind it.
    Slow,
}

/// Host and port.
fn name(proxy: &Proxy) -> String {
    let url = proxy.url();
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection through the proxy `{}`", self.proxy)
    }
}

impl StdError for TunnelError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
