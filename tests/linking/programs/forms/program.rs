//! What all forms do.

use session_core::{Config, Result, SessionHandle};

/// Says, in one line, what comes of opening a session of this backend.
pub(crate) fn report(open: fn(&str, Config) -> Result<SessionHandle>, backend: &str) {
    match open(backend, Config::new()) {
        Ok(session) => println!("=> opened {}", session.name()),
        Err(error) => println!("=> {error}"),
    }
}
