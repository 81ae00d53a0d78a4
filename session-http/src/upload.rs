//! A request's body on its way, as the one who waits for the answer sees it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use session_core::{Error, ErrorKind};
use tokio::time::Instant;

use crate::transport_error::found;

/// What is known of a body that is being sent.
#[derive(Default)]
pub(crate) struct Upload(Mutex<State>);

#[derive(Default)]
struct State {
    /// When the server took something last; `None` while there is nothing to take, for which we are to blame.
    taken: Option<Instant>,
    problem: Option<Error>,
}

impl Upload {
    /// Follows a body.
    pub(crate) fn follow(body: reqwest::Body) -> (reqwest::Body, Arc<Self>) {
        let upload = Arc::<Self>::default();
        upload.state().taken = Some(Instant::now());
        let followed = Followed {
            body,
            upload: Arc::clone(&upload),
        };
        (reqwest::Body::wrap(followed), upload)
    }

    /// Since when it has been the server's turn.
    pub(crate) fn taken(&self) -> Instant {
        self.state().taken.unwrap_or_else(Instant::now)
    }

    /// Why there was no more of it.
    pub(crate) fn problem(&self) -> Option<Error> {
        self.state().problem.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that notes how it is getting on.
struct Followed {
    body: reqwest::Body,
    upload: Arc<Upload>,
}

impl Body for Followed {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<reqwest::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let mut state = self.upload.state();
        state.taken = polled.is_ready().then(Instant::now);
        if let Poll::Ready(Some(Err(error))) = &polled {
            state.problem = Some(unreadable(error));
        }
        drop(state);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Followed {
    /// What nobody waits for any more is not what keeps the server from answering.
    fn drop(&mut self) {
        self.upload.state().taken.get_or_insert_with(Instant::now);
    }
}

fn unreadable(error: &reqwest::Error) -> Error {
    // One of our own says all that there is to say.
    if let Some(own) = found::<Error>(error) {
        return own.clone();
    }
    let reason = found::<std::io::Error>(error).map_or_else(
        || "what it comes from fails".to_owned(),
        |error| error.kind().to_string(),
    );
    Error::new(
        ErrorKind::Config,
        format!(
            "the request's body cannot be read, so that it was broken off: {reason}; check where the body comes from"
        ),
    )
}
