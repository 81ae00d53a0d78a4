//! The process-wide sessions: the default, and those with a name.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use arc_swap::ArcSwapOption;

use crate::{Error, ErrorKind, Result, SessionHandle, scope};

static DEFAULT: ArcSwapOption<SessionHandle> = ArcSwapOption::const_empty();
static NAMED: RwLock<BTreeMap<String, SessionHandle>> = RwLock::new(BTreeMap::new());

/// The current session: that of the innermost scope, else the process-wide default.
///
/// # Errors
///
/// `NoSession` where there is neither.
pub fn current() -> Result<SessionHandle> {
    with_current(SessionHandle::clone)
}

/// Calls a function with the current session: like [`current`], without a handle of one's own and so
/// without touching memory that all users of the session share.
///
/// # Errors
///
/// `NoSession` where no session is current; the function is not called.
pub fn with_current<R>(call: impl FnOnce(&SessionHandle) -> R) -> Result<R> {
    let (scoped, default);
    scoped = scope::innermost()?;
    let session = if let Some(Some(session)) = scoped.as_deref() {
        session
    } else {
        default = DEFAULT.load();
        default.as_deref().ok_or_else(no_session)?
    };
    // In one place: what has just been made is costly to move.
    Ok(call(session))
}

fn no_session() -> Error {
    Error::new(
        ErrorKind::NoSession,
        "no session is current: `install` one for the whole program, or `enter` or `scope` one around this code; spawned tasks and new threads inherit a scope only by `with_current_session` and `in_current_scope`",
    )
}

/// Makes a session the process-wide default, or none, without opening or closing any. Gives back the one
/// that was the default before.
///
/// # Errors
///
/// `Config` inside a scope, where the default is not what is current.
pub fn set_current(session: Option<SessionHandle>) -> Result<Option<SessionHandle>> {
    scope::refuse("set_current")?;
    let displaced = DEFAULT.swap(session.map(Arc::new));
    Ok(displaced.map(|displaced| SessionHandle::clone(&displaced)))
}

/// The session current under this name: that of the innermost scope whose session is named so, else the
/// one installed by [`SessionHandle::install_as`].
///
/// # Errors
///
/// `NoSession`, listing the names installed.
pub fn current_named(name: &str) -> Result<SessionHandle> {
    if let Some(scoped) = scope::innermost_named(name)? {
        return Ok(scoped);
    }
    let named = NAMED.read().unwrap_or_else(PoisonError::into_inner);
    named.get(name).cloned().ok_or_else(|| {
        let known: Vec<_> = named.keys().map(String::as_str).collect();
        Error::new(
            ErrorKind::NoSession,
            format!(
                "no session named `{name}` is current; installed are: [{}]; install it with `install_as(\"{name}\")`",
                known.join(", ")
            ),
        )
    })
}

/// Makes a session the one that [`current_named`] finds under this name, or none, without opening or
/// closing any. Gives back the one before.
///
/// # Errors
///
/// `Config` inside a scope, as [`set_current`].
pub fn set_current_named(
    name: &str,
    session: Option<SessionHandle>,
) -> Result<Option<SessionHandle>> {
    scope::refuse("set_current_named")?;
    let mut named = NAMED.write().unwrap_or_else(PoisonError::into_inner);
    Ok(match session {
        Some(session) => named.insert(name.to_owned(), session),
        None => named.remove(name),
    })
}
