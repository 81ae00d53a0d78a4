//! Authorization servers that misbehave.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER},
};
use session_core::{ErrorKind, SessionHandle, State};
use session_mock::{Kind, Outage, Provider};
use session_oauth::OAuth;
use tokio::{runtime::Handle, time::Instant};

fn session(provider: &Provider) -> SessionHandle {
    let (id, secret) = (provider.client_id(), provider.client_secret());
    OAuth::client_credentials(provider.token_endpoint(), id, secret)
        .open()
        .unwrap()
}

/// The first `init` meets the outage, the next works again.
async fn fails(provider: &Provider, outage: Outage, kind: ErrorKind, text: &str) {
    let session = session(provider);
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

#[tokio::test]
async fn refusals() {
    let provider = Provider::start().unwrap();
    let invalid_scope = r#"{"error":"invalid_scope","error_description":"No such scope"}"#;
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
            Outage::json(StatusCode::BAD_REQUEST, invalid_scope),
            ErrorKind::Denied,
            "400 Bad Request, `invalid_scope` (No such scope); check the scopes",
        ),
        (
            Outage::json(StatusCode::OK, r#"{"error":"invalid_client"}"#),
            ErrorKind::Denied,
            "200 OK, `invalid_client`",
        ),
        (
            Outage::status(StatusCode::NOT_FOUND),
            ErrorKind::Config,
            "check the address",
        ),
        (
            Outage::html(StatusCode::BAD_GATEWAY),
            ErrorKind::Unavailable,
            "502 Bad Gateway; try again",
        ),
    ] {
        fails(&provider, outage, kind, text).await;
    }
}

#[tokio::test]
async fn answers_without_a_token() {
    let provider = Provider::start().unwrap();
    for (body, text) in [
        (r#"{"access_token":"tr"#, "ends in the middle"),
        (r#"{"token_type":"Bearer"}"#, "no access_token"),
        ("{\"access_token\":\"a\nb\"}", "not a JSON object"),
        (r#"{"access_token":"a\nb"}"#, "no header may carry"),
        (
            r#"{"access_token":"t","token_type":"mac"}"#,
            "token_type is `mac`",
        ),
    ] {
        fails(
            &provider,
            Outage::json(StatusCode::OK, body),
            ErrorKind::Protocol,
            text,
        )
        .await;
    }
    for (outage, text) in [
        (Outage::empty(), "it is empty"),
        (Outage::status(StatusCode::NO_CONTENT), "it is empty"),
        (Outage::html(StatusCode::OK), "it is a web page"),
        (Outage::oversized(10 << 20), "longer than 64 KiB"),
    ] {
        fails(&provider, outage, ErrorKind::Protocol, text).await;
    }
}

#[tokio::test]
async fn connections_that_break() {
    let provider = Provider::start().unwrap();
    for outage in [Outage::truncated(), Outage::reset()] {
        fails(&provider, outage, ErrorKind::Unavailable, "try again later").await;
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let provider = Provider::start().unwrap();
    let other = Provider::start().unwrap();
    let to = HeaderValue::from_str(other.token_endpoint().as_str()).unwrap();
    for status in [301, 302, 303, 307, 308] {
        let outage =
            Outage::status(StatusCode::from_u16(status).unwrap()).header(LOCATION, to.clone());
        fails(
            &provider,
            outage,
            ErrorKind::Config,
            "a redirect is not followed",
        )
        .await;
    }
    assert!(other.log().is_empty());
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

/// On a clock that leaps to the next time limit: the first one must be the session's own.
#[tokio::test(start_paused = true)]
async fn the_time_limit_is_the_sessions_own() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Token, Outage::hang());
    let builder = OAuth::client_credentials(provider.token_endpoint(), "svc", "s");
    let session = builder.time_limit(Duration::from_secs(5)).build().unwrap();
    let session = SessionHandle::builder(session)
        .executor(Handle::current())
        .build();
    let began = Instant::now();
    session.init().await.unwrap_err();
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

/// A refusal whose body never ends is a refusal.
#[tokio::test]
async fn the_status_is_enough_where_the_body_breaks_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/token", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        // Closing with something unread would reset the connection.
        while !request.ends_with(b"grant_type=client_credentials") {
            let mut byte = [0];
            connection.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 100\r\n\r\n{\"error\":";
        connection.write_all(answer).unwrap();
    });
    let session = OAuth::client_credentials(endpoint, "svc", "s")
        .open()
        .unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    server.join().unwrap();
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
