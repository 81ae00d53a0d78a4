//! Authorization servers that misbehave.

use std::time::Duration;

use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER},
};
use session_core::{ErrorKind, SessionHandle, State};
use session_mock::{Kind, Outage, Provider};
use session_oauth::OAuth;

fn session(provider: &Provider) -> SessionHandle {
    let (id, secret) = (provider.client_id(), provider.client_secret());
    OAuth::client_credentials(provider.token_endpoint(), id, secret)
        .open()
        .unwrap()
}

#[tokio::test]
async fn each_outage_has_its_error_and_the_next_init_works() {
    let provider = Provider::start().unwrap();
    let other = Provider::start().unwrap();
    let to = HeaderValue::from_str(other.token_endpoint().as_str()).unwrap();
    let json = |status: StatusCode, body: &str| Outage::json(status, body);
    for (outage, kind, text) in [
        (
            Outage::status(StatusCode::FORBIDDEN),
            ErrorKind::Denied,
            "403 Forbidden; check client_id",
        ),
        (
            Outage::html(StatusCode::UNAUTHORIZED),
            ErrorKind::Denied,
            "401 Unauthorized; check client_id",
        ),
        (
            Outage::html(StatusCode::BAD_GATEWAY),
            ErrorKind::Unavailable,
            "502 Bad Gateway; try again",
        ),
        (
            Outage::html(StatusCode::OK),
            ErrorKind::Protocol,
            "it is a web page",
        ),
        (Outage::empty(), ErrorKind::Protocol, "it is empty"),
        (
            Outage::status(StatusCode::NO_CONTENT),
            ErrorKind::Protocol,
            "it is empty",
        ),
        (
            json(StatusCode::OK, r#"{"access_token":"tr"#),
            ErrorKind::Protocol,
            "ends in the middle",
        ),
        (
            json(StatusCode::OK, r#"{"token_type":"Bearer"}"#),
            ErrorKind::Protocol,
            "no access_token",
        ),
        (
            json(StatusCode::OK, r#"{"error":"invalid_client"}"#),
            ErrorKind::Denied,
            "200 OK, `invalid_client`",
        ),
        (
            json(StatusCode::OK, "{\"access_token\":\"a\nb\"}"),
            ErrorKind::Protocol,
            "not a JSON object",
        ),
        (
            json(StatusCode::OK, r#"{"access_token":"a\nb"}"#),
            ErrorKind::Protocol,
            "no header may carry",
        ),
        (
            json(StatusCode::OK, r#"{"access_token":"t","token_type":"mac"}"#),
            ErrorKind::Protocol,
            "token_type is `mac`",
        ),
        (
            json(
                StatusCode::BAD_REQUEST,
                r#"{"error":"invalid_scope","error_description":"No such scope"}"#,
            ),
            ErrorKind::Denied,
            "400 Bad Request, `invalid_scope` (No such scope); check the scopes",
        ),
        (
            Outage::oversized(10 << 20),
            ErrorKind::Protocol,
            "longer than 64 KiB",
        ),
        (Outage::truncated(), ErrorKind::Unavailable, ""),
        (Outage::reset(), ErrorKind::Unavailable, ""),
        (
            Outage::status(StatusCode::TEMPORARY_REDIRECT).header(LOCATION, to.clone()),
            ErrorKind::Config,
            "a redirect is not followed",
        ),
        (
            Outage::status(StatusCode::FOUND).header(LOCATION, to),
            ErrorKind::Config,
            "a redirect is not followed",
        ),
        (
            Outage::status(StatusCode::NOT_FOUND),
            ErrorKind::Config,
            "check the address",
        ),
    ] {
        let session = session(&provider);
        provider.fail_next(Kind::Token, 1, outage.clone());
        let error = session.init().await.expect_err(&format!("{outage:?}"));
        assert_eq!(error.kind(), kind, "{outage:?}: {error}");
        assert!(error.to_string().contains(text), "{outage:?}: {error}");
        assert!(
            error.to_string().contains("127.0.0.1"),
            "it says where: {error}"
        );
        assert_eq!(session.status().state, State::Closed);
        session.init().await.unwrap();
    }
    assert!(other.log().is_empty(), "no redirect is followed");
}

#[tokio::test]
async fn a_good_answer_is_taken_for_what_it_holds() {
    let provider = Provider::start().unwrap();
    let body = r#"{"access_token":"t","token_type":"bearer"}"#;
    let text = Outage::json(StatusCode::OK, body)
        .header(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    for outage in [text, Outage::json(StatusCode::CREATED, body)] {
        provider.fail_next(Kind::Token, 1, outage);
        session(&provider).init().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_busy_says_for_how_long() {
    let provider = Provider::start().unwrap();
    let seconds = Outage::status(StatusCode::TOO_MANY_REQUESTS).header(RETRY_AFTER, 7);
    let date = Outage::json(
        StatusCode::SERVICE_UNAVAILABLE,
        r#"{"error":"temporarily_unavailable"}"#,
    )
    .header(
        DATE,
        HeaderValue::from_static("Tue, 01 Jan 2030 00:00:00 GMT"),
    )
    .header(
        RETRY_AFTER,
        HeaderValue::from_static("Tue, 01 Jan 2030 00:02:00 GMT"),
    );
    for (outage, wait) in [(seconds, 7), (date, 120)] {
        provider.fail_next(Kind::Token, 1, outage);
        let error = session(&provider).init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(wait)));
    }
}

/// The server never answers: however slow this machine is, the limit is reached.
#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Token, Outage::hang());
    let builder = OAuth::client_credentials(provider.token_endpoint(), "svc", "s");
    let session = builder
        .time_limit(Duration::from_millis(20))
        .open()
        .unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("in time"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let provider = Provider::start().unwrap();
    let session = session(&provider);
    drop(provider);
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

/// What each `expires_in` means is `token.rs`'s; here that none of them breaks a session.
#[tokio::test]
async fn no_lifetime_spoils_an_answer() {
    let provider = Provider::start().unwrap();
    for (json, lifetime) in [
        (Some("3600"), Some(3600)),
        (Some(r#""3600""#), Some(3600)),
        (Some("3600.0"), Some(3600)),
        (Some("1e400"), None),
        (Some("-1"), None),
        (Some("0"), None),
        (Some("null"), None),
        (Some("99999999999999999999999"), None),
        (None, None),
    ] {
        provider.set_expires_in(json);
        let session = session(&provider);
        session.init().await.unwrap();
        let credential = session.credential().await.unwrap();
        assert_eq!(
            credential.lifetime(),
            lifetime.map(Duration::from_secs),
            "{json:?}"
        );
        assert_eq!(session.status().state, State::Open, "{json:?}");
    }
}
