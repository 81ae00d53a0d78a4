//! The heads of requests as they arrive, byte by byte: HTTP libraries keep neither the order of headers nor their case.

use std::collections::VecDeque;
use std::mem::take;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::state::lock;

/// A head that is longer is none: hyper refuses it earlier.
const LIMIT: usize = 256 * 1024;

/// A stream, and the heads of the requests that were read from it.
pub(super) struct Overheard<S> {
    pub(super) stream: S,
    heads: Arc<Mutex<Heads>>,
}

impl<S> Overheard<S> {
    pub(super) fn new(stream: S, heads: Arc<Mutex<Heads>>) -> Self {
        Self { stream, heads }
    }
}

/// Heads that are complete, until they are taken, and where in the stream it is.
#[derive(Default)]
pub(super) struct Heads {
    complete: VecDeque<Bytes>,
    within: Within,
    line: Vec<u8>,
}

/// What the next bytes belong to.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Head,
    /// A body, or a chunk with the end of its line: so many bytes.
    Body(u64),
    Chunk(u64),
    ChunkSize,
    Trailers,
    /// An answer, which says whether anything of HTTP/1.1 follows: the client has offered to switch to something else.
    Offer,
    /// Nothing of HTTP/1.1 follows.
    Foreign,
}

impl Heads {
    /// The head of the next request that is served: its first line and its headers, with the empty line.
    pub(super) fn next(&mut self) -> Bytes {
        self.complete.pop_front().unwrap_or_default()
    }

    fn overhear(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.within {
                Within::Body(left) => {
                    let taken = skip(&mut bytes, left);
                    self.within = match left - taken {
                        0 => Within::Head,
                        left => Within::Body(left),
                    };
                }
                Within::Chunk(left) => {
                    let taken = skip(&mut bytes, left);
                    self.within = match left - taken {
                        0 => Within::ChunkSize,
                        left => Within::Chunk(left),
                    };
                }
                Within::Offer | Within::Foreign => return,
                Within::Head | Within::ChunkSize | Within::Trailers => {
                    self.overhear_line(&mut bytes);
                }
            }
        }
    }

    /// What the server answers, as far as it says what follows (RFC 9110 §7.8).
    fn answered(&mut self, bytes: &[u8]) {
        if self.within != Within::Offer || bytes.is_empty() {
            return;
        }
        if bytes.starts_with(b"HTTP/1.1 101") {
            self.within = Within::Foreign;
        } else if !bytes.starts_with(b"HTTP/1.1 1") {
            self.within = Within::Head;
        }
    }

    fn overhear_line(&mut self, bytes: &mut &[u8]) {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (line, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
        self.line.extend_from_slice(line);
        *bytes = rest;
        if self.line.len() > LIMIT {
            self.line = Vec::new();
            self.within = Within::Foreign;
            return;
        }
        if end.is_none() {
            return;
        }
        match self.within {
            Within::ChunkSize => {
                let line = take(&mut self.line);
                let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
                let size = std::str::from_utf8(digits).unwrap_or_default().trim();
                self.within = match u64::from_str_radix(size, 16) {
                    Ok(0) => Within::Trailers,
                    Ok(size) => Within::Chunk(size.saturating_add(2)),
                    Err(_) => Within::Foreign,
                };
            }
            Within::Trailers => {
                let ended = take(&mut self.line).trim_ascii().is_empty();
                self.within = if ended {
                    Within::Head
                } else {
                    Within::Trailers
                };
            }
            // Empty lines before a request are skipped (RFC 9112 §2.2).
            _ if self.line.trim_ascii().is_empty() => self.line.clear(),
            _ if self.line.ends_with(b"\n\r\n") || self.line.ends_with(b"\n\n") => {
                let head = Bytes::from(take(&mut self.line));
                self.within = after(&head);
                self.complete.push_back(head);
            }
            _ => {}
        }
    }
}

/// The headers of a head, in the order and the case in which they were sent, each without the white space around its value.
pub(super) fn headers(head: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        Some((name, line[colon + 1..].trim_ascii()))
    })
}

/// What follows a head (RFC 9112 §6.3).
fn after(head: &[u8]) -> Within {
    let mut within = Within::Head;
    for (name, value) in headers(head) {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Within::ChunkSize;
        }
        if name.eq_ignore_ascii_case("upgrade") {
            return Within::Offer;
        }
        if name.eq_ignore_ascii_case("content-length") {
            let length = std::str::from_utf8(value).ok();
            within = match length.and_then(|length| length.parse().ok()) {
                Some(0) => Within::Head,
                Some(length) => Within::Body(length),
                None => Within::Foreign,
            };
        }
    }
    within
}

/// Leaves out so many bytes, or all, and says how many.
fn skip(bytes: &mut &[u8], most: u64) -> u64 {
    let count = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
    *bytes = &bytes[count..];
    count as u64
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        lock(&self.heads).overhear(&buffer.filled()[before..]);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        lock(&self.heads).answered(bytes);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        lock(&self.heads).answered(first.map_or(&[], |slice| slice));
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &str = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;x=y\r\nGET /\r\n3\r\n\r\n\r\r\n0\r\nTrailer: t\r\n\r\n";
    const LONG: &str = "PUT /b HTTP/1.1\r\nContent-Length: 7\r\n\r\n\r\n\r\n\r\n\n";
    const BARE: &str = "\r\nGET /c HTTP/1.1\r\nX-Case: One\r\nx-case:  two \r\n\r\n";

    #[test]
    fn however_the_bytes_come_each_head_is_heard_once_and_no_body() {
        let stream = [CHUNKED, LONG, BARE, BARE].concat();
        for step in 1..=stream.len() {
            let mut heads = Heads::default();
            for bytes in stream.as_bytes().chunks(step) {
                heads.overhear(bytes);
            }
            let firsts: Vec<_> = std::iter::repeat_with(|| heads.next())
                .take_while(|head| !head.is_empty())
                .map(|head| String::from_utf8(head[..7].to_vec()).unwrap())
                .collect();
            assert_eq!(
                firsts,
                ["POST /a", "PUT /b ", "GET /c ", "GET /c "],
                "{step}"
            );
        }
    }

    #[test]
    fn headers_keep_their_order_and_case() {
        let headers: Vec<_> = headers(BARE.trim_start().as_bytes()).collect();
        assert_eq!(headers, [("X-Case", &b"One"[..]), ("x-case", b"two")]);
    }

    const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";

    #[test]
    fn what_follows_an_upgrade_is_not_http() {
        let mut heads = Heads::default();
        heads.overhear(UPGRADE);
        heads.answered(b"HTTP/1.1 101 Switching Protocols\r\n");
        heads.overhear(b"\x81\x02hi\r\n\r\n");
        assert!(!heads.next().is_empty());
        assert!(heads.next().is_empty());
    }

    #[test]
    fn what_follows_an_upgrade_that_was_refused_is() {
        for refusal in ["401 Unauthorized", "200 OK"] {
            let mut heads = Heads::default();
            heads.overhear(UPGRADE);
            heads.answered(b"HTTP/1.1 100 Continue\r\n\r\n");
            heads.answered(format!("HTTP/1.1 {refusal}\r\n").as_bytes());
            heads.answered(b"HTTP/1.1 101 in its body");
            heads.overhear(BARE.as_bytes());
            assert!(heads.next().starts_with(b"GET /ws"));
            assert!(heads.next().starts_with(b"GET /c"), "{refusal}");
        }
    }
}
