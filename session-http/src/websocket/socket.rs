//! An open websocket.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use http::HeaderValue;
use session_core::{Error, ErrorKind, Result};
use tokio::{runtime::Handle, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, protocol::Role},
};

use super::{Message, WebSocketConfig, line::Line};

/// An open websocket: a [`Stream`] of messages and a [`Sink`] for them, closed by [`close`](Self::close) or with the session.
/// Pings are answered while it is read.
pub struct WebSocket {
    stream: WebSocketStream<Line>,
    line: Line,
    protocol: Option<HeaderValue>,
    host: String,
    /// That which its connection is on.
    runtime: Handle,
}

impl WebSocket {
    pub(super) async fn new(
        line: Line,
        config: WebSocketConfig,
        protocol: Option<HeaderValue>,
        host: String,
    ) -> Self {
        let stream =
            WebSocketStream::from_raw_socket(line.clone(), Role::Client, Some(config)).await;
        Self {
            stream,
            line,
            protocol,
            host,
            runtime: Handle::current(),
        }
    }

    /// The subprotocol that the server chose.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_ref().and_then(|name| name.to_str().ok())
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// `Closed` after the session closed, `Unavailable` when the connection is gone, `Config` when the message is larger
    /// than the configuration allows.
    pub async fn send(&mut self, message: Message) -> Result<()> {
        SinkExt::send(self, message).await
    }

    /// The next message; `None` after either side closed the websocket.
    ///
    /// # Errors
    ///
    /// `Closed` after the session closed, `Unavailable` when the connection is gone, `Protocol` when what comes is too large
    /// or makes no sense.
    pub async fn receive(&mut self) -> Result<Option<Message>> {
        StreamExt::next(self).await.transpose()
    }

    /// How long a server has to agree to the end.
    pub const CLOSE_LIMIT: Duration = Duration::from_secs(10);

    /// Closes it, and waits for the server to agree. Messages that come until then are dropped; so is the connection, when
    /// that takes longer than [`CLOSE_LIMIT`](Self::CLOSE_LIMIT).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); `Unavailable` also when the server does not agree in time.
    pub async fn close(mut self) -> Result<()> {
        let runtime = self.runtime.clone();
        let ended = {
            // Whoever polls this need not be in a runtime.
            let _context = runtime.enter();
            timeout(Self::CLOSE_LIMIT, self.agree_to_end())
        };
        match ended.await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "`{}` did not agree in time to close the websocket, whose connection was cut; what was sent last may be lost",
                    self.host
                ),
            )),
        }
    }

    async fn agree_to_end(&mut self) -> Result<()> {
        let outcome = self.stream.close(None).await;
        match outcome {
            Ok(()) => {}
            Err(error) => return self.told(error).map_or(Ok(()), Err),
        }
        while self.receive().await?.is_some() {}
        Ok(())
    }

    /// What an error means; `None` where it is none.
    fn told(&self, error: tungstenite::Error) -> Option<Error> {
        use tungstenite::Error as Foreign;
        let host = &self.host;
        if self.line.is_cut() {
            return Some(Error::new(
                ErrorKind::Closed,
                format!("the websocket to `{host}` was closed with its session"),
            ));
        }
        let (kind, problem) = match error {
            Foreign::ConnectionClosed | Foreign::AlreadyClosed => return None,
            Foreign::Capacity(_) => (
                ErrorKind::Protocol,
                "a message is larger than is allowed; allow more, if that is meant".to_owned(),
            ),
            Foreign::WriteBufferFull(_) => (
                ErrorKind::Unavailable,
                "more is sent than the server takes; try again later".to_owned(),
            ),
            Foreign::Io(error) => (
                ErrorKind::Unavailable,
                format!("{}; connect again", error.kind()),
            ),
            Foreign::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => (
                ErrorKind::Unavailable,
                "the connection broke off; connect again".to_owned(),
            ),
            // The foreign error may quote what came.
            _ => (
                ErrorKind::Protocol,
                "what came is not what a websocket sends".to_owned(),
            ),
        };
        Some(Error::new(
            kind,
            format!("the websocket to `{host}` failed: {problem}"),
        ))
    }
}

impl Stream for WebSocket {
    type Item = Result<Message>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.stream.poll_next_unpin(cx));
        Poll::Ready(match next {
            Some(Ok(message)) => Some(Ok(message)),
            Some(Err(error)) => self.told(error).map(Err),
            None if self.line.is_cut() => self.told(tungstenite::Error::AlreadyClosed).map(Err),
            None => None,
        })
    }
}

impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let polled = self.stream.poll_ready_unpin(cx);
        polled.map(|outcome| self.sent(outcome))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<()> {
        let outcome = self.stream.start_send_unpin(message);
        self.sent(outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let polled = self.stream.poll_flush_unpin(cx);
        polled.map(|outcome| self.sent(outcome))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let polled = self.stream.poll_close_unpin(cx);
        polled.map(|outcome| outcome.or_else(|error| self.told(error).map_or(Ok(()), Err)))
    }
}

impl WebSocket {
    /// What sending came to; on one that was closed it is an error.
    fn sent(&self, outcome: tungstenite::Result<()>) -> Result<()> {
        outcome.map_err(|error| {
            self.told(error).unwrap_or_else(|| {
                Error::new(
                    ErrorKind::Unavailable,
                    format!("the websocket to `{}` is closed; connect again", self.host),
                )
            })
        })
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("host", &self.host)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}
