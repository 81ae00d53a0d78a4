//! A request's body that is read as it is sent.

use std::{
    io::{self, Read},
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    thread,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use session_core::{Error, ErrorKind, Result};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How much is read at once.
const PART: usize = 64 << 10;

/// How many parts are read ahead of what the server takes.
const AHEAD: usize = 2;

/// How many bodies are read at a time in the process, each on a thread of its own: what reads may hang, and would hold up
/// whatever else is done on its thread.
const MOST_READERS: usize = 512;

/// A body that this reader has; nothing is read before it is sent.
pub(super) fn body(reader: impl Read + Send + 'static) -> reqwest::Body {
    reqwest::Body::wrap(Reading::Idle(Mutex::new(Some(Box::new(reader)))))
}

enum Reading {
    /// Locked by nobody: it makes the reader one that may be shared, as a body must be.
    Idle(Mutex<Option<Box<dyn Read + Send>>>),
    Under(Receiver<Part>),
    Over,
}

/// What a reader has read; `None` at the end. Without an end, it has come to none.
type Part = Option<io::Result<Bytes>>;

impl Body for Reading {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Self::Idle(reader) = &mut *self {
            let reader = reader.get_mut().unwrap_or_else(PoisonError::into_inner);
            let begun = reader.take().map(begin);
            *self = match begun {
                Some(Ok(parts)) => Self::Under(parts),
                Some(Err(error)) => {
                    *self = Self::Over;
                    return Poll::Ready(Some(Err(io::Error::other(error))));
                }
                None => Self::Over,
            };
        }
        let Self::Under(parts) = &mut *self else {
            return Poll::Ready(None);
        };
        let part = std::task::ready!(parts.poll_recv(cx));
        let part = part.unwrap_or_else(|| Some(Err(io::Error::other(panicked()))));
        if !matches!(part, Some(Ok(_))) {
            *self = Self::Over;
        }
        Poll::Ready(part.map(|part| part.map(Frame::data)))
    }
}

fn begin(reader: Box<dyn Read + Send>) -> Result<Receiver<Part>> {
    let place = Place::take()?;
    let (parts, received) = channel(AHEAD);
    let reading = move || {
        let _place = place;
        read(reader, &parts);
    };
    let thread = thread::Builder::new().name("session-http body".to_owned());
    match thread.spawn(reading) {
        Ok(_) => Ok(received),
        Err(error) => Err(Error::new(
            ErrorKind::Unavailable,
            "the thread that is to read the request's body cannot be started; the system's limits may be reached",
        )
        .with_source(error)),
    }
}

/// Reads to the end, or until nobody wants more.
fn read(mut reader: Box<dyn Read + Send>, parts: &Sender<Part>) {
    loop {
        let mut part = vec![0; PART];
        let read = match reader.read(&mut part) {
            Ok(0) => None,
            Ok(length) => {
                part.truncate(length);
                Some(Ok(part.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Some(Err(error)),
        };
        let is_over = !matches!(read, Some(Ok(_)));
        if parts.blocking_send(read).is_err() || is_over {
            return;
        }
    }
}

/// One of those who may read.
struct Place;

static READERS: AtomicUsize = AtomicUsize::new(0);

impl Place {
    fn take() -> Result<Self> {
        let one_more = |readers| (readers < MOST_READERS).then_some(readers + 1);
        match READERS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(Self),
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "{MOST_READERS} request bodies are being read already, more than that are not at a time; try again later, and check that none of their readers hangs"
                ),
            )),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        READERS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn panicked() -> Error {
    Error::new(
        ErrorKind::Config,
        "the request's body cannot be read, so that it was broken off: its reader panicked; mend the reader",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_the_readers_that_hang() {
        let places: Vec<_> = (0..MOST_READERS)
            .map_while(|_| Place::take().ok())
            .collect();
        let error = Place::take().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        drop(places);
        Place::take().unwrap();
    }
}
