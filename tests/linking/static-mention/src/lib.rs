//! For C programs: code that runs mentions the backend. A `use` would not do.

use std::hint::black_box;

use session_core::Config;

/// Whether the backend is registered.
#[unsafe(no_mangle)]
pub extern "C" fn is_registered() -> bool {
    black_box(&trivial_backend::TRIVIAL);
    session_core::open("trivial", Config::new()).is_ok()
}
