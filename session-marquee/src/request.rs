//! A request in the making.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use serde::Serialize;
use session_core::{Error, ErrorKind, Result, SessionHandle, with_current};
use session_http::reqwest;

use crate::{
    Answer, Client, Domain, Failure, Marquee, QueryValue,
    answer::Asked,
    cookies::CSRF_HEADER,
    json,
    request_id::Spoken,
    settings::Settings,
    target::{Target, Version},
};

pub(crate) const APPLICATION: HeaderName = HeaderName::from_static("x-application");
pub(crate) const APPLICATION_VERSION: HeaderName = HeaderName::from_static("x-version");

/// What requests with a body are of, unless they say otherwise.
pub(crate) const JSON: &str = "application/json; charset=utf-8";
pub(crate) const MSGPACK: &str = "application/x-msgpack";

/// A request in the making, sent by [`send`](Self::send). What was wrong with its parts is reported then.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    method: Method,
    target: Target,
    headers: HeaderMap,
    body: Body,
    time_limit: Option<Duration>,
    /// What was wrong first.
    problem: Option<&'static str>,
}

enum Body {
    None,
    /// There is one to speak of, but it has nothing.
    Empty,
    Bytes(Bytes),
    Stream(reqwest::Body),
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, target: &str) -> Self {
        Self {
            target: Target::new(target, client.domain),
            time_limit: client.time_limit,
            method,
            headers: client.headers.clone(),
            problem: client.problem,
            client,
            body: Body::None,
        }
    }

    /// Adds a name to the URL's query, with the values that it has; beside what the target has.
    ///
    /// ```no_run
    /// # fn example(client: session_marquee::Client) {
    /// let request = client
    ///     .get("/data/coverage")
    ///     .query("limit", 10)
    ///     .query("ids", ["x", "y"]) // ids=x&ids=y
    ///     .query("none", None::<&str>); // nothing
    /// # }
    /// ```
    pub fn query(mut self, name: &str, value: impl Into<QueryValue>) -> Self {
        self.target.query.add(name, value.into());
        self
    }

    /// Sets a header of this request, in place of what it would have by itself. What authenticates it is the session's
    /// alone: `Authorization` and `X-MARQUEE-CSRF-TOKEN` cannot be given. A redirect to another origin takes none along, but for
    /// `Accept…`, `Content-Type` and `User-Agent`.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match header(name, value) {
            Ok((name, value)) => drop(self.headers.insert(name, value)),
            Err(problem) => return self.wrong(problem),
        }
        self
    }

    /// With a body of JSON, as `gs_quant` writes it; so what Python takes for false is no body: an empty object, list or text, `null`,
    /// `false` and zero. What has a NaN or an infinity, which no JSON has, is an error when it is sent; but `json!` has made `null` of it by then.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match json::to_vec(value) {
            Ok(json) if json::is_false(&json) => self.body = Body::Empty,
            Ok(json) => self.body = Body::Bytes(json.into()),
            Err(problem) => return self.wrong(problem),
        }
        self
    }

    /// With a body of MessagePack, which the answer is asked to be, too. Structures are maps by their fields' names. What Python takes for
    /// false is no body, as with [`json`](Self::json).
    pub fn msgpack<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match rmp_serde::to_vec_named(value) {
            Ok(body) if is_false(&body) => self.body = Body::Empty,
            Ok(body) => self.body = Body::Bytes(body.into()),
            Err(_) => return self.wrong("its body cannot be written as MessagePack"),
        }
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(MSGPACK));
        self.headers
            .insert(ACCEPT, HeaderValue::from_static(MSGPACK));
        self
    }

    /// With this body, as it is: of JSON, unless a [header](Self::header) says otherwise.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    /// With a body that is sent as it comes. It cannot be sent twice: if the credential is refused, the 401 is the answer.
    pub fn streamed_body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.body = Body::Stream(body.into());
        self
    }

    /// To another service of Marquee: `domain` of `gs_quant`, but of the environment.
    pub fn domain(mut self, domain: Domain) -> Self {
        self.target.domain = Some(domain);
        self
    }

    /// To another version of the API: `api_version` of `gs_quant`.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.target.version = Version::Own(version.into());
        self
    }

    /// Without a version of the API: `include_version=False` of `gs_quant`.
    pub fn unversioned(mut self) -> Self {
        self.target.version = Version::None;
        self
    }

    /// How long it may take until the answer was read, with all repetitions and redirects. [`Duration::MAX`] is no limit.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Finds what is wrong with it without sending anything. The session need not be open.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn check(&self) -> Result<()> {
        self.is_well_formed()?;
        self.with_session(|session| session.check(&self.target.url(session)?))
    }

    /// Sends it, and waits for the head of an answer that is a success.
    ///
    /// A credential that Marquee refuses is renewed once, and the request repeated once.
    ///
    /// # Errors
    ///
    /// As [`session_http::RequestBuilder::send`], and for an answer that is no success as
    /// [`session_http::Response::error_for_status`], with a [`Failure`](crate::Failure) that has its request id.
    pub async fn send(self) -> Result<Answer> {
        let (request, asked) = self.prepared()?;
        match request.send().await {
            Ok(answer) => Answer::checked(answer, asked).await,
            Err(error) => Err(Failure::told(error, asked)),
        }
    }

    fn prepared(mut self) -> Result<(session_http::RequestBuilder, Asked)> {
        self.is_well_formed()?;
        let has_content = !matches!(self.body, Body::None)
            || self.method == Method::POST
            || self.method == Method::PUT;
        if has_content {
            self.headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static(JSON));
        }
        let Self {
            client,
            method,
            target,
            mut headers,
            body,
            time_limit,
            ..
        } = self;
        let (url, time_limit, spoken) = client.with_session(|session| {
            let url = target.url(session)?;
            let marquee = Marquee::of(session);
            if marquee.is_none() {
                name(&mut headers);
            }
            let of_session = marquee.map(|marquee| marquee.settings.time_limit);
            let time_limit = time_limit.or(of_session).unwrap_or(Client::TIME_LIMIT);
            Ok((url, time_limit, Spoken::of(session)))
        })?;
        let request = client.http.request_to(method.clone(), url.clone());
        let request = request.headers(headers);
        let request = match body {
            // What could have a body says that it has none (RFC 9110 §8.6).
            Body::None | Body::Empty if may_have_content(&method) => request.body(Bytes::new()),
            Body::None | Body::Empty => request,
            Body::Bytes(body) => request.body(body),
            Body::Stream(body) => request.streamed_body(body),
        };
        let asked = Asked {
            method,
            url,
            client,
            spoken,
        };
        Ok((request.timeout(time_limit), asked))
    }

    fn is_well_formed(&self) -> Result<()> {
        match self.problem {
            Some(problem) => Err(Error::new(
                ErrorKind::Config,
                format!("the request cannot be sent: {problem}"),
            )),
            None => Ok(()),
        }
    }

    fn with_session<T>(&self, call: impl FnOnce(&SessionHandle) -> Result<T>) -> Result<T> {
        self.client.with_session(call)
    }

    pub(crate) fn wrong(mut self, problem: &'static str) -> Self {
        self.problem.get_or_insert(problem);
        self
    }
}

/// A header of a request, if a request can be given it.
pub(crate) fn header<N, V>(name: N, value: V) -> Result<(HeaderName, HeaderValue), &'static str>
where
    N: TryInto<HeaderName>,
    V: TryInto<HeaderValue>,
{
    let Ok(name) = name.try_into() else {
        return Err("a header's name has characters that none can have");
    };
    let Ok(mut value) = value.try_into() else {
        return Err("a header's value has characters that none can have");
    };
    if name == AUTHORIZATION || name == CSRF_HEADER {
        return Err(
            "`Authorization` and `X-MARQUEE-CSRF-TOKEN` are the session's; make a session of what they should be",
        );
    }
    // So that it goes to Marquee, and to nobody else that it redirects to.
    value.set_sensitive(!is_of_content(&name));
    Ok((name, value))
}

/// Whether it only says what the answer is to be like, or what the body is.
fn is_of_content(name: &HeaderName) -> bool {
    name.as_str().starts_with("accept") || *name == CONTENT_TYPE || *name == USER_AGENT
}

/// Whether Python takes this MessagePack for false.
fn is_false(packed: &[u8]) -> bool {
    match packed {
        // An empty map, list, text, or bytes; null, false, zero.
        [0x80 | 0x90 | 0xa0 | 0xc0 | 0xc2 | 0x00] | [0xc4, 0] => true,
        [0xca | 0xcb, 0 | 0x80, rest @ ..] => rest.iter().all(|byte| *byte == 0),
        _ => false,
    }
}

fn may_have_content(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::DELETE].contains(method)
}

impl Client {
    pub(crate) fn with_session<T>(
        &self,
        call: impl FnOnce(&SessionHandle) -> Result<T>,
    ) -> Result<T> {
        match &self.session {
            Some(session) => call(session),
            None => with_current(call)?,
        }
    }
}

/// Says which program asks, unless the request does: for sessions of other backends, such as mocks. One of Marquee's has its own
/// names, and says them itself.
fn name(headers: &mut HeaderMap) {
    for (name, value) in [
        (APPLICATION, Settings::APPLICATION),
        (APPLICATION_VERSION, Settings::APPLICATION_VERSION),
    ] {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(true);
        headers.entry(name).or_insert(value);
    }
}

impl fmt::Debug for RequestBuilder {
    /// Target, headers and body are left out: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("client", &self.client)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
