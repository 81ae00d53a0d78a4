//! Futures, watched while they are polled.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The output of a future that needs no waiting: the cheapest way to run one, for all alike.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("what is cached had to be waited for"),
    }
}

/// The output of a future, and whether it was ever Pending.
pub(crate) async fn watched<F: Future>(future: F) -> (F::Output, bool) {
    let mut future = pin!(future);
    let mut was_pending = false;
    let output = poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        was_pending |= polled.is_pending();
        polled
    })
    .await;
    (output, was_pending)
}
