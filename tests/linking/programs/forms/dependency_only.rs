//! The backend's crate is a dependency, and that is all.

mod program;

fn main() {
    program::report(session_core::open, "trivial");
}

#[test]
fn as_a_test() {
    main();
}
