//! The backend `mock` is selected by a feature of session-kit, and `oauth` is not.

mod program;

fn main() {
    program::report(session_kit::open, "mock");
    program::report(session_kit::open, "oauth");
}

#[test]
fn as_a_test() {
    main();
}
