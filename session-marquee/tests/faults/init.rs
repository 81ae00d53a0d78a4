//! How a session begins.

use std::time::Duration;

use http::StatusCode;
use session_core::{ErrorKind, SessionHandle};
use session_marquee::{Class, Client};
use session_mock::{Kind, Outage};

use crate::support::{marquee, opened, provider, wire::Wire};

#[tokio::test]
async fn a_token_endpoint_that_hangs_does_not_hang_the_session() {
    let provider = provider();
    let _hold = provider.hold(Kind::Token);
    let session = marquee(&provider).build().unwrap();
    let limit = Duration::from_millis(1);
    let session = SessionHandle::builder(session).time_limit(limit).build();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_failed_init_does_not_stick() {
    let provider = provider();
    let session = marquee(&provider).open().unwrap();
    provider.fail_next(
        Kind::Token,
        1,
        Outage::status(StatusCode::SERVICE_UNAVAILABLE),
    );
    session.init().await.unwrap_err();
    let error = Client::new(&session).get("/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    session.init().await.unwrap();
    Client::new(&session).get("/x").send().await.unwrap();
    assert_eq!(provider.count(Kind::Token), 2);
    assert_eq!(provider.count(Kind::Api), 1);
}

#[tokio::test]
async fn a_failed_scope_leaves_nothing_current() {
    let provider = provider();
    provider.fail(Kind::Token, Outage::status(StatusCode::SERVICE_UNAVAILABLE));
    let session = marquee(&provider).open().unwrap();
    let entered = session.enter(async { panic!("it did not open") }).await;
    assert_eq!(entered.unwrap_err().kind(), ErrorKind::Unavailable);
    let error = session_core::current().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSession);
}

#[tokio::test]
async fn install_in_a_scope_is_refused_before_anything_is_sent() {
    let (provider, other) = (provider(), provider());
    let (session, _) = opened(&provider).await;
    let inner = marquee(&other).open().unwrap();
    let error = session.enter(inner.install()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(other.log().is_empty());
}

#[tokio::test]
async fn a_session_is_examined_as_what_it_authenticates_by() {
    let provider = provider();
    let session = marquee(&provider).open().unwrap();
    assert!(!session.examine().await.is_empty());
    session.init().await.unwrap();
    assert!(!session.examine().await.is_empty());
}

#[tokio::test]
async fn answers_of_the_token_endpoint_that_make_no_sense_are_errors_that_say_so() {
    let provider = provider();
    for outage in [
        Outage::html(StatusCode::OK),
        Outage::json(StatusCode::OK, r#"{"foo": 1}"#),
    ] {
        provider.fail_next(Kind::Token, 1, outage);
        let session = marquee(&provider).open().unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(Class::of(&error), Some(Class::Authentication));
    }
    // What is no answer says nothing about who asks.
    let wire = Wire::start([b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()]);
    let session = wire.application().open().unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(Class::of(&error), None);
    // Without an answer it is the connection's.
    provider.fail_next(Kind::Token, 9, Outage::reset());
    let error = marquee(&provider).open().unwrap().init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(Class::of(&error), None);
}
