//! What a request carries.

use std::mem;

use bytes::Bytes;

use crate::redirect::Content;

/// A request's body, and whether it can be sent again.
pub(crate) enum Body {
    None,
    Bytes(Bytes),
    Stream(reqwest::Body),
    /// Was a stream, which has been sent.
    Spent,
}

impl Body {
    /// What to send; a stream only once.
    pub(crate) fn send(&mut self) -> Option<reqwest::Body> {
        match self {
            Self::None | Self::Spent => None,
            Self::Bytes(bytes) => Some(bytes.clone().into()),
            Self::Stream(_) => match mem::replace(self, Self::Spent) {
                Self::Stream(stream) => Some(stream),
                _ => None,
            },
        }
    }

    /// What there is to send after it has been sent once.
    pub(crate) fn again(&self) -> Content {
        match self {
            Self::None => Content::None,
            Self::Bytes(_) => Content::Repeatable,
            Self::Stream(_) | Self::Spent => Content::Spent,
        }
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.again() != Content::Spent
    }
}
