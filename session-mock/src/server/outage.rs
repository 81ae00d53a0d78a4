//! The ways in which a provider or an API fails.

use std::fmt;
use std::future::pending;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::answer::APPLICATION_JSON;
use super::body::Body;
use super::connection::Cut;

/// What a request meets instead of its answer; scripted with [`Provider::fail`](super::Provider::fail) and
/// [`Provider::fail_next`](super::Provider::fail_next).
///
/// ```
/// use http::{StatusCode, header::RETRY_AFTER};
/// use session_mock::Outage;
///
/// let outage = Outage::status(StatusCode::SERVICE_UNAVAILABLE).header(RETRY_AFTER, 7);
/// ```
#[derive(Clone)]
pub struct Outage {
    form: Form,
    headers: HeaderMap,
}

#[derive(Clone)]
enum Form {
    Whole(StatusCode, Bytes),
    Oversized(u64),
    Truncated(StatusCode, Bytes),
    Reset,
    Closed,
    Lost,
    Hang,
}

impl Outage {
    /// An answer with this status and no body.
    pub fn status(status: StatusCode) -> Self {
        Self::new(Form::Whole(status, Bytes::new()))
    }

    /// An answer with this status and body, said to be JSON and sent as it is, be it JSON or not.
    pub fn json(status: StatusCode, body: impl Into<String>) -> Self {
        let body = Bytes::from(body.into());
        Self::new(Form::Whole(status, body)).header(CONTENT_TYPE, APPLICATION_JSON)
    }

    /// An answer with this status and an HTML page, such as a gateway or a captive portal sends.
    pub fn html(status: StatusCode) -> Self {
        const PAGE: &str = "<!doctype html><html><head><title>Sign in to the network</title></head>\
            <body><h1>It works!</h1><!-- <p>unclosed --></body></html>";
        Self::new(Form::Whole(status, Bytes::from_static(PAGE.as_bytes()))).header(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        )
    }

    /// Status 200, said to be JSON, without a byte of body.
    pub fn empty() -> Self {
        Self::json(StatusCode::OK, "")
    }

    /// Status 200 and a JSON object of this many bytes, which would be a good token answer if it were shorter.
    /// It comes in chunks, without a `Content-Length` to warn the client.
    pub fn oversized(bytes: u64) -> Self {
        Self::new(Form::Oversized(bytes)).header(CONTENT_TYPE, APPLICATION_JSON)
    }

    /// Status 200 and the start of a JSON object, after which the connection closes, before the promised `Content-Length`.
    pub fn truncated() -> Self {
        let start = Bytes::from_static(br#"{"access_token":"trunca"#);
        Self::new(Form::Truncated(StatusCode::OK, start)).header(CONTENT_TYPE, APPLICATION_JSON)
    }

    /// An answer with this status that promises more than this body, after which the connection closes. A `Content-Length` of
    /// one's own is the promise.
    pub fn cut_after(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(Form::Truncated(status, body.into()))
    }

    /// An answer with this status and body.
    pub fn body(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(Form::Whole(status, body.into()))
    }

    /// No answer: the TCP connection is closed, as by a server that goes away while it is idle.
    pub fn close() -> Self {
        Self::new(Form::Closed)
    }

    /// No answer: the TCP connection is reset.
    pub fn reset() -> Self {
        Self::new(Form::Reset)
    }

    /// The request is served as if there were no outage, and then its answer is lost: the TCP connection is reset. What was
    /// granted, used up or revoked is so, and the client does not know.
    pub fn answer_lost() -> Self {
        Self::new(Form::Lost)
    }

    /// No answer, ever: the connection stays open until the client or the provider goes away.
    pub fn hang() -> Self {
        Self::new(Form::Hang)
    }

    /// Adds a header to the answer, or replaces it; of no effect where there is no answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    fn new(form: Form) -> Self {
        let headers = HeaderMap::new();
        Self { form, headers }
    }

    /// Whether the request is served all the same.
    pub(super) fn is_after_work(&self) -> bool {
        matches!(self.form, Form::Lost)
    }

    /// Whether nothing follows: the request is left alone.
    pub(super) fn hangs(&self) -> bool {
        matches!(self.form, Form::Hang)
    }

    pub(super) async fn happen(self) -> Result<Response<Body>, Cut> {
        let mut headers = self.headers;
        let (status, body) = match self.form {
            Form::Whole(status, bytes) => (status, Body::whole(bytes)),
            Form::Oversized(length) => (
                StatusCode::OK,
                Body::filled(
                    r#"{"access_token":"oversized","token_type":"Bearer","filling":""#,
                    r#""}"#,
                    length,
                ),
            ),
            Form::Truncated(status, start) => {
                let promised = HeaderValue::from(start.len().max(100) * 2);
                headers.entry(CONTENT_LENGTH).or_insert(promised);
                (status, Body::cut_after(start))
            }
            Form::Reset | Form::Lost => return Err(Cut::Reset),
            Form::Closed => return Err(Cut::Closed),
            Form::Hang => pending().await,
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Shows no header value and no body.
impl fmt::Debug for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Outage");
        match &self.form {
            Form::Whole(status, body) => shown
                .field("status", status)
                .field("body_length", &body.len()),
            Form::Oversized(length) => shown.field("oversized", length),
            Form::Truncated(status, _) => shown.field("truncated", status),
            Form::Closed => shown.field("closed", &true),
            Form::Reset => shown.field("reset", &true),
            Form::Lost => shown.field("answer_lost", &true),
            Form::Hang => shown.field("hang", &true),
        };
        let headers: Vec<_> = self.headers.keys().collect();
        shown.field("headers", &headers).finish()
    }
}
