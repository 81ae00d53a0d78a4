//! For C programs: the backend is selected by a feature of session-kit.

use session_kit::Config;

/// Whether the backend is registered.
#[unsafe(no_mangle)]
pub extern "C" fn is_registered() -> bool {
    session_kit::open("mock", Config::new()).is_ok()
}
