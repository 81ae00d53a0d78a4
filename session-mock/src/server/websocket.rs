//! Websockets (RFC 6455), once their handshake is answered.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::answer;
use super::body::Body;

/// What is said on a websocket.
#[derive(Clone)]
pub(super) struct Conversation(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Conversation {
    pub(super) fn new(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    /// Holds it, until either side ends it. `read` was read from the stream already.
    pub(super) async fn hold<S>(self, stream: S, read: Bytes)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let (read, role) = (read.into(), Role::Server);
        let mut socket = WebSocketStream::from_partially_read(stream, read, role, None).await;
        while let Some(Ok(message)) = socket.next().await {
            let answer = match message {
                Message::Text(text) => Message::text((self.0)(&text)),
                Message::Binary(bytes) => Message::Binary(bytes),
                // Pings and the close are answered by the library.
                _ => continue,
            };
            if socket.send(answer).await.is_err() {
                return;
            }
        }
    }
}

/// The answer to a handshake; `None`: the request is none.
pub(super) fn accept(headers: &HeaderMap) -> Option<Response<Body>> {
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    let upgrade = headers.get(UPGRADE)?.as_bytes();
    if !upgrade.eq_ignore_ascii_case(b"websocket") || headers.get(SEC_WEBSOCKET_VERSION)? != "13" {
        return None;
    }
    let accepted = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
    let mut response = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accepted);
    Some(response)
}

/// The answer to any other request.
pub(super) fn refusal() -> Response<Body> {
    answer::error(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        "here is a websocket, and the request is no handshake for one",
    )
}
