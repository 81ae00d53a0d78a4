//! The connection of a websocket, which its session can cut.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use reqwest::Upgraded;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that can be cut from elsewhere. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Line(Arc<Mutex<State>>);

/// A hold on a line that does not keep its connection open.
pub(crate) struct WeakLine(Weak<Mutex<State>>);

/// Without a connection it has been cut.
struct State {
    connection: Option<Upgraded>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Line {
    pub(crate) fn new(connection: Upgraded) -> Self {
        Self(Arc::new(Mutex::new(State {
            connection: Some(connection),
            reader: None,
            writer: None,
        })))
    }

    /// Drops the connection. Whoever waits for it is told.
    pub(crate) fn cut(&self) {
        let (connection, waiting) = {
            let mut state = self.state();
            let waiting = [state.reader.take(), state.writer.take()];
            (state.connection.take(), waiting)
        };
        drop(connection);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.state().connection.is_none()
    }

    pub(crate) fn downgrade(&self) -> WeakLine {
        WeakLine(Arc::downgrade(&self.0))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes in some way.
    fn write<T>(
        &self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Upgraded>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let mut state = self.state();
        let State {
            connection, writer, ..
        } = &mut *state;
        let Some(connection) = connection else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        };
        let polled = write(Pin::new(connection), cx);
        keep(writer, cx, polled.is_pending());
        polled
    }
}

impl WeakLine {
    pub(crate) fn upgrade(&self) -> Option<Line> {
        self.0.upgrade().map(Line)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state();
        let State {
            connection, reader, ..
        } = &mut *state;
        let Some(connection) = connection else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        };
        let polled = Pin::new(connection).poll_read(cx, buffer);
        keep(reader, cx, polled.is_pending());
        polled
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |connection, cx| connection.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, AsyncWrite::poll_shutdown)
    }
}

/// Keeps the waker of whoever waits.
fn keep(kept: &mut Option<Waker>, cx: &Context<'_>, waits: bool) {
    match kept {
        _ if !waits => *kept = None,
        Some(kept) => kept.clone_from(cx.waker()),
        None => *kept = Some(cx.waker().clone()),
    }
}
