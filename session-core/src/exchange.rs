//! One request's dialogue with the server.

use async_trait::async_trait;
use http::{HeaderMap, StatusCode, request::Parts};
use url::Url;

use crate::{Error, Result};

/// One request's dialogue with the server, from its first authorization to the last answer.
///
/// Made by [`Session::authorize`](crate::Session::authorize) for schemes in which the server
/// answers back: it sees every answer to that request and owns what must not be shared with
/// another, such as a GSS context.
#[async_trait]
pub trait Exchange: Send {
    /// Looks at an answer to the request. To have it sent once more, changes the headers of `next` and
    /// returns [`Verdict::Resend`].
    ///
    /// # Errors
    ///
    /// When the answer cannot be trusted or understood; the request then fails with that error.
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict>;

    /// Why the server [refused](Verdict::Refused), where the scheme has it say so. The request fails with that when there is no
    /// other credential to try; without it, the answer is the caller's.
    fn refusal(&mut self) -> Option<Error> {
        None
    }
}

/// What an [`Exchange`] makes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The dialogue is over, and the answer is the caller's.
    Done,
    /// Send the request once more as it is now.
    Resend,
    /// The server refused this credential.
    Refused,
}

/// A request about to be sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outgoing<'a> {
    /// Where it goes: absolute, supplied by the carrier.
    pub url: &'a Url,
    /// The request's head, to put headers on.
    pub request: &'a mut Parts,
    /// The server's certificate (DER), once known, to bind the authorization to its connection.
    pub peer_certificate: Option<&'a [u8]>,
}

impl<'a> Outgoing<'a> {
    /// A request to `url`, whose peer is not known yet.
    pub fn new(url: &'a Url, request: &'a mut Parts) -> Self {
        Self {
            url,
            request,
            peer_certificate: None,
        }
    }

    /// With the server's certificate (DER).
    #[must_use]
    pub fn with_peer_certificate(mut self, certificate: &'a [u8]) -> Self {
        self.peer_certificate = Some(certificate);
        self
    }
}

/// An answer that came back.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Incoming<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The certificate (DER) of the server that sent it, where the carrier knows it.
    pub peer_certificate: Option<&'a [u8]>,
}

impl<'a> Incoming<'a> {
    /// An answer whose peer is not known.
    pub fn new(status: StatusCode, headers: &'a HeaderMap) -> Self {
        Self {
            status,
            headers,
            peer_certificate: None,
        }
    }

    /// With the server's certificate (DER).
    #[must_use]
    pub fn with_peer_certificate(mut self, certificate: &'a [u8]) -> Self {
        self.peer_certificate = Some(certificate);
        self
    }
}
