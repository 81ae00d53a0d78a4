//! What a request carries.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::{redirect::Content, upload::Upload};

/// As much as a connection takes at once; what is larger is sent in parts, so that it shows how it is getting on.
const PART: usize = 64 << 10;

/// A request's body, and whether it can be sent again.
pub(crate) enum Body {
    None,
    Bytes(Bytes),
    Stream(reqwest::Body),
    /// Was a stream, which has been sent.
    Spent,
}

impl Body {
    /// What to send, and if that may take a while, what becomes of it; a stream only once.
    pub(crate) fn send(&mut self) -> (Option<reqwest::Body>, Option<Arc<Upload>>) {
        let large = match self {
            Self::None | Self::Spent => return (None, None),
            Self::Bytes(bytes) if bytes.len() <= PART => return (Some(bytes.clone().into()), None),
            Self::Bytes(bytes) => reqwest::Body::wrap(Parts(bytes.clone())),
            Self::Stream(_) => match mem::replace(self, Self::Spent) {
                Self::Stream(stream) => stream,
                _ => return (None, None),
            },
        };
        let (body, upload) = Upload::follow(large);
        (Some(body), Some(upload))
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

/// Bytes, part by part.
struct Parts(Bytes);

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let length = self.0.len().min(PART);
        let part = self.0.split_to(length);
        Poll::Ready((!part.is_empty()).then(|| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
