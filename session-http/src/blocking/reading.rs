//! A request's body that is read as it is sent.

use std::{
    io::{self, Read},
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::spawn_blocking,
};

/// How much is read at once.
const PART: usize = 64 << 10;

/// How many parts are read ahead of what the server takes.
const AHEAD: usize = 2;

/// A body that this reader has; nothing is read before it is sent.
pub(super) fn body(reader: impl Read + Send + 'static) -> reqwest::Body {
    reqwest::Body::wrap(Reading::Idle(Mutex::new(Some(Box::new(reader)))))
}

enum Reading {
    /// Locked by nobody: it makes the reader one that may be shared, as a body must be.
    Idle(Mutex<Option<Box<dyn Read + Send>>>),
    Under(Receiver<io::Result<Bytes>>),
}

impl Body for Reading {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Self::Idle(reader) = &mut *self {
            let reader = reader.get_mut().unwrap_or_else(PoisonError::into_inner);
            let Some(reader) = reader.take() else {
                return Poll::Ready(None);
            };
            let (parts, received) = channel(AHEAD);
            spawn_blocking(move || read(reader, &parts));
            *self = Self::Under(received);
        }
        match &mut *self {
            Self::Under(parts) => parts
                .poll_recv(cx)
                .map(|part| part.map(|part| part.map(Frame::data))),
            Self::Idle(_) => Poll::Ready(None),
        }
    }
}

/// Reads to the end, or until nobody wants more.
fn read(mut reader: Box<dyn Read + Send>, parts: &Sender<io::Result<Bytes>>) {
    loop {
        let mut part = vec![0; PART];
        let read = match reader.read(&mut part) {
            Ok(0) => return,
            Ok(length) => {
                part.truncate(length);
                Ok(part.into())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_over = read.is_err();
        if parts.blocking_send(read).is_err() || is_over {
            return;
        }
    }
}
