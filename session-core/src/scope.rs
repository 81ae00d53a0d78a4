//! Which session is current here.

use std::{
    cell::RefCell,
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{Error, ErrorKind, Result, SessionHandle, sync::per_thread};

per_thread! {
    static STACK: RefCell<Stack> = RefCell::new(Stack { places: Vec::new(), depth: 0 });
}

/// The scopes that the code now running is in.
struct Stack {
    /// Innermost last; empty from `depth` on, where scopes to come find a place without allocating.
    places: Vec<Place>,
    depth: usize,
}

/// Where a scope has its session while its code runs. The count is the thread's own, and no atomic one: looking at
/// the current session then writes to no memory that threads share, and waits for no write before it.
pub(crate) type Place = Rc<Option<SessionHandle>>;

impl Stack {
    fn push(&mut self, session: SessionHandle) {
        let spare = self.places.get_mut(self.depth);
        if let Some(place) = spare.and_then(Rc::get_mut) {
            *place = Some(session);
        } else {
            // Nobody looks at a place that is left, so this is its first use.
            self.places.truncate(self.depth);
            self.places.push(Rc::new(Some(session)));
        }
        self.depth += 1;
    }

    fn pop(&mut self) -> Option<SessionHandle> {
        self.depth = self.depth.checked_sub(1)?;
        Rc::get_mut(self.places.get_mut(self.depth)?)?.take()
    }

    fn innermost(&self) -> Option<&Place> {
        self.places.get(self.depth.checked_sub(1)?)
    }

    fn sessions(&self) -> impl Iterator<Item = &SessionHandle> {
        let inside = self.places.iter().take(self.depth);
        inside.filter_map(|place| place.as_ref().as_ref())
    }
}

/// Scopes to be put around code, innermost last; empty while that code runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames(Vec<SessionHandle>);

impl Frames {
    pub(crate) fn of(session: SessionHandle) -> Self {
        Self(vec![session])
    }

    /// The scopes that the caller is in.
    pub(crate) fn here() -> Self {
        let copies = |stack: &RefCell<Stack>| stack.borrow().sessions().cloned().collect();
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
                let below = stack.depth;
                frames.0.drain(..).for_each(|session| stack.push(session));
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
            while stack.depth > self.below {
                self.frames.0.extend(stack.pop());
            }
            self.frames.0.reverse();
        });
    }
}

/// The place of the innermost scope's session.
///
/// Fails where thread-locals are gone, as in the destructors of others: whatever scope that code is in, the default
/// must not stand in for it.
#[inline]
pub(crate) fn innermost() -> Result<Option<Place>> {
    let innermost = |stack: &RefCell<Stack>| stack.borrow().innermost().cloned();
    STACK.try_with(innermost).map_err(|_| {
        Error::new(
            ErrorKind::NoSession,
            "no session is current where a thread ends: what is dropped with its thread-locals has to hold a handle of its own",
        )
    })
}

/// The session of the innermost scope whose session has this name.
pub(crate) fn innermost_named(name: &str) -> Result<Option<SessionHandle>> {
    innermost()?;
    // A copy, because asking a session for its name may run foreign code.
    let Frames(mut sessions) = Frames::here();
    let index = sessions.iter().rposition(|session| session.name() == name);
    Ok(index.map(|index| sessions.swap_remove(index)))
}

/// Fails inside a scope, where a change of the default would change nothing.
pub(crate) fn refuse(action: &str) -> Result<()> {
    let refusal = |current: &SessionHandle| {
        Error::new(
            ErrorKind::Config,
            format!(
                "`{action}` inside a scope of session `{}`: that one would stay current here; call it outside of any scope, or open a scope",
                current.name()
            ),
        )
    };
    match innermost()?.as_deref() {
        Some(Some(current)) => Err(refusal(current)),
        _ => Ok(()),
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
