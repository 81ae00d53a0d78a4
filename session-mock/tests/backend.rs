//! The mock opened by name.

use std::time::Duration;

use session_core::{Config, ErrorKind, State, open};
use session_mock as _;

fn token(session: &session_core::SessionHandle) -> String {
    let credential = session
        .blocking()
        .credential()
        .expect("the session is open");
    let header = credential
        .header(&http::header::AUTHORIZATION)
        .expect("it is a bearer's");
    header.expose_str().expect("the token is text").to_owned()
}

#[test]
fn it_opens_with_nothing_or_with_all_keys() {
    let plain = open("mock", Config::new()).unwrap();
    plain.blocking().init().unwrap();
    assert_eq!(token(&plain), "Bearer mock-token");
    assert_eq!(plain.status().expires_at, None);
    plain.blocking().close().unwrap();
    assert_eq!(plain.status().state, State::Closed);

    let config = Config::new()
        .set("token", "t0k3n")
        .set("lifetime", Duration::from_secs(3600))
        .set("environment.name", "qa")
        .set("environment.api", "https://api.qa.test/");
    let session = open("mock", config).unwrap();
    session.blocking().init().unwrap();
    assert_eq!(token(&session), "Bearer t0k3n");
    let status = session.status();
    assert!(status.expires_at.is_some());
    assert_eq!(
        (status.scheme.as_str(), status.environment.as_str()),
        ("mock", "qa")
    );
}

#[test]
fn a_key_that_it_does_not_have_is_an_error() {
    let error = open("mock", Config::new().set("tokn", "x")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`token`"), "{error}");
}
