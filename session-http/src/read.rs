//! Reading an answer's body, but not without end.

use std::{mem, time::Duration};

use bytes::Bytes;
use session_core::{Error, ErrorKind, Result};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::{
    transport_error,
    watch::{Elapsed, Watch},
};

/// The whole body of an answer, unless it is longer than `limit` bytes.
///
/// At no time more than about twice the limit is held, however small the parts are that it comes in. The
/// result has no spare room, and what it outgrew on the way was wiped: for a body with a secret in it, wrap
/// it in a [`Secret`](session_core::Secret), and no copy of ours is left behind.
///
/// # Errors
///
/// `Protocol` when the body is longer; `Unavailable` when it does not come to its end.
pub async fn read_limited(mut answer: reqwest::Response, limit: usize) -> Result<Vec<u8>> {
    read_whole(&mut answer, &mut Watch::default(), limit).await
}

/// As [`read_limited`], while there is time.
pub(crate) async fn read_whole(
    answer: &mut reqwest::Response,
    watch: &mut Watch,
    limit: usize,
) -> Result<Vec<u8>> {
    let announced = answer.content_length().unwrap_or_default();
    let expected = match usize::try_from(announced) {
        Ok(0) => limit,
        Ok(length) if length <= limit => length,
        _ => return Err(too_long(answer, limit)),
    };
    let mut body = Buffer::new(expected);
    while let Some(chunk) = next_chunk(answer, watch).await? {
        if chunk.len() > limit - body.len() {
            return Err(too_long(answer, limit));
        }
        body.append(&chunk);
    }
    Ok(body.finish())
}

pub(crate) async fn next_chunk(
    answer: &mut reqwest::Response,
    watch: &mut Watch,
) -> Result<Option<Bytes>> {
    match watch.hear(answer.chunk()).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(error)) => Err(transport_error(&error, answer.url())),
        Err(Elapsed) => Err(transport_error::timed_out(answer.url())),
    }
}

/// Reads an answer that nobody wants, so that its connection can carry the next request: one of HTTP/1 is closed
/// when an answer on it is dropped unread, and with it goes what a scheme has authenticated on it.
///
/// Where that would take more than a connection is worth, it is dropped.
pub(crate) async fn drain(answer: reqwest::Response) {
    const LIMIT: usize = 64 << 10;
    const PATIENCE: Duration = Duration::from_millis(250);
    if answer
        .content_length()
        .is_some_and(|length| length > LIMIT as u64)
    {
        return;
    }
    // Whether it came to its end, the connection knows.
    let _ = timeout(PATIENCE, discard(answer, LIMIT)).await;
}

/// As [`drain`], where the connection is worth more: no other will do for the next request.
pub(crate) async fn drain_pinned(answer: reqwest::Response) {
    const LIMIT: usize = 1 << 20;
    discard(answer, LIMIT).await;
}

async fn discard(mut answer: reqwest::Response, limit: usize) {
    let mut length = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        length += chunk.len();
        if length > limit {
            return;
        }
    }
}

/// What has been read. Grows by doubling, and wipes what it outgrows.
struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    /// How long it is expected to get at most.
    expected: usize,
}

impl Buffer {
    /// What an announcement is trusted with at once.
    const FIRST: usize = 8 << 10;

    fn new(expected: usize) -> Self {
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(expected.min(Self::FIRST))),
            expected,
        }
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn append(&mut self, part: &[u8]) {
        let length = self.bytes.len() + part.len();
        if length > self.bytes.capacity() {
            let doubled = self.bytes.capacity().saturating_mul(2);
            self.move_to(doubled.min(self.expected).max(length));
        }
        self.bytes.extend_from_slice(part);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.bytes.len() < self.bytes.capacity() {
            self.move_to(self.bytes.len());
        }
        mem::take(&mut self.bytes)
    }

    fn move_to(&mut self, capacity: usize) {
        let mut moved = Zeroizing::new(Vec::with_capacity(capacity));
        moved.extend_from_slice(&self.bytes);
        self.bytes = moved;
    }
}

fn too_long(answer: &reqwest::Response, limit: usize) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!(
            "the answer of `{}` is longer than {limit} bytes; ask for less at once, or allow more",
            answer.url().host_str().unwrap_or_default()
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use futures_util::{Stream, StreamExt as _, stream};
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    /// The capacities that a body has had, when it comes byte by byte.
    fn capacities(length: usize, expected: usize) -> Vec<usize> {
        let mut body = Buffer::new(expected);
        let mut capacities = vec![body.bytes.capacity()];
        for _ in 0..length {
            body.append(b"x");
            capacities.push(body.bytes.capacity());
        }
        let whole = body.finish();
        assert_eq!((whole.len(), whole.capacity()), (length, length));
        capacities.dedup();
        capacities
    }

    #[test]
    fn a_body_doubles_up_to_what_is_expected() {
        const FIRST: usize = Buffer::FIRST;
        assert_eq!(capacities(0, 0), [0]);
        assert_eq!(capacities(100, 100), [100]);
        assert_eq!(capacities(100, 1 << 30), [FIRST]);
        assert_eq!(
            capacities(3 * FIRST, 3 * FIRST),
            [FIRST, 2 * FIRST, 3 * FIRST]
        );
        // Who announced less than it sends, as an answer that was unpacked on the way.
        assert_eq!(capacities(3, 1), [1, 2, 3]);
    }

    #[test]
    fn a_large_part_gets_its_room_at_once() {
        let mut body = Buffer::new(usize::MAX);
        let part = vec![1; 5 * Buffer::FIRST];
        body.append(&part);
        assert_eq!(body.bytes.capacity(), part.len());
        assert_eq!(body.finish(), part);
    }

    /// An answer that comes in these parts, of a length that it does not announce.
    fn answer(parts: impl Stream<Item = Bytes> + Send + Sync + 'static) -> reqwest::Response {
        let frames = parts.map(|part| Ok::<_, Error>(Frame::data(part)));
        let body = reqwest::Body::wrap(StreamBody::new(frames));
        http::Response::new(body).into()
    }

    #[tokio::test]
    async fn an_answer_that_nobody_wants_is_read_but_not_without_end() {
        for (parts, read) in [(10, 10), (64, 64), (1000, 65)] {
            let counter = Arc::<AtomicUsize>::default();
            let pulled = Arc::clone(&counter);
            let part = move || {
                pulled.fetch_add(1, Ordering::SeqCst);
                Bytes::from_static(&[0; 1024])
            };
            drain(answer(stream::repeat_with(part).take(parts))).await;
            assert_eq!(counter.load(Ordering::SeqCst), read);
        }
    }

    #[tokio::test]
    async fn an_answer_that_nobody_wants_is_not_waited_for_without_end() {
        drain(answer(stream::pending())).await;
    }
}
