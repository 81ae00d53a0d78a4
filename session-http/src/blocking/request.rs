//! A blocking request in the making.

use std::{borrow::Borrow, io::Read, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use session_core::Result;

use super::{Response, reading, runtime};

/// A request in the making, sent by [`send`](Self::send). What was wrong with its parts is reported then.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder(crate::RequestBuilder);

impl RequestBuilder {
    pub(crate) fn new(request: crate::RequestBuilder) -> Self {
        Self(request)
    }

    /// As [`header`](crate::RequestBuilder::header).
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        Self(self.0.header(name, value))
    }

    /// As [`headers`](crate::RequestBuilder::headers).
    pub fn headers(self, headers: HeaderMap) -> Self {
        Self(self.0.headers(headers))
    }

    /// As [`query`](crate::RequestBuilder::query).
    pub fn query<P, N, V>(self, pairs: P) -> Self
    where
        P: IntoIterator<Item: Borrow<(N, V)>>,
        N: AsRef<str>,
        V: AsRef<str>,
    {
        Self(self.0.query(pairs))
    }

    /// As [`json`](crate::RequestBuilder::json).
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        Self(self.0.json(value))
    }

    /// As [`form`](crate::RequestBuilder::form).
    pub fn form<P, N, V>(self, pairs: P) -> Self
    where
        P: IntoIterator<Item: Borrow<(N, V)>>,
        N: AsRef<str>,
        V: AsRef<str>,
    {
        Self(self.0.form(pairs))
    }

    /// As [`body`](crate::RequestBuilder::body).
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self(self.0.body(body))
    }

    /// With a body that is read, on a thread of its own, as it is sent, such as a file. It cannot be sent twice: if the
    /// server refuses the credential, its 401 is the answer, and the next request goes out with a new one. Where
    /// reading fails, the request is broken off, and that is `Config`. At most 512 bodies are read at a time in the process; one
    /// more is `Unavailable`.
    pub fn reader(self, body: impl Read + Send + 'static) -> Self {
        Self(self.0.streamed_body(reading::body(body)))
    }

    /// As [`timeout`](crate::RequestBuilder::timeout).
    pub fn timeout(self, limit: Duration) -> Self {
        Self(self.0.timeout(limit))
    }

    /// As [`check`](crate::RequestBuilder::check).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn check(&self) -> Result<()> {
        self.0.check()
    }

    /// As [`send`](crate::RequestBuilder::send).
    ///
    /// # Errors
    ///
    /// As there; `Unavailable` when the system refuses the threads to do it on.
    pub fn send(self) -> Result<Response> {
        let answer = runtime::wait(self.0.send())??;
        Ok(Response::new(answer))
    }
}
