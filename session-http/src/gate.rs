//! A connection, and no second one.

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

use tokio::{sync::watch, time::timeout};
use tower_layer::Layer;
use tower_service::Service;

use crate::transport_error;

/// Goes around the connector of a client that opens one connection in its life. So all requests that it ever carries travel on
/// that one.
///
/// A client looks for a connection of its own and opens another at once, and takes what is ready first. Here only its own can
/// be: one that carried an answer until just now is on its way back.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<State>);

#[derive(Default)]
struct State {
    /// The connection has been opened, or that was tried.
    is_closed: AtomicBool,
    /// A request of an exchange waits for the connection of the one before.
    is_awaited: watch::Sender<bool>,
}

impl Gate {
    /// How long a connection may be on its way back from an answer that has been read. It takes no time at all but for other
    /// work that the runtime has to do.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Says whether a request is under way that comes after one of the same exchange: then it waits for the connection. Else
    /// another one is as good, and its lack is told at once.
    pub(crate) fn set_awaited(&self, awaited: bool) {
        self.0.is_awaited.send_replace(awaited);
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, connector: S) -> Gated<S> {
        Gated {
            connector,
            gate: self.clone(),
        }
    }
}

/// A connector behind its [`Gate`].
#[derive(Clone)]
pub(crate) struct Gated<S> {
    connector: S,
    gate: Gate,
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let state = &self.gate.0;
        if !state.is_closed.swap(true, Ordering::Relaxed) {
            return Box::pin(self.connector.call(target));
        }
        let mut awaited = state.is_awaited.subscribe();
        Box::pin(async move {
            // Not for longer than the request does: the client would go on with this in the background, and be kept by it.
            let settled = awaited.wait_for(|is_awaited| !is_awaited);
            let _ = timeout(Gate::PATIENCE, settled).await;
            Err(Box::new(ConnectionLost) as BoxError)
        })
    }
}

/// The one connection is gone. Nothing of the request was sent.
#[derive(Debug)]
pub(crate) struct ConnectionLost;

impl fmt::Display for ConnectionLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed")
    }
}

impl StdError for ConnectionLost {}

/// Whether this is why a request was not sent.
pub(crate) fn is_lost(error: &reqwest::Error) -> bool {
    transport_error::found::<ConnectionLost>(error).is_some()
}
