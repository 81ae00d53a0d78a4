//! The request that opens a websocket.

use std::{borrow::Borrow, fmt, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use session_core::{Error, ErrorKind, Incoming, Result};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use super::{WebSocket, WebSocketConfig, line::Line};
use crate::{Client, Connections, Refusal, RequestBuilder, Response, words::lists};

/// A websocket in the making, opened by [`connect`](Self::connect). What was wrong with its parts is reported then.
#[must_use = "nothing is opened until it is connected"]
pub struct WebSocketBuilder {
    request: RequestBuilder,
    protocols: Vec<HeaderValue>,
    config: WebSocketConfig,
}

impl Client {
    /// A websocket at a path of the service, or at an absolute URL: of `wss` or `https`, or of `ws` or `http` on this
    /// machine.
    pub fn websocket(&self, target: &str) -> WebSocketBuilder {
        let scheme = |ws: &str| {
            let (scheme, rest) = target.split_once(':')?;
            scheme.eq_ignore_ascii_case(ws).then_some(rest)
        };
        let request = match (scheme("wss"), scheme("ws")) {
            (Some(rest), _) => self.request(Method::GET, &format!("https:{rest}")),
            (_, Some(rest)) => self.request(Method::GET, &format!("http:{rest}")),
            _ => self.request(Method::GET, target),
        };
        WebSocketBuilder {
            request,
            protocols: Vec::new(),
            config: WebSocketConfig::default(),
        }
    }
}

impl WebSocketBuilder {
    /// Adds a header to the handshake, as [`RequestBuilder::header`] does. Those of the protocol itself cannot be
    /// given.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        let name: Option<HeaderName> = name.try_into().ok();
        let is_protocols = |name: &HeaderName| {
            *name == CONNECTION || *name == UPGRADE || name.as_str().starts_with("sec-websocket-")
        };
        self.request = match name {
            Some(name) if is_protocols(&name) => self.request.wrong(
                "`Connection`, `Upgrade` and `Sec-WebSocket-…` follow from its being a websocket; leave them out",
            ),
            Some(name) => self.request.header(name, value),
            None => self.request.header("", value),
        };
        self
    }

    /// Adds names and values to the URL's query.
    pub fn query<P, N, V>(mut self, pairs: P) -> Self
    where
        P: IntoIterator<Item: Borrow<(N, V)>>,
        N: AsRef<str>,
        V: AsRef<str>,
    {
        self.request = self.request.query(pairs);
        self
    }

    /// Offers a subprotocol; the server may choose one of those that are offered.
    pub fn protocol(mut self, name: &str) -> Self {
        match name.parse::<HeaderName>() {
            // A token, as the name of a header is (RFC 6455 §4.1).
            Ok(_) => self.protocols.extend(HeaderValue::from_str(name)),
            Err(_) => {
                self.request = self
                    .request
                    .wrong("a subprotocol's name has characters that none can have");
            }
        }
        self
    }

    /// How large messages may be, and the like. Default: 64 MiB for a message, 16 MiB for a frame.
    pub fn config(mut self, config: WebSocketConfig) -> Self {
        self.config = config;
        self
    }

    /// How long the handshake may take, with all repetitions. Default: the client's limit for a request.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.request = self.request.timeout(limit);
        self
    }

    /// Opens it. A credential that the server refuses is renewed once, and the handshake repeated once. Redirects are
    /// followed within the origin.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`], and as [`Response::error_for_status`](crate::Response::error_for_status) where
    /// the server answers the handshake with an error; `Protocol` when it answers but opens no websocket, and when it redirects to
    /// another origin, where the session has no business. What comes of an answer that opens no websocket has its status and headers:
    /// [`Refusal::of`].
    pub async fn connect(self) -> Result<WebSocket> {
        let Self {
            mut request,
            protocols,
            config,
        } = self;
        let key = generate_key();
        for (name, value) in [
            (CONNECTION, "Upgrade"),
            (UPGRADE, "websocket"),
            (SEC_WEBSOCKET_VERSION, "13"),
            (SEC_WEBSOCKET_KEY, &*key),
        ] {
            request = request.header(name, value);
        }
        for protocol in &protocols {
            request = request.header(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let Upgrade {
            answer,
            connections,
            cuts,
        } = request.upgrade().await?;
        let host = answer.url().host_str().unwrap_or_default().to_owned();
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(not_opened(answer, &host));
        }
        let protocol = agreed(answer.headers(), &key, &protocols)
            .map_err(|problem| refused(&host, problem))?;
        let connection = answer
            .into_connection()
            .await
            .map_err(|_| refused(&host, "does not hand over the connection"))?;
        let line = Line::new(connection);
        connections.lines().keep(&line, cuts);
        Ok(WebSocket::new(line, config, protocol, host).await)
    }
}

/// The answer to a request for a connection.
pub(crate) struct Upgrade {
    pub(crate) answer: Response,
    pub(crate) connections: Arc<Connections>,
    /// How often all had been cut when it was asked for.
    pub(crate) cuts: u64,
}

/// The subprotocol, if what the server says makes it a websocket (RFC 6455 §4.1).
fn agreed(
    answer: &HeaderMap,
    key: &str,
    protocols: &[HeaderValue],
) -> Result<Option<HeaderValue>, &'static str> {
    if !lists(answer, &UPGRADE, "websocket") || !lists(answer, &CONNECTION, "upgrade") {
        return Err("switches to something that is not a websocket");
    }
    let mut accepted = answer.get_all(SEC_WEBSOCKET_ACCEPT).iter();
    let expected = derive_accept_key(key.as_bytes());
    if accepted.next().is_none_or(|value| *value != expected) || accepted.next().is_some() {
        return Err("did not read the handshake: its `Sec-WebSocket-Accept` is wrong");
    }
    if answer.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err("chooses an extension that was not offered");
    }
    let mut chosen = answer.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    match (chosen.next(), chosen.next()) {
        (None, _) => Ok(None),
        (Some(one), None) if protocols.contains(one) => Ok(Some(one.clone())),
        _ => Err("chooses a subprotocol that was not offered"),
    }
}

/// What comes of an answer that does not switch.
fn not_opened(answer: Response, host: &str) -> Error {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let error = match answer.error_for_status() {
        Ok(_) => refused(host, "answers, but opens no websocket").with_status(status),
        Err(error) => error,
    };
    Refusal::told(error, Incoming::new(status, &headers))
}

fn refused(host: &str, problem: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("`{host}` {problem}; check the URL, and what is between here and there"),
    )
}

impl fmt::Debug for WebSocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketBuilder")
            .field("request", &self.request)
            .field("protocols", &self.protocols)
            .field("config", &self.config)
            .finish()
    }
}
