//! Every way of failing, as a client meets it.

use std::io::ErrorKind;

use http::StatusCode;
use http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use session_mock::{Kind, Outage, Provider};

use crate::wire::{
    Answer, Wire, api_status, ask, get, get_with_token, token, token_request, wait_for,
};

/// The answer to a token request that meets the outage.
fn met(outage: Outage) -> Answer {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Token, outage);
    let answer = ask(&provider, token_request(&provider, ""));
    assert!(provider.issued().is_empty());
    assert_eq!(provider.log()[0].status().unwrap(), answer.status);
    answer
}

#[test]
fn a_status_alone_or_with_retry_after() {
    let bare = met(Outage::status(StatusCode::FORBIDDEN));
    assert_eq!(
        (bare.status, bare.text(), bare.header("retry-after")),
        (403, "", None)
    );
    let busy = met(Outage::status(StatusCode::SERVICE_UNAVAILABLE).header(RETRY_AFTER, 7));
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("7")));
    let elsewhere = HeaderValue::from_static("https://elsewhere.example/token");
    let moved = met(Outage::status(StatusCode::TEMPORARY_REDIRECT).header(LOCATION, elsewhere));
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, Some("https://elsewhere.example/token"))
    );
}

#[test]
fn a_body_that_is_json_or_only_says_so() {
    let error = met(Outage::json(StatusCode::OK, r#"{"error":"invalid_grant"}"#));
    assert_eq!(error.error(), (200, "invalid_grant".into()));
    let half = met(Outage::json(StatusCode::OK, r#"{"access_to"#));
    assert_eq!(
        (half.text(), half.header("content-type")),
        (r#"{"access_to"#, Some("application/json"))
    );
}

#[test]
fn a_page() {
    let page = met(Outage::html(StatusCode::BAD_GATEWAY));
    assert_eq!(
        (page.status, page.header("content-type")),
        (502, Some("text/html; charset=utf-8"))
    );
    assert!(page.text().starts_with("<!doctype html>"));
}

#[test]
fn nothing_at_all() {
    let empty = met(Outage::empty());
    assert_eq!((empty.status, empty.text()), (200, ""));
    assert_eq!(empty.header("content-type"), Some("application/json"));
}

#[test]
fn far_too_much() {
    let large = met(Outage::oversized(10_000_000));
    assert_eq!((large.status, large.body.len()), (200, 10_000_000));
    assert_eq!(large.header("content-length"), None);
    assert_eq!(large.json()["access_token"], "oversized");
}

#[test]
fn an_answer_that_breaks_off() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Token, Outage::truncated());
    let mut wire = Wire::to(&provider);
    wire.send(token_request(&provider, ""));
    let all = String::from_utf8(wire.rest().unwrap()).unwrap();
    assert!(all.starts_with("HTTP/1.1 200 OK\r\n"), "{all}");
    assert!(all.contains("content-length: 200\r\n"), "{all}");
    assert!(all.ends_with(r#"{"access_token":"trunca"#), "{all}");
}

#[test]
fn a_connection_reset() {
    let provider = Provider::start().unwrap();
    provider.fail_next(Kind::Token, 1, Outage::reset());
    let mut wire = Wire::to(&provider);
    wire.send(token_request(&provider, ""));
    let error = wire.answer().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(provider.log()[0].status(), None);
    assert!(
        !token(&provider).is_empty(),
        "other connections are none the worse"
    );
}

#[test]
fn an_answer_that_is_lost() {
    let provider = Provider::start().unwrap();
    provider.fail_next(Kind::Token, 1, Outage::answer_lost());
    let mut wire = Wire::to(&provider);
    wire.send(token_request(&provider, ""));
    let error = wire.answer().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let entry = &provider.log()[0];
    assert_eq!((entry.status(), entry.token()), (None, Some(1)));
    let [lost] = provider.issued().try_into().unwrap();
    assert_eq!(api_status(&provider, &lost), 200, "it was granted");
}

#[test]
fn silence_until_the_provider_is_gone() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Token, Outage::hang());
    let mut wire = Wire::to(&provider);
    wire.send(token_request(&provider, ""));
    wait_for(&provider, |log| log.len() == 1);
    // Recovery is for those who come later.
    provider.recover(Kind::Token);
    token(&provider);
    assert_eq!(provider.log()[0].status(), None);
    drop(provider);
    assert_eq!(wire.rest().unwrap(), b"");
}

#[test]
fn outages_follow_one_another() {
    let provider = Provider::start().unwrap();
    let status = || ask(&provider, token_request(&provider, "")).status;
    provider.fail_next(Kind::Token, 2, Outage::status(StatusCode::BAD_GATEWAY));
    provider.fail_next(Kind::Token, 0, Outage::status(StatusCode::NOT_FOUND));
    provider.fail_next(Kind::Token, 1, Outage::status(StatusCode::GATEWAY_TIMEOUT));
    assert_eq!(
        [status(), status(), status(), status()],
        [502, 502, 504, 200]
    );

    provider.fail(Kind::Token, Outage::status(StatusCode::SERVICE_UNAVAILABLE));
    provider.fail_next(Kind::Token, 1, Outage::status(StatusCode::BAD_GATEWAY));
    assert_eq!([status(), status(), status()], [502, 503, 503]);

    provider.pass_next(Kind::Token, 1);
    provider.fail_next(Kind::Token, 1, Outage::status(StatusCode::BAD_GATEWAY));
    provider.pass_next(Kind::Token, 0);
    provider.pass_next(Kind::Token, 2);
    assert_eq!(
        [status(), status(), status(), status(), status()],
        [200, 502, 200, 200, 503]
    );

    provider.fail_next(Kind::Token, 5, Outage::status(StatusCode::BAD_GATEWAY));
    provider.recover(Kind::Token);
    assert_eq!(status(), 200);
}

#[test]
fn one_kind_fails_without_the_others() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Api, Outage::status(StatusCode::BAD_GATEWAY));
    let token = token(&provider);
    assert_eq!(api_status(&provider, &token), 502);
    assert_eq!(
        ask(&provider, get_with_token("/elsewhere", &token)).status,
        404
    );
    provider.fail(Kind::Discovery, Outage::status(StatusCode::NOT_FOUND));
    let document = get("/.well-known/openid-configuration", "");
    assert_eq!(ask(&provider, &document).status, 404);
    provider.recover(Kind::Api);
    assert_eq!(api_status(&provider, &token), 200);
    assert_eq!(ask(&provider, &document).status, 404);
}
