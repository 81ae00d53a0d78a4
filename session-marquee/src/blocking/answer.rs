//! Marquee's answer, read by blocking.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use session_core::Result;
use session_http::blocking::wait;
use url::Url;

/// An answer that is a success.
#[derive(Debug)]
pub struct Answer(crate::Answer);

impl Answer {
    pub(crate) fn new(answer: crate::Answer) -> Self {
        Self(answer)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// Where it came from.
    pub fn url(&self) -> &Url {
        self.0.url()
    }

    /// As [`request_id`](crate::Answer::request_id).
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id()
    }

    /// As [`limit`](crate::Answer::limit).
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self(self.0.limit(limit))
    }

    /// As [`decode`](crate::Answer::decode).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn decode<T: DeserializeOwned>(self) -> Result<T> {
        wait(self.0.decode())?
    }

    /// As [`results`](crate::Answer::results).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn results<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        wait(self.0.results())?
    }

    /// As [`text`](crate::Answer::text).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn text(self) -> Result<String> {
        wait(self.0.text())?
    }

    /// As [`bytes`](crate::Answer::bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn bytes(self) -> Result<Bytes> {
        wait(self.0.bytes())?
    }

    /// As [`chunk`](crate::Answer::chunk).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn chunk(&mut self) -> Result<Option<Bytes>> {
        wait(self.0.chunk())?
    }
}
