//! What a site answers.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};

use super::outage::Outage;
#[cfg(feature = "websocket")]
use super::websocket::Conversation;

/// What a [`Site`](super::Site) answers to a request: well, or in any of the ways in which an [`Outage`] fails.
#[derive(Clone)]
pub struct Reply(pub(super) Form);

#[derive(Clone)]
pub(super) enum Form {
    Outage(Outage),
    #[cfg(feature = "websocket")]
    Switch(Conversation),
}

impl Reply {
    /// A status without a body.
    pub fn status(status: StatusCode) -> Self {
        Outage::status(status).into()
    }

    /// A status with a body that is said to be JSON.
    pub fn json(status: StatusCode, body: impl Into<String>) -> Self {
        Outage::json(status, body).into()
    }

    /// A status with a body of this content type.
    pub fn body(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        let answer: Self = Outage::body(status, body).into();
        answer.header(CONTENT_TYPE, content_type)
    }

    /// The websocket that the request asks for: it says to each text what `answer` makes of it, and sends binary messages back. A
    /// request that is no handshake (RFC 6455 §4.2.1) is answered with 400.
    #[cfg(feature = "websocket")]
    pub fn websocket(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Form::Switch(Conversation::new(answer)))
    }

    /// Adds a header, or replaces it; of no effect where there is no answer.
    #[must_use]
    pub fn header(self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        match self.0 {
            Form::Outage(outage) => outage.header(name, value).into(),
            #[cfg(feature = "websocket")]
            Form::Switch(_) => self,
        }
    }
}

impl From<Outage> for Reply {
    fn from(outage: Outage) -> Self {
        Self(Form::Outage(outage))
    }
}

/// Shows no header value and no body.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Outage(outage) => f.debug_tuple("Reply").field(outage).finish(),
            #[cfg(feature = "websocket")]
            Form::Switch(_) => f.debug_tuple("Reply").field(&"a websocket").finish(),
        }
    }
}
