//! What a mock is told, it does.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use http::{HeaderMap, HeaderName, StatusCode, header::AUTHORIZATION};
use session_core::{
    Credential, ErrorKind, Identity, Incoming, Outgoing, Receipt, Result, Secret, SessionHandle,
    Verdict,
};
use session_mock::{Call, MockSession, Step, Turn};
use url::Url;

async fn authorize(session: &SessionHandle) -> Result<(HeaderMap, Receipt)> {
    let url = Url::parse("https://api.mock.test/orders").unwrap();
    let (mut head, ()) = http::Request::new(()).into_parts();
    let receipt = session.authorize(Outgoing::new(&url, &mut head)).await?;
    Ok((head.headers, receipt))
}

async fn opened(mock: &MockSession) -> SessionHandle {
    let session = mock.handle();
    session.init().await.unwrap();
    session
}

/// What the exchange of this receipt makes of an answer, and the authorization of the request after it.
async fn receive(receipt: &mut Receipt, status: StatusCode) -> (Result<Verdict>, HeaderMap) {
    let (mut next, ()) = http::Request::new(()).into_parts();
    let headers = HeaderMap::new();
    let exchange = receipt.exchange().expect("the request has an exchange");
    let verdict = exchange.received(Incoming::new(status, &headers), &mut next);
    let verdict = verdict.await;
    (verdict, next.headers)
}

#[tokio::test]
async fn each_request_gets_its_own_authorization() {
    let mock = MockSession::scripted([Step::per_request()]);
    let session = opened(&mock).await;
    for number in 1..=2 {
        let (headers, mut receipt) = authorize(&session).await.unwrap();
        assert_eq!(headers[AUTHORIZATION], format!("Mock {number}"));
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert!(receipt.exchange().is_none());
    }
    assert_eq!(mock.calls(), [Call::Init, Call::Authorize, Call::Authorize]);
}

#[tokio::test]
async fn an_exchange_takes_its_turns() {
    let mock = MockSession::scripted([Step::per_request()]);
    mock.then_authorize(
        Step::bearer("first"),
        [Turn::resend(Step::bearer("second")), Turn::done()],
    );
    mock.then_authorize(Step::bearer("other"), [Turn::refused()]);
    let session = opened(&mock).await;
    let (headers, mut receipt) = authorize(&session).await.unwrap();
    assert_eq!(headers[AUTHORIZATION], "Bearer first");
    let (_, mut other) = authorize(&session).await.unwrap();

    let (verdict, next) = receive(&mut receipt, StatusCode::UNAUTHORIZED).await;
    assert_eq!(verdict.unwrap(), Verdict::Resend);
    assert_eq!(next[AUTHORIZATION], "Bearer second");
    assert!(next[AUTHORIZATION].is_sensitive());
    let (verdict, _) = receive(&mut other, StatusCode::FORBIDDEN).await;
    assert_eq!(verdict.unwrap(), Verdict::Refused);
    let (verdict, next) = receive(&mut receipt, StatusCode::OK).await;
    assert_eq!(verdict.unwrap(), Verdict::Done);
    assert!(next.is_empty());
    assert_eq!(
        mock.received(),
        [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::OK
        ]
    );
    assert_eq!(mock.count(Call::Received), 3);

    let (one_too_many, _) = receive(&mut receipt, StatusCode::OK).await;
    assert_eq!(one_too_many.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn authorizations_and_turns_can_fail() {
    let mock = MockSession::scripted([Step::per_request()]);
    mock.then_authorize(Step::fail(ErrorKind::Unavailable), []);
    let resent = Turn::resend(Step::fail(ErrorKind::Protocol));
    mock.then_authorize(Step::bearer("t"), [resent]);
    let damaged = Credential::headers([(HeaderName::from_static("x"), Secret::new("a\nb"))]);
    mock.then_authorize(Step::credential(damaged), []);
    let session = opened(&mock).await;
    let failed = authorize(&session).await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Unavailable);
    let (_, mut receipt) = authorize(&session).await.unwrap();
    let (failed, _) = receive(&mut receipt, StatusCode::OK).await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Protocol);
    let failed = authorize(&session).await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn it_is_who_it_is_told_to_be() {
    let mock = MockSession::bearer("t");
    assert_eq!(mock.handle().session().identity(), None);
    let identity = Identity::new(["mock", "me"]);
    let mock = mock.as_identity(identity.clone());
    assert_eq!(mock.handle().session().identity(), Some(identity));
}

#[tokio::test]
async fn a_script_can_be_replaced_in_the_middle() {
    let mock = MockSession::scripted([Step::bearer("a"), Step::bearer("b"), Step::bearer("c")]);
    let session = opened(&mock).await;
    mock.always(Step::fail(ErrorKind::Denied));
    session.close().await.unwrap();
    for _ in 0..2 {
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
    }
}
