//! The backend's crate is mentioned in the old way.

mod program;

extern crate trivial_backend as _;

fn main() {
    program::report(session_core::open, "trivial");
}

#[test]
fn as_a_test() {
    main();
}
