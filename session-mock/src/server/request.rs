//! A request, as a site sees it.

use std::fmt;

use http::header::HeaderValue;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::bearer::Bearer;
use super::heads;
use super::received::Received;

/// A request that a [`Site`](super::Site) is to answer.
///
/// What may hold a secret is shown only by the accessor that names it, never by `Debug`.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    received: &'a Received,
    client_id: Option<&'a str>,
}

impl<'a> Request<'a> {
    pub(super) fn new(received: &'a Received, client_id: Option<&'a str>) -> Self {
        Self {
            received,
            client_id,
        }
    }

    /// The request's method.
    pub fn method(&self) -> &'a Method {
        &self.received.method
    }

    /// The request's path, without the query.
    pub fn path(&self) -> &'a str {
        &self.received.path
    }

    /// The segments of the path, percent-decoded: what to match on.
    ///
    /// ```
    /// use http::{Method, StatusCode};
    /// use session_mock::{Provider, Reply, Request};
    ///
    /// let provider = Provider::builder().site(|request: &Request<'_>| {
    ///     let segments = request.segments();
    ///     let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    ///     match (request.method(), &segments[..]) {
    ///         (&Method::GET, ["v1", "orders", id]) => Reply::json(StatusCode::OK, format!(r#"{{"id":"{id}"}}"#)),
    ///         _ => Reply::status(StatusCode::NOT_FOUND),
    ///     }
    /// }).start()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn segments(&self) -> Vec<String> {
        let path = self.path();
        let segments = path.strip_prefix('/').unwrap_or(path).split('/');
        segments
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect()
    }

    /// The path and the query, as they were on the wire. May hold a secret, if the client put one there.
    pub fn target(&self) -> String {
        match self.query() {
            None => self.path().to_owned(),
            Some(query) => format!("{}?{query}", self.path()),
        }
    }

    /// The query, if there is one, as it was on the wire.
    pub fn query(&self) -> Option<&'a str> {
        self.received.query.as_deref()
    }

    /// The parameters of the query, decoded, in order.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let query = self.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The first parameter of the query with this name.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = self.parameters().into_iter();
        parameters.find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The first value of a header. May be a secret.
    pub fn header(&self, name: &str) -> Option<&'a HeaderValue> {
        self.header_map().get(name)
    }

    /// The headers by name, with neither their order nor their case. May hold secrets.
    pub fn header_map(&self) -> &'a HeaderMap {
        &self.received.headers
    }

    /// The headers as they were on the wire: in their order, their names in their case. May hold secrets.
    pub fn headers(&self) -> Vec<(&'a str, &'a [u8])> {
        heads::headers(&self.received.head).collect()
    }

    /// The value of a cookie that the request carries. A secret, most likely.
    pub fn cookie(&self, name: &str) -> Option<&'a str> {
        let cookies = self.header_map().get_all(http::header::COOKIE).into_iter();
        let cookies = cookies.filter_map(|header| header.to_str().ok());
        let mut pairs = cookies.flat_map(|header| header.split(';'));
        pairs.find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// The bearer token that the request presents, good or not.
    pub fn bearer(&self) -> Option<&'a str> {
        match Bearer::of(self.received) {
            Bearer::Token(token) => Some(token),
            Bearer::Absent | Bearer::Malformed => None,
        }
    }

    /// The client to which the bearer token was issued, if it is one of the provider's own and valid.
    pub fn client_id(&self) -> Option<&'a str> {
        self.client_id
    }

    /// The body as it was on the wire; empty when it exceeded 1 MiB. May hold a secret.
    pub fn body(&self) -> &'a [u8] {
        &self.received.body
    }

    /// Which connection it came by: the first that brought a request is 1.
    pub fn connection(&self) -> usize {
        self.received.connection
    }
}

/// Shows the names of headers, but no header value, query or body.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.header_map().keys().collect();
        f.debug_struct("Request")
            .field("method", self.method())
            .field("path", &self.path())
            .field("headers", &headers)
            .field("client_id", &self.client_id)
            .field("connection", &self.connection())
            .finish_non_exhaustive()
    }
}
