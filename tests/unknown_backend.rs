//! A backend that is not there: the error says which are, and how to get more.
#![forbid(unsafe_code)]

use session_kit::{Backend, Config, ErrorKind, backends, open};

#[test]
fn the_linked_ones_are_named() {
    let linked: Vec<_> = backends().map(Backend::name).collect();
    assert_eq!(linked, ["kerberos", "marquee", "mock", "oauth"]);
    let error = open("smoke-signals", Config::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownBackend);
    assert_eq!(
        error.to_string(),
        "there is no backend `smoke-signals`; linked are kerberos, marquee, mock, oauth; link the backend's crate: by its feature of session-kit, or by `use its_crate as _;`"
    );
}
