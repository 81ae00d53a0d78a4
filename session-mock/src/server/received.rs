//! A request as it arrived, read to its end.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Method};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::entry::Kind;

/// The longest body that is kept.
const BODY_LIMIT: usize = 1024 * 1024;

/// Private on purpose to `Debug`: every part of it may hold a secret.
pub(super) struct Received {
    pub(super) at: Duration,
    pub(super) kind: Kind,
    /// Which connection it came by.
    pub(super) connection: usize,
    /// Its first line and its headers as they were on the wire.
    pub(super) head: Bytes,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body exceeded [`BODY_LIMIT`] and was not kept.
    pub(super) too_large: bool,
}

impl Received {
    /// Reads a request. One whose body is too large is read to its end all the same: closing a connection on unread
    /// data resets it, and the client would never see the answer.
    pub(super) async fn read(
        request: http::Request<Incoming>,
        at: Duration,
        kind_of: impl FnOnce(&str) -> Kind,
        connection: usize,
        head: Bytes,
    ) -> hyper::Result<Self> {
        let (parts, mut incoming) = request.into_parts();
        let mut body = BytesMut::new();
        let mut too_large = false;
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            too_large |= body.len() + data.len() > BODY_LIMIT;
            if too_large {
                body = BytesMut::new();
            } else {
                body.extend_from_slice(&data);
            }
        }
        let path = parts.uri.path().to_owned();
        Ok(Self {
            at,
            kind: kind_of(&path),
            connection,
            head,
            method: parts.method,
            path,
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            body: body.freeze(),
            too_large,
        })
    }

    /// The only value of a header: `Err` when there are several.
    pub(super) fn single(&self, name: &HeaderName) -> Result<Option<&[u8]>, Repeated> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next();
        match values.next() {
            None => Ok(first.map(http::HeaderValue::as_bytes)),
            Some(_) => Err(Repeated),
        }
    }
}

/// A header that may be there once was there more often.
#[derive(Debug)]
pub(super) struct Repeated;
