//! Installing without async. What is installed is so for the whole process.

use session_core::current_named;
use session_mock::MockSession;

#[test]
fn installing_blocks_too() {
    let (a, b) = (
        MockSession::bearer("a").handle(),
        MockSession::bearer("b").handle(),
    );
    assert!(a.blocking().install_as("blocking").unwrap().is_none());
    let displaced = b.blocking().install_as("blocking").unwrap();
    assert!(displaced.unwrap().is_same(&a));
    assert!(current_named("blocking").unwrap().is_same(&b));
}
