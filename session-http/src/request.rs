//! A request in the making.

#[cfg(feature = "websocket")]
use std::sync::Arc;
use std::{borrow::Borrow, fmt, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, PROXY_AUTHORIZATION,
        TRANSFER_ENCODING,
    },
    request::Parts,
};
use serde::Serialize;
use session_core::{Environment, Error, ErrorKind, Result};
use url::{Url, form_urlencoded};

use crate::{
    Client, Response,
    body::Body,
    dispatch::Dispatch,
    recipe::Purpose,
    target::{self, Target},
    wire::Wire,
};

/// A request in the making, sent by [`send`](Self::send). What was wrong with its parts is reported then.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    head: Parts,
    target: Target,
    query: String,
    body: Body,
    time_limit: Option<Duration>,
    /// What was wrong first.
    problem: Option<&'static str>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, target: Target) -> Self {
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.method = method;
        Self {
            time_limit: client.time_limit(),
            client,
            head,
            target,
            query: String::new(),
            body: Body::None,
            problem: None,
        }
    }

    /// Adds a header. Those of the session replace it, except that cookies are merged. `Host`,
    /// `Content-Length` and `Transfer-Encoding` follow from the request and cannot be given.
    ///
    /// A value marked as sensitive is neither logged nor sent on to another origin;
    /// `Authorization`, `Cookie` and `Proxy-Authorization` are marked here.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        // Neither is quoted: people do pass the two in the wrong order.
        let Ok(name) = name.try_into() else {
            return self.wrong("a header's name has characters that none can have");
        };
        let Ok(mut value) = value.try_into() else {
            return self.wrong("a header's value has characters that none can have");
        };
        if follows_from_the_rest(&name) {
            return self.wrong(FOLLOWS);
        }
        if is_secret(&name) {
            value.set_sensitive(true);
        }
        self.head.headers.append(name, value);
        self
    }

    /// Adds headers, as [`header`](Self::header) does with each.
    pub fn headers(mut self, mut headers: HeaderMap) -> Self {
        if headers.keys().any(follows_from_the_rest) {
            return self.wrong(FOLLOWS);
        }
        for (name, value) in &mut headers {
            if is_secret(name) {
                value.set_sensitive(true);
            }
        }
        if self.head.headers.is_empty() {
            self.head.headers = headers;
            return self;
        }
        let mut last = None;
        for (name, value) in headers {
            // Of several values, only the first has the name.
            last = name.or(last);
            if let Some(name) = &last {
                self.head.headers.append(name, value);
            }
        }
        self
    }

    /// Adds names and values to the URL's query.
    pub fn query<P, N, V>(mut self, pairs: P) -> Self
    where
        P: IntoIterator<Item: Borrow<(N, V)>>,
        N: AsRef<str>,
        V: AsRef<str>,
    {
        self.query = form_urlencoded::Serializer::new(self.query)
            .extend_pairs(pairs)
            .finish();
        self
    }

    /// With a body of JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.content("application/json", json.into()),
            // The foreign error may quote the value.
            Err(_) => self.wrong(
                "its body cannot be written as JSON; such as a map with keys that are no strings",
            ),
        }
    }

    /// With a body of names and values, as forms have it.
    pub fn form<P, N, V>(self, pairs: P) -> Self
    where
        P: IntoIterator<Item: Borrow<(N, V)>>,
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        self.content("application/x-www-form-urlencoded", form.into())
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    /// With a body that is sent as it comes, such as a file's. It cannot be sent twice: if the server
    /// refuses the credential, its 401 is the answer, and the next request goes out with a new one.
    pub fn streamed_body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.body = Body::Stream(body.into());
        self
    }

    /// How long it may take until the answer's body has been read, with all repetitions and redirects.
    /// Default: the client's.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Finds what is wrong with it without sending anything: its parts, and where it goes. The session
    /// need not be open.
    ///
    /// # Errors
    ///
    /// `Config` when the request is malformed, `Forbidden` when the session's credential may not go
    /// there, `NoSession` when there is no session.
    pub fn check(&self) -> Result<()> {
        let (session, _) = self.client.session()?;
        let url = self.address(session.environment())?;
        target::uri(&url)?;
        session.check(&url)
    }

    /// Sends it, and waits for the head of the answer, whatever its status.
    ///
    /// A credential that the server refuses is renewed once, and the request repeated once; whatever the answer
    /// is then, is the answer. Redirects are followed.
    ///
    /// # Errors
    ///
    /// `Config` when the request is malformed, or its body cannot be read. `Forbidden` when the session's credential may not go
    /// there, or a redirect leads where it must not; `NoSession` and `Closed` when there is no open
    /// session; otherwise whatever its renewal failed with. `Unavailable` when the server cannot be
    /// reached, `Protocol` when it redirects without end.
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for two of what it is given"
    )]
    pub fn send(mut self) -> impl Future<Output = Result<Response>> + Send {
        async move {
            let (session, connections) = self.client.session()?;
            let url = self.address(session.environment())?;
            let wire = Wire::new(&session, &connections, self.time_limit);
            let (head, body) = (&mut self.head, &mut self.body);
            let dispatch = Dispatch::new(&session, wire, url, head, body, Purpose::Session);
            dispatch.run(self.client.answer_limit()).await
        }
    }

    /// Sends it on a connection that can be had for something else afterwards.
    #[cfg(feature = "websocket")]
    pub(crate) async fn upgrade(mut self) -> Result<crate::websocket::Upgrade> {
        let (session, connections) = self.client.session()?;
        let cuts = connections.lines().cuts();
        let url = self.address(session.environment())?;
        let wire = Wire::new(&session, &connections, self.time_limit);
        let (head, body) = (&mut self.head, &mut self.body);
        let dispatch = Dispatch::new(&session, wire, url, head, body, Purpose::Upgrade);
        Ok(crate::websocket::Upgrade {
            answer: dispatch.run(self.client.answer_limit()).await?,
            connections: Arc::clone(&connections),
            cuts,
        })
    }

    /// Where it goes, if it can be sent at all.
    fn address(&self, environment: &dyn Environment) -> Result<Url> {
        if let Some(problem) = self.problem {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the request cannot be sent: {problem}"),
            ));
        }
        let mut url = self.target.resolve(environment, self.client.service())?;
        add_query(&mut url, &self.query);
        Ok(url)
    }

    fn content(mut self, media_type: &'static str, body: Bytes) -> Self {
        self.head
            .headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(media_type));
        self.body(body)
    }

    pub(crate) fn wrong(mut self, problem: &'static str) -> Self {
        self.problem.get_or_insert(problem);
        self
    }
}

const FOLLOWS: &str = "its `Host`, `Content-Length` and `Transfer-Encoding` follow from its URL and body; leave them out";

fn follows_from_the_rest(name: &HeaderName) -> bool {
    *name == HOST || *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING
}

/// Not logged, and not sent on to another origin.
fn is_secret(name: &HeaderName) -> bool {
    *name == AUTHORIZATION || *name == COOKIE || *name == PROXY_AUTHORIZATION
}

fn add_query(url: &mut Url, query: &str) {
    let query = match url.query() {
        _ if query.is_empty() => return,
        None | Some("") => query.to_owned(),
        Some(known) => format!("{known}&{query}"),
    };
    url.set_query(Some(&query));
}

impl fmt::Debug for RequestBuilder {
    /// Target, headers and body are left out: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("client", &self.client)
            .field("method", &self.head.method)
            .finish_non_exhaustive()
    }
}
