//! A server's answer, read by blocking.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use http::{HeaderMap, StatusCode, Version};
use serde::de::DeserializeOwned;
use session_core::{Error, ErrorKind, Result};
use url::Url;

use super::runtime;

/// A server's answer, whatever its status; see [`error_for_status`](Self::error_for_status). Its body can be
/// [read](Read) as it comes.
#[derive(Debug)]
pub struct Response {
    answer: crate::Response,
    /// What has come and was not read.
    part: Bytes,
    /// Some of the body has come.
    begun: bool,
}

impl Response {
    pub(crate) fn new(answer: crate::Response) -> Self {
        Self {
            answer,
            part: Bytes::new(),
            begun: false,
        }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The version of HTTP that it came by.
    pub fn version(&self) -> Version {
        self.answer.version()
    }

    /// Where it came from: after redirects, not where the request was first sent.
    pub fn url(&self) -> &Url {
        self.answer.url()
    }

    /// As [`limit`](crate::Response::limit).
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self {
            answer: self.answer.limit(limit),
            ..self
        }
    }

    /// As [`error_for_status`](crate::Response::error_for_status).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn error_for_status(self) -> Result<Self> {
        Ok(Self {
            answer: self.answer.error_for_status()?,
            ..self
        })
    }

    /// The whole body, or the rest of one that was begun to be read.
    ///
    /// # Errors
    ///
    /// As [`bytes`](crate::Response::bytes).
    pub fn bytes(self) -> Result<Bytes> {
        let Self { answer, part, .. } = self;
        let rest = runtime::wait(answer.bytes())??;
        if part.is_empty() {
            return Ok(rest);
        }
        Ok([part, rest].concat().into())
    }

    /// The whole body as text.
    ///
    /// # Errors
    ///
    /// As [`text`](crate::Response::text); `Config` after some of it was read.
    pub fn text(self) -> Result<String> {
        runtime::wait(self.whole()?.text())?
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    ///
    /// As [`json`](crate::Response::json); `Config` after some of it was read.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        runtime::wait(self.whole()?.json())?
    }

    fn whole(self) -> Result<crate::Response> {
        if self.begun {
            return Err(Error::new(
                ErrorKind::Config,
                "some of the answer's body was read before; read the rest of it too, or none",
            ));
        }
        Ok(self.answer)
    }

    fn next_part(&mut self) -> Result<Bytes> {
        self.begun = true;
        let part = runtime::wait(self.answer.chunk())??;
        Ok(part.unwrap_or_default())
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.part.is_empty() {
            self.part = self.next_part().map_err(io::Error::other)?;
        }
        let length = self.part.len().min(buffer.len());
        self.part.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
