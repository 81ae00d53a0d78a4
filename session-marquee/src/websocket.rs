//! Websockets of Marquee's services.

use std::{borrow::Cow, fmt, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header::COOKIE};
use session_core::{Error, ErrorKind, Result, SessionHandle};
use session_http::websocket::{WebSocket, WebSocketConfig};

use crate::{
    Client, Domain, Failure, Marquee, QueryValue,
    answer::Asked,
    cookies::{CSRF_TOKEN, GSSSO, MARQUEE_LOGIN},
    request::header,
    request_id::Spoken,
    target::{Target, Version},
};

/// A websocket in the making, opened by [`connect`](Self::connect): `connect_websocket` of `gs_quant`.
///
/// Its handshake has the headers that `gs_quant` gives it, and no others: with a client or a token `Authorization` and nothing else of the
/// session; with cookies those, in the order that `gs_quant` has there, the CSRF token, and the name and version of the program.
#[must_use = "nothing is opened until it is connected"]
pub struct WebSocketBuilder {
    client: Client,
    target: Target,
    headers: HeaderMap,
    config: WebSocketConfig,
    time_limit: Option<Duration>,
    problem: Option<&'static str>,
}

impl Client {
    /// A websocket at a path or URL, which is found as that of a request is. The URL may be one of `wss`, too.
    pub fn websocket(&self, target: &str) -> WebSocketBuilder {
        let target = as_http(target);
        WebSocketBuilder {
            client: self.clone(),
            target: Target::new(&target, self.domain),
            headers: self.headers.clone(),
            config: WebSocketConfig::default(),
            time_limit: self.time_limit,
            problem: self.problem,
        }
    }
}

/// As the handshake is a request.
fn as_http(target: &str) -> Cow<'_, str> {
    match target.split_once("://") {
        Some((wss, rest)) if wss.eq_ignore_ascii_case("wss") => format!("https://{rest}").into(),
        Some((ws, rest)) if ws.eq_ignore_ascii_case("ws") => format!("http://{rest}").into(),
        _ => target.into(),
    }
}

impl WebSocketBuilder {
    /// Adds a name to the URL's query, as [`query`](crate::RequestBuilder::query) of a request does.
    pub fn query(mut self, name: &str, value: impl Into<QueryValue>) -> Self {
        self.target.query.add(name, value.into());
        self
    }

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

    /// How long the handshake may take, with all repetitions: not how long it stays open. [`Duration::MAX`] is no limit. Default:
    /// the limit of the client's or session's requests.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// How large messages may be, and the like.
    pub fn config(mut self, config: WebSocketConfig) -> Self {
        self.config = config;
        self
    }

    /// Opens it. A credential that Marquee refuses is renewed once, and the handshake repeated once.
    ///
    /// # Errors
    ///
    /// As [`session_http::websocket::WebSocketBuilder::connect`], with a [`Failure`] of an answer that opens none.
    pub async fn connect(self) -> Result<WebSocket> {
        if let Some(problem) = self.problem {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the websocket cannot be opened: {problem}"),
            ));
        }
        let mut headers = self.headers;
        let target = self.target;
        let (url, time_limit, spoken) = self.client.with_session(|session| {
            let url = target.url(session)?;
            let marquee = Marquee::of(session);
            if let Some(marquee) = marquee.filter(|it| it.names_itself_on_websockets()) {
                for (name, value) in &marquee.settings.names {
                    headers.entry(name).or_insert_with(|| value.clone());
                }
                headers.extend(order_of_cookies(session).map(|names| (COOKIE, names)));
            }
            let of_session = marquee.map(|marquee| marquee.settings.time_limit);
            let time_limit = self.time_limit.or(of_session);
            let time_limit = time_limit.unwrap_or(Client::TIME_LIMIT);
            Ok((url, time_limit, Spoken::of(session)))
        })?;
        let mut socket = self.client.http.websocket(url.as_str());
        socket = socket.config(self.config).timeout(time_limit);
        for (name, value) in &headers {
            socket = socket.header(name, value);
        }
        let asked = Asked {
            method: Method::GET,
            url,
            client: self.client,
            spoken,
        };
        socket
            .connect()
            .await
            .map_err(|error| Failure::told(error, asked))
    }
}

/// Names of the session's cookies in the order that `gs_quant` gives them on websockets, which is not that of its requests. The values
/// are the session's to put there.
fn order_of_cookies(session: &SessionHandle) -> Option<HeaderValue> {
    let known = session.header_now(&COOKIE)?;
    let known = known.to_str().ok()?;
    let is_known = |name: &&str| {
        let mut pairs = known.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.any(|(known, _)| known == *name)
    };
    let names = [MARQUEE_LOGIN, CSRF_TOKEN, GSSSO].into_iter();
    let names: Vec<_> = names
        .filter(is_known)
        .map(|name| format!("{name}="))
        .collect();
    HeaderValue::from_str(&names.join("; ")).ok()
}

impl fmt::Debug for WebSocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketBuilder")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
