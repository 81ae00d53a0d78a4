//! Websockets of Marquee's services.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use session_core::{Error, ErrorKind, Result};
use session_http::websocket::WebSocket;

use crate::{
    Client, Domain, Marquee,
    request::{header, sign},
    target::{Target, Version},
};

/// A websocket in the making, opened by [`connect`](Self::connect): `connect_websocket` of `gs_quant`.
///
/// Its handshake has the headers that `gs_quant` gives it: with a client or a token `Authorization` and nothing else of the session; with
/// cookies those, the CSRF token, and the name and version of the program.
#[must_use = "nothing is opened until it is connected"]
pub struct WebSocketBuilder {
    client: Client,
    target: Target,
    headers: HeaderMap,
    problem: Option<&'static str>,
}

impl Client {
    /// A websocket at a path or URL, which is found as that of a request is.
    pub fn websocket(&self, target: &str) -> WebSocketBuilder {
        WebSocketBuilder {
            client: self.clone(),
            target: Target::new(target, self.domain),
            headers: self.headers.clone(),
            problem: self.problem,
        }
    }
}

impl WebSocketBuilder {
    /// Sets a header of the handshake; not one that authenticates it.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match header(name, value) {
            Ok((name, value)) => drop(self.headers.insert(name, value)),
            Err(problem) => self.problem = self.problem.or(Some(problem)),
        }
        self
    }

    /// To another service of Marquee.
    pub fn domain(mut self, domain: Domain) -> Self {
        self.target.domain = Some(domain);
        self
    }

    /// To another version of the API.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.target.version = Version::Own(version.into());
        self
    }

    /// Without a version of the API.
    pub fn unversioned(mut self) -> Self {
        self.target.version = Version::None;
        self
    }

    /// Opens it. A credential that Marquee refuses is renewed once, and the handshake repeated once.
    ///
    /// # Errors
    ///
    /// As [`session_http::websocket::WebSocketBuilder::connect`].
    pub async fn connect(self) -> Result<WebSocket> {
        if let Some(problem) = self.problem {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the websocket cannot be opened: {problem}"),
            ));
        }
        let mut headers = self.headers;
        let target = self.target;
        let (url, time_limit) = self.client.with_session(|session| {
            let url = target.url(session)?;
            let marquee = Marquee::of(session);
            if let Some(marquee) = marquee.filter(|it| it.names_itself_on_websockets()) {
                sign(&mut headers, &marquee.settings);
            }
            let of_session = marquee.map(|marquee| marquee.settings.time_limit);
            let time_limit = self.client.time_limit.or(of_session);
            Ok((url, time_limit.unwrap_or(Client::TIME_LIMIT)))
        })?;
        let mut socket = self.client.http.websocket(url.as_str()).timeout(time_limit);
        for (name, value) in &headers {
            socket = socket.header(name, value);
        }
        socket.connect().await
    }
}

impl fmt::Debug for WebSocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketBuilder")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
