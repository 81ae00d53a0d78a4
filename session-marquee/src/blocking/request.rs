//! A blocking request in the making.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use session_core::Result;
use session_http::blocking::wait;

use super::Answer;
use crate::{Domain, QueryValue};

/// A request in the making, sent by [`send`](Self::send). What was wrong with its parts is reported then.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder(crate::RequestBuilder);

impl RequestBuilder {
    pub(crate) fn new(request: crate::RequestBuilder) -> Self {
        Self(request)
    }

    /// As [`query`](crate::RequestBuilder::query).
    pub fn query(self, name: &str, value: impl Into<QueryValue>) -> Self {
        Self(self.0.query(name, value))
    }

    /// As [`header`](crate::RequestBuilder::header).
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        Self(self.0.header(name, value))
    }

    /// As [`json`](crate::RequestBuilder::json).
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        Self(self.0.json(value))
    }

    /// As [`msgpack`](crate::RequestBuilder::msgpack).
    pub fn msgpack<T: Serialize + ?Sized>(self, value: &T) -> Self {
        Self(self.0.msgpack(value))
    }

    /// As [`body`](crate::RequestBuilder::body).
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self(self.0.body(body))
    }

    /// As [`domain`](crate::RequestBuilder::domain).
    pub fn domain(self, domain: Domain) -> Self {
        Self(self.0.domain(domain))
    }

    /// As [`api_version`](crate::RequestBuilder::api_version).
    pub fn api_version(self, version: impl Into<String>) -> Self {
        Self(self.0.api_version(version))
    }

    /// As [`unversioned`](crate::RequestBuilder::unversioned).
    pub fn unversioned(self) -> Self {
        Self(self.0.unversioned())
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
    pub fn send(self) -> Result<Answer> {
        wait(self.0.send())?.map(Answer::new)
    }
}
