//! What comes of answers.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use session_core::ErrorKind;
use session_marquee::{Class, Client, Failure};
use session_mock::{Kind, Outage};
use support::{
    opened, provider, texts,
    wire::{Wire, answer},
};

#[derive(Debug, PartialEq, Deserialize)]
struct Thing {
    a: u32,
}

#[tokio::test]
async fn json_and_msgpack_are_read_by_their_content_types() {
    for media_type in [
        "application/json",
        "application/json;charset=utf-8",
        "Application/JSON",
        "application/vnd.api+json",
    ] {
        let wire = Wire::start([answer(
            "200 OK",
            &[("Content-Type", media_type)],
            r#"{"a": 1}"#,
        )]);
        let (_session, client) = wire.opened().await;
        let thing: Thing = client
            .get("/one")
            .send()
            .await
            .unwrap()
            .decode()
            .await
            .unwrap();
        assert_eq!(thing, Thing { a: 1 });
    }
    for media_type in ["application/x-msgpack", "application/msgpack; charset=x"] {
        let wire = Wire::start(
            [b"\x81\xa1a\x01".to_vec(), b"\x81\x07\x01".to_vec()]
                .map(|body| answer("200 OK", &[("Content-Type", media_type)], body)),
        );
        let (_session, client) = wire.opened().await;
        let thing: Thing = client
            .get("/one")
            .send()
            .await
            .unwrap()
            .decode()
            .await
            .unwrap();
        assert_eq!(thing, Thing { a: 1 });
        // Keys need not be texts.
        let answer = client.get("/map").send().await.unwrap();
        let map: BTreeMap<u32, u32> = answer.decode().await.unwrap();
        assert_eq!(map, BTreeMap::from([(7, 1)]));
    }
}

#[tokio::test]
async fn what_is_not_what_was_expected_is_an_error_without_a_word_of_it() {
    for (media_type, body) in [
        ("application/json", "{\"s3cr3t\": 1}"),
        ("application/json", "s3cr3t"),
        ("application/x-msgpack", "s3cr3t"),
        ("text/html", "<html>s3cr3t"),
        ("", "s3cr3t"),
    ] {
        let headers = [("Content-Type", media_type)];
        let wire = Wire::start([answer("200 OK", &headers, body)]);
        let (_session, client) = wire.opened().await;
        let answer = client.get("/one").send().await.unwrap();
        let error = answer.decode::<Thing>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(!texts(&error).contains("s3cr3t"), "{error:?}");
    }
}

/// On a stack as small as an executor's threads have.
#[test]
fn messagepack_without_end_of_nesting_and_with_more_after_it_is_none() {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let nested = |depth: usize| [vec![0x91; depth], vec![0xc0]].concat();
            let wire = Wire::start(
                [
                    nested(900),
                    nested(5000),
                    b"\x81\xa1a\x01\x01".to_vec(),
                    nested(100),
                ]
                .map(|body| answer("200 OK", &[("Content-Type", "application/msgpack")], body)),
            );
            let (_session, client) = wire.opened().await;
            for _ in 0..3 {
                let answer = client.get("/deep").send().await.unwrap();
                let error = answer.decode::<Value>().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Protocol);
            }
            let answer = client.get("/deep").send().await.unwrap();
            answer.decode::<Value>().await.unwrap();
        });
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(run).unwrap().join().unwrap();
}

#[tokio::test]
async fn a_request_id_that_repeats_the_credential_is_none() {
    for id in ["ext-token", "token", "req-ext-token-1"] {
        let wire = Wire::start([(); 2].map(|()| {
            answer(
                "400 Bad Request",
                &[("x-dash-requestid", id), ("Content-Type", "text/plain")],
                "x",
            )
        }));
        let (_session, client) = wire.opened().await;
        let error = client.get("/one").send().await.unwrap_err();
        assert_eq!(Failure::of(&error).unwrap().request_id(), None);
        assert!(!texts(&error).contains("token"), "{error:?}");
    }
    let provider = provider();
    let session = support::with_cookies(&provider).open().unwrap();
    session.init().await.unwrap();
    for (id, is_kept) in [
        ("is-SSO-TOKEN", false),
        ("x.CSRF", false),
        ("GSSSO-1", true),
    ] {
        let id = HeaderValue::from_static(id);
        let said = Outage::status(StatusCode::OK)
            .header(HeaderName::from_static("x-dash-requestid"), id.clone());
        provider.fail_next(Kind::Api, 1, said);
        let answer = Client::new(&session).get("/one").send().await.unwrap();
        assert_eq!(answer.request_id().is_some(), is_kept, "{id:?}");
    }
}

#[tokio::test]
async fn results_are_taken_out_of_their_envelope() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let body = json!({ "results": [{ "a": 1 }, { "a": 2 }], "totalResults": 2 });
    let scripted = Outage::json(StatusCode::OK, body.to_string());
    provider.fail_next(Kind::Api, 1, scripted);
    let things: Vec<Thing> = client
        .get("/many")
        .send()
        .await
        .unwrap()
        .results()
        .await
        .unwrap();
    assert_eq!(things, [Thing { a: 1 }, Thing { a: 2 }]);
}

#[tokio::test]
async fn any_body_can_be_had_as_text_as_bytes_and_as_it_comes() {
    let wire = Wire::start([(); 3].map(|()| answer("200 OK", &[], "a\nb")));
    let (_session, client) = wire.opened().await;
    assert_eq!(
        client.get("/").send().await.unwrap().text().await.unwrap(),
        "a\nb"
    );
    assert_eq!(
        client.get("/").send().await.unwrap().bytes().await.unwrap(),
        "a\nb"
    );
    let mut answer = client.get("/").send().await.unwrap();
    let mut whole = Vec::new();
    while let Some(part) = answer.chunk().await.unwrap() {
        whole.extend_from_slice(&part);
    }
    assert_eq!(whole, b"a\nb");
}

#[tokio::test]
async fn the_request_id_is_on_every_answer_and_every_error() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for status in [200, 400, 401, 403, 404, 429, 500, 503, 504] {
        let outage = Outage::json(StatusCode::from_u16(status).unwrap(), "{}").header(
            "x-dash-requestid".parse().unwrap(),
            HeaderValue::from_static("R-7"),
        );
        // Twice: a 401 is repeated.
        provider.fail_next(Kind::Api, if status == 401 { 2 } else { 1 }, outage);
        match client.get("/x").send().await {
            Ok(answer) => assert_eq!(answer.request_id(), Some("R-7")),
            Err(error) => {
                assert_eq!(Failure::of(&error).unwrap().request_id(), Some("R-7"));
                assert!(error.to_string().contains("R-7"), "{error}");
            }
        }
    }
    assert_eq!(client.get("/x").send().await.unwrap().request_id(), None);
}

#[tokio::test]
async fn what_is_no_request_id_is_not_repeated() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for id in ["a b", "<html>", &"x".repeat(65)] {
        let outage = Outage::status(StatusCode::BAD_REQUEST).header(
            "x-dash-requestid".parse().unwrap(),
            HeaderValue::from_str(id).unwrap(),
        );
        provider.fail_next(Kind::Api, 1, outage);
        let error = client.get("/x").send().await.unwrap_err();
        assert_eq!(Failure::of(&error).unwrap().request_id(), None);
    }
}

#[tokio::test]
async fn statuses_are_classed_as_gs_quant_does() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for (status, class, kind) in [
        (400, Class::Request, ErrorKind::Protocol),
        (401, Class::Request, ErrorKind::Denied),
        (403, Class::Authorization, ErrorKind::Denied),
        (404, Class::Request, ErrorKind::Protocol),
        (409, Class::Request, ErrorKind::Protocol),
        (422, Class::Request, ErrorKind::Protocol),
        (429, Class::RateLimited, ErrorKind::Unavailable),
        (500, Class::InternalServer, ErrorKind::Unavailable),
        (501, Class::Request, ErrorKind::Unavailable),
        (502, Class::Request, ErrorKind::Unavailable),
        (503, Class::Request, ErrorKind::Unavailable),
        (504, Class::Timeout, ErrorKind::Unavailable),
    ] {
        let outage = Outage::json(
            StatusCode::from_u16(status).unwrap(),
            r#"{"messages":["m"]}"#,
        );
        provider.fail_next(Kind::Api, if status == 401 { 2 } else { 1 }, outage);
        let before = provider.count(Kind::Api);
        let error = client.post("/err").send().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(Class::of(&error), Some(class), "{status}");
        let failure = Failure::of(&error).unwrap();
        assert_eq!(failure.status().as_u16(), status);
        assert_eq!(failure.method(), http::Method::POST);
        assert_eq!(failure.path(), "/api/v1/err");
        assert_eq!(failure.explanation(), Some(r#"{"messages":["m"]}"#));
        let sent = provider.count(Kind::Api) - before;
        assert_eq!(sent, if status == 401 { 2 } else { 1 }, "{status}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_an_authentication_error_like_one_that_is_not_given() {
    let provider = provider();
    let session = support::marquee(&provider).open().unwrap();
    provider.remove_client(support::ID);
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(Class::of(&error), Some(Class::Authentication));
    assert_eq!(Failure::of(&error).unwrap().status(), 401);
}

#[tokio::test]
async fn what_the_token_endpoint_says_no_with_is_an_authentication_error_with_status_and_address() {
    let provider = provider();
    for (status, kind) in [
        (400, ErrorKind::Denied),
        (401, ErrorKind::Denied),
        (429, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
    ] {
        let body = r#"{"error": "invalid_client", "error_description": "s3cr3t"}"#;
        let status = StatusCode::from_u16(status).unwrap();
        let outage = match kind {
            ErrorKind::Denied => Outage::json(status, body),
            _ => Outage::html(status),
        };
        provider.fail_next(Kind::Token, 1, outage);
        let session = support::marquee(&provider).open().unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), kind, "worth trying again, or not");
        assert_eq!(Class::of(&error), Some(Class::Authentication), "{status}");
        let failure = Failure::of(&error).unwrap();
        assert_eq!(failure.status(), status);
        assert_eq!(failure.url(), provider.token_endpoint());
        assert_eq!(failure.explanation(), None);
        assert!(
            error
                .to_string()
                .contains(provider.token_endpoint().as_str())
        );
    }
}

#[tokio::test]
async fn a_token_of_its_own_that_is_refused_is_a_failure_with_its_request_id() {
    let wire = Wire::start([answer(
        "401 Unauthorized",
        &[("x-dash-requestid", "R-7"), ("Content-Type", "text/plain")],
        "no",
    )]);
    let (_session, client) = wire.opened().await;
    let error = client.get("/one").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let failure = Failure::of(&error).unwrap();
    assert_eq!(failure.status(), 401);
    assert_eq!(failure.class(), Class::Request);
    assert_eq!(failure.request_id(), Some("R-7"));
    assert_eq!(failure.path(), "/v1/one");
    assert!(error.to_string().contains("R-7"), "{error}");
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn an_error_of_the_plain_client_is_classed_by_its_status() {
    let provider = provider();
    let (session, _client) = opened(&provider).await;
    for (status, class) in [
        (StatusCode::FORBIDDEN, Class::Authorization),
        (StatusCode::TOO_MANY_REQUESTS, Class::RateLimited),
        (StatusCode::NOT_FOUND, Class::Request),
    ] {
        provider.fail_next(Kind::Api, 1, Outage::status(status));
        let answer = session_http::Client::new(&session).get("/x").send().await;
        let error = answer.unwrap().error_for_status().unwrap_err();
        assert_eq!(Class::of(&error), Some(class), "{status}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_has_the_request_id_of_its_refusal() {
    let token = br#"{"access_token": "tok", "token_type": "Bearer"}"#;
    let token = || answer("200 OK", &[("Content-Type", "application/json")], token);
    let refusal = || answer("401 Unauthorized", &[("x-dash-requestid", "R-7")], "");
    let down = answer("503 Service Unavailable", &[("Retry-After", "9")], "");
    let denied = answer("400 Bad Request", &[], r#"{"error": "invalid_client"}"#);
    for (no, status, kind) in [
        (down, 503, ErrorKind::Unavailable),
        (denied, 400, ErrorKind::Denied),
    ] {
        let wire = Wire::start([token(), refusal(), no]);
        let session = wire.application().open().unwrap();
        session.init().await.unwrap();
        let error = Client::new(&session).get("/one").send().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("R-7"), "{error}");
        let failure = Failure::of(&error).unwrap();
        assert_eq!(failure.class(), Class::Authentication);
        assert_eq!(failure.status().as_u16(), status);
        assert_eq!(failure.request_id(), Some("R-7"));
        assert_eq!(error.status(), Some(failure.status()));
        let wait = (status == 503).then_some(Duration::from_secs(9));
        assert_eq!(error.retry_after(), wait);
    }
    // Without an answer there is no failure, but the number all the same.
    let wire = Wire::start([token(), refusal(), b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()]);
    let session = wire.application().open().unwrap();
    session.init().await.unwrap();
    let error = Client::new(&session).get("/one").send().await.unwrap_err();
    assert!(Failure::of(&error).is_none());
    assert_eq!(Class::of(&error), None);
    assert!(error.to_string().contains("R-7"), "{error}");
}

#[tokio::test]
async fn what_breaks_off_is_unavailable_and_no_failure_of_marquee() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for outage in [Outage::reset(), Outage::truncated()] {
        provider.fail_next(Kind::Api, 2, outage);
        let outcome = match client.post("/x").json(&json!({})).send().await {
            Ok(answer) => answer.decode::<Value>().await,
            Err(error) => Err(error),
        };
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(Class::of(&error), None);
        provider.recover(Kind::Api);
    }
}

#[tokio::test]
async fn a_call_that_hangs_ends_with_its_limit() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let _hold = provider.hold(Kind::Api);
    let limit = Duration::from_millis(1);
    let error = client.post("/x").timeout(limit).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let client = client.with_timeout(limit);
    let error = client.post("/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
