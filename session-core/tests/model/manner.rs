//! How far somebody goes with a future.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// How far somebody goes with a future.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    ToItsEnd,
    /// To its end, but somebody else polled it first, who is gone.
    HandedOver,
    /// Dropped when it has to wait for the time with this number; with 0, before it is polled.
    DroppedAt(usize),
}

impl Manner {
    /// The output, unless the future was dropped.
    pub(crate) async fn follow<F: Future>(self, future: F) -> Option<F::Output> {
        let mut future = Box::pin(future);
        match self {
            Self::ToItsEnd => Some(future.await),
            Self::HandedOver => match poll_once(future.as_mut()) {
                Poll::Ready(output) => Some(output),
                Poll::Pending => Some(future.await),
            },
            Self::DroppedAt(wait) => drop_at(wait, future).await,
        }
    }
}

/// Completes a future, but drops it when it has to wait for the time with this number.
pub(crate) async fn drop_at<F: Future + ?Sized>(
    wait: usize,
    mut future: Pin<Box<F>>,
) -> Option<F::Output> {
    let mut waits = 0;
    let mut poll = |cx: &mut Context<'_>| {
        if waits == wait {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                waits += 1;
                if waits == wait {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                }
            }
        }
    };
    poll_fn(&mut poll).await
}

pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Lets others act, once.
pub(crate) async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
