//! The body of an answer: whole, or as broken as scripted.

use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::connection::Cut;

#[derive(Debug)]
pub(super) struct Body {
    next: Bytes,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    /// Nothing more.
    End,
    /// This many bytes of filling, then the last ones.
    Filling(u64, Bytes),
    /// The connection is cut, once what went before has been flushed.
    Cut { flushed: bool },
}

const FILLING: &[u8] = &[b'x'; 16 * 1024];

impl Body {
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        let next = bytes.into();
        Self {
            next,
            rest: Rest::End,
        }
    }

    /// Starts and ends as given, with so much filling between that all has `length` bytes; never in memory at once.
    pub(super) fn filled(start: &'static str, end: &'static str, length: u64) -> Self {
        let filling = length.saturating_sub((start.len() + end.len()) as u64);
        Self {
            next: Bytes::from_static(start.as_bytes()),
            rest: Rest::Filling(filling, Bytes::from_static(end.as_bytes())),
        }
    }

    /// Ends in the middle: after these bytes, the connection is cut.
    pub(super) fn cut_after(bytes: Bytes) -> Self {
        Self {
            next: bytes,
            rest: Rest::Cut { flushed: false },
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        if !this.next.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(take(&mut this.next)))));
        }
        match &mut this.rest {
            Rest::End => Poll::Ready(None),
            Rest::Filling(0, end) => {
                let end = take(end);
                this.rest = Rest::End;
                Poll::Ready(Some(Ok(Frame::data(end))))
            }
            Rest::Filling(left, _) => {
                let chunk = FILLING
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= chunk as u64;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&FILLING[..chunk])))))
            }
            Rest::Cut { flushed: true } => Poll::Ready(Some(Err(Cut::Truncated))),
            Rest::Cut { flushed } => {
                // hyper flushes when the body has nothing for it.
                *flushed = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest {
            Rest::End => SizeHint::with_exact(self.next.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
