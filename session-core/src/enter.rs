//! A block with a session of its own.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::{
    Result, Scoped, SessionHandle,
    engine::Engine,
    flight::{Join, Soon},
    held::Held,
    scope::Frames,
};

pin_project! {
    /// A future of [`SessionHandle::enter`].
    ///
    /// Written out rather than as an `async` block, which would hold the block's future twice and so double in
    /// size with each level of nesting.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Enter<F: Future> {
        // In the order in which they are dropped: what the block still holds, then its use of the session.
        #[pin]
        block: Scoped<F>,
        stage: Stage<F::Output>,
        session: SessionHandle,
    }
}

enum Stage<T> {
    New,
    Opening(User, Join<Result<Arc<Held>>>),
    Running(User),
    Leaving(Option<T>, Join<Result<()>>),
    Ended,
}

impl<F: Future> Enter<F> {
    pub(crate) fn new(session: SessionHandle, block: F) -> Self {
        Self {
            session,
            stage: Stage::New,
            // Gets its scope once the session is open: a failed `enter` was never current.
            block: Scoped::new(Frames::default(), block),
        }
    }
}

impl<F: Future> Future for Enter<F> {
    type Output = Result<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.stage {
                Stage::New => match User::enter(this.session) {
                    (user, Soon::Now(Ok(_))) => {
                        this.block
                            .as_mut()
                            .set_frames(Frames::of(this.session.clone()));
                        *this.stage = Stage::Running(user);
                    }
                    (user, Soon::Later(join)) => *this.stage = Stage::Opening(user, join),
                    (_, Soon::Now(Err(error))) => {
                        *this.stage = Stage::Ended;
                        return Poll::Ready(Err(error));
                    }
                },
                Stage::Opening(_, join) => {
                    let opened = ready!(Pin::new(join).poll(cx));
                    let opening = std::mem::replace(this.stage, Stage::Ended);
                    opened?;
                    if let Stage::Opening(user, _) = opening {
                        this.block
                            .as_mut()
                            .set_frames(Frames::of(this.session.clone()));
                        *this.stage = Stage::Running(user);
                    }
                }
                Stage::Running(_) => {
                    let value = ready!(this.block.as_mut().poll(cx));
                    if let Stage::Running(user) = std::mem::replace(this.stage, Stage::Ended) {
                        match user.leave() {
                            Soon::Later(join) => *this.stage = Stage::Leaving(Some(value), join),
                            Soon::Now(_) => return Poll::Ready(Ok(value)),
                        }
                    }
                }
                Stage::Leaving(value, join) => {
                    // A failure was logged where it happened; the block's value is what counts.
                    let _ = ready!(Pin::new(join).poll(cx));
                    let value = value.take().expect("a block leaves with its value, once");
                    *this.stage = Stage::Ended;
                    return Poll::Ready(Ok(value));
                }
                Stage::Ended => panic!("`Enter` polled after completion"),
            }
        }
    }
}

impl<F: Future> fmt::Debug for Enter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enter")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// One user of a session: counted from before its first wait until it leaves, is dropped or panics.
pub(crate) struct User(Option<Arc<Engine>>);

impl User {
    pub(crate) fn enter(session: &SessionHandle) -> (Self, Soon<Result<Arc<Held>>>) {
        let engine = session.engine();
        let opened = engine.enter();
        (Self(Some(Arc::clone(engine))), opened)
    }

    /// Leaves, to wait for the close that this may cause.
    pub(crate) fn leave(mut self) -> Soon<Result<()>> {
        match self.0.take() {
            Some(engine) => engine.leave(),
            None => Soon::Now(Ok(())),
        }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(engine) = self.0.take() {
            drop(engine.leave());
        }
    }
}
