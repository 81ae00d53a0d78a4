//! Sessions for programs without async.

use tokio::task::coop::unconstrained;

use crate::{Credential, Result, SessionHandle, enter::User};

/// A [`SessionHandle`] whose calls block the thread until they are done. Made by
/// [`SessionHandle::blocking`].
///
/// Authentication runs on the session's executor, so that these calls also work inside a runtime: they
/// block its worker, but nothing that they wait for needs it. (Unless that very runtime was made the
/// session's executor.)
#[derive(Clone, Copy, Debug)]
pub struct Blocking<'a>(&'a SessionHandle);

impl<'a> Blocking<'a> {
    pub(crate) fn new(session: &'a SessionHandle) -> Self {
        Self(session)
    }

    /// As [`SessionHandle::init`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn init(self) -> Result<()> {
        block_on(self.0.init())
    }

    /// As [`SessionHandle::install`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn install(self) -> Result<Option<SessionHandle>> {
        block_on(self.0.install())
    }

    /// As [`SessionHandle::install_as`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn install_as(self, name: &str) -> Result<Option<SessionHandle>> {
        block_on(self.0.install_as(name))
    }

    /// Calls a function with this session open and current, as [`SessionHandle::enter`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn enter<R>(self, block: impl FnOnce() -> R) -> Result<R> {
        let (user, opened) = User::enter(self.0);
        block_on(opened.get())?;
        let value = self.0.in_scope(block);
        // A failure was logged where it happened; the block's value is what counts.
        let _ = block_on(user.leave().get());
        Ok(value)
    }

    /// As [`SessionHandle::credential`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn credential(self) -> Result<Credential> {
        block_on(self.0.credential())
    }

    /// As [`SessionHandle::close`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn close(self) -> Result<()> {
        block_on(self.0.close())
    }
}

/// Needs no reactor: all that these calls wait for is a wake-up from the executor. Inside of a task it never gives up its
/// turn: once used up, that would not come back.
fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(unconstrained(future))
}
