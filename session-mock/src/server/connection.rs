//! One connection, from its first request to its end.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
#[cfg(feature = "tls")]
use tokio::io::AsyncWriteExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::heads::Overheard;
use super::link::Link;
use super::service;
use super::state::State;

/// What a provider encrypts connections with, if it does.
pub(super) type Encryption = Option<Arc<Encrypting>>;
#[cfg(feature = "tls")]
pub(super) type Encrypting = tokio_rustls::TlsAcceptor;
#[cfg(not(feature = "tls"))]
pub(super) type Encrypting = std::convert::Infallible;

/// What a request's line and headers may take: hyper answers with status 431 when as much was read without finding
/// their end, that is, at twice the length at the latest.
const HEAD_LIMIT: usize = 64 * 1024;

/// Why the provider ends a connection without a complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// As scripted: the client is to see its connection reset.
    Reset,
    /// As scripted: the client is to see its connection closed, with no answer.
    Closed,
    /// As scripted: the client is to see the answer end too early.
    Truncated,
    /// The client went away, or broke the protocol, before its request was complete.
    ClientFailed,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "the provider is scripted to reset the connection",
            Self::Closed => "the provider is scripted to close the connection",
            Self::Truncated => "the provider is scripted to truncate the answer",
            Self::ClientFailed => "the client did not complete its request",
        })
    }
}

impl Error for Cut {}

/// Serves one TCP connection to its end.
pub(super) async fn serve(stream: TcpStream, state: Arc<State>, encryption: Encryption) {
    // An answer is one small write, which must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    #[cfg(feature = "tls")]
    if let Some(acceptor) = encryption {
        // A client that does not trust us is not heard of again.
        if let Ok(stream) = acceptor.accept(stream).await {
            match converse(stream, state).await {
                Some((stream, Some(Cut::Reset))) => drop(stream.get_ref().0.set_zero_linger()),
                // The end of TLS is said, unless it is to look broken off.
                Some((mut stream, None)) => drop(stream.shutdown().await),
                _ => {}
            }
        }
        return;
    }
    #[cfg(not(feature = "tls"))]
    drop(encryption);
    if let Some((stream, Some(Cut::Reset))) = converse(stream, state).await {
        // Closing a socket that does not linger sends RST instead of FIN.
        let _ = stream.set_zero_linger();
    }
}

/// Answers requests over any byte stream until either side ends it; gives the stream back, not yet shut down, unless it was handed on to a
/// websocket.
async fn converse<S>(stream: S, state: Arc<State>) -> Option<(S, Option<Cut>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let link = Arc::new(Link::default());
    let stream = Overheard::new(stream, link.heads.clone());
    let linked = link.clone();
    let answer = service_fn(move |request| {
        Box::pin(service::answer(state.clone(), linked.clone(), request))
    });
    let mut connection = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), answer);
    let ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let cut = ended
        .err()
        .and_then(|error| error.source()?.downcast_ref::<Cut>().copied());
    let parts = connection.into_parts();
    let stream = parts.io.into_inner().stream;
    #[cfg(feature = "websocket")]
    if let Some(conversation) = link.conversation() {
        conversation.hold(stream, parts.read_buf).await;
        return None;
    }
    Some((stream, cut))
}
