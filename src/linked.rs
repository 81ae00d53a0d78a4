//! What keeps the selected backends linked.

use session_core::{Backend, Config, Result, SessionHandle};

/// The backends that features select. Registration at start-up finds them in most programs; this list finds them
/// in all: where a C compiler links a static library, nothing else refers to them.
static LINKED: &[&Backend] = &[
    #[cfg(feature = "kerberos")]
    &session_kerberos::KERBEROS,
    #[cfg(feature = "marquee")]
    &session_marquee::MARQUEE,
    #[cfg(feature = "mock")]
    &session_mock::MOCK,
    #[cfg(feature = "oauth")]
    &session_oauth::OAUTH,
];

/// The features that would link a backend of the same name.
static FEATURES: &[&str] = &["kerberos", "marquee", "mock", "oauth"];

/// All linked backends, by name.
pub fn backends() -> impl Iterator<Item = &'static Backend> {
    link();
    session_core::backends()
}

/// Makes a session of the backend with this name. Nothing is sent.
///
/// # Errors
///
/// `UnknownBackend`, when no linked backend has this name; it says which do, and how to link more. `Config`, when
/// two have it, or a key of the configuration is unknown, missing or not of its kind.
pub fn open(name: &str, config: impl Into<Config>) -> Result<SessionHandle> {
    link();
    session_core::open(name, config)
}

/// Makes the session that a profile in `sessions.toml` describes. Nothing is sent.
///
/// The file is the one that `SESSION_CONFIG` names, else `session-kit/sessions.toml` in the platform's folder for
/// configurations; [`Profiles`](crate::Profiles) reads others.
///
/// # Errors
///
/// `Config`, when there is no such file or profile, or something in it is wrong: it names file, line and
/// remedy. `UnknownBackend`, as [`open`].
pub fn profile(name: &str) -> Result<SessionHandle> {
    link();
    session_core::profile(name)
}

pub(crate) fn link() {
    session_core::link(LINKED, FEATURES);
}
