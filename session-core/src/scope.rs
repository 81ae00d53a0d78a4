//! Which session is current here.

use std::{
    cell::RefCell,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{Error, ErrorKind, Result, SessionHandle, sync::per_thread};

per_thread! {
    /// The scopes that the code now running is in, innermost last.
    static STACK: RefCell<Vec<Frame>> = RefCell::new(Vec::new());
}

/// A scope's session. The indirection gives each scope a count of its own: looking at the current
/// session then writes to no memory that all users of the session share.
type Frame = Arc<SessionHandle>;

/// Scopes to be put around code; empty while that code runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames(Vec<Frame>);

impl Frames {
    pub(crate) fn of(session: SessionHandle) -> Self {
        Self(vec![Arc::new(session)])
    }

    /// The scopes that the caller is in, with counts of their own.
    pub(crate) fn here() -> Self {
        let copy = |frame: &Frame| Arc::new(SessionHandle::clone(frame));
        let copies = |stack: &RefCell<Vec<Frame>>| stack.borrow().iter().map(copy).collect();
        Self(STACK.try_with(copies).unwrap_or_default())
    }

    pub(crate) fn run<R>(mut self, call: impl FnOnce() -> R) -> R {
        let _inside = Inside::new(&mut self);
        call()
    }
}

/// While it lives, the thread is inside of `frames`, which lie on the thread's stack.
struct Inside<'a> {
    frames: &'a mut Frames,
    below: usize,
}

impl<'a> Inside<'a> {
    fn new(frames: &'a mut Frames) -> Self {
        let below = STACK
            .try_with(|stack| {
                let mut stack = stack.borrow_mut();
                let below = stack.len();
                stack.append(&mut frames.0);
                below
            })
            .unwrap_or_default();
        Self { frames, below }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let _ = STACK.try_with(|stack| {
            let mut stack = stack.borrow_mut();
            let below = self.below.min(stack.len());
            self.frames.0.extend(stack.drain(below..));
        });
    }
}

/// The session of the innermost scope.
pub(crate) fn innermost() -> Option<Arc<SessionHandle>> {
    STACK
        .try_with(|stack| stack.borrow().last().cloned())
        .ok()
        .flatten()
}

/// The session of the innermost scope whose session has this name.
pub(crate) fn innermost_named(name: &str) -> Option<SessionHandle> {
    // A copy, because asking a session for its name may run foreign code.
    let frames = Frames::here();
    let frame = frames.0.iter().rev().find(|frame| frame.name() == name)?;
    Some(SessionHandle::clone(frame))
}

/// Fails inside a scope, where a change of the default would change nothing.
pub(crate) fn refuse(action: &str) -> Result<()> {
    match innermost() {
        None => Ok(()),
        Some(current) => Err(Error::new(
            ErrorKind::Config,
            format!(
                "`{action}` inside a scope of session `{}`: that one would stay current here; call it outside of any scope, or open a scope",
                current.name()
            ),
        )),
    }
}

pin_project! {
    /// A future with a current session, made by [`SessionHandle::scope`] and [`WithSession`].
    ///
    /// The session is current while the future is polled and while it is dropped, on whatever thread
    /// that happens, and nowhere else.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Scoped<F> {
        frames: Frames,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _inside = Inside::new(this.frames);
            this.future.set(None);
        }
    }
}

impl<F> Scoped<F> {
    pub(crate) fn new(frames: Frames, future: F) -> Self {
        Self {
            frames,
            future: Some(future),
        }
    }

    pub(crate) fn set_frames(self: Pin<&mut Self>, frames: Frames) {
        *self.project().frames = frames;
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _inside = Inside::new(this.frames);
        let future = this.future.as_mut().as_pin_mut();
        let polled = future.expect("`Scoped` polled after completion").poll(cx);
        if polled.is_ready() {
            // What the future still holds is dropped inside the scope too.
            this.future.set(None);
        }
        polled
    }
}

impl<F> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").finish_non_exhaustive()
    }
}

/// Puts scopes around any future.
pub trait WithSession: Future + Sized {
    /// The same as [`SessionHandle::scope`].
    fn with_session(self, session: &SessionHandle) -> Scoped<Self> {
        session.scope(self)
    }

    /// Runs this future in the scopes of the caller, for work that is spawned. The process-wide default
    /// is not carried: it stays live.
    ///
    /// ```no_run
    /// use session_core::WithSession;
    /// # async fn work() {}
    ///
    /// tokio::spawn(work().with_current_session());
    /// ```
    fn with_current_session(self) -> Scoped<Self> {
        Scoped::new(Frames::here(), self)
    }
}

impl<F: Future> WithSession for F {}

/// A function that runs in the scopes of the caller, for a thread of its own. The process-wide default
/// is not carried: it stays live.
///
/// ```
/// use session_core::in_current_scope;
///
/// std::thread::spawn(in_current_scope(|| { /* … */ })).join().unwrap();
/// ```
pub fn in_current_scope<R>(call: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let frames = Frames::here();
    move || frames.run(call)
}
