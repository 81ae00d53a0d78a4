//! What requests look like on the wire.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::json;
use session_core::{BasicEnvironment, ErrorKind, Secret};
use session_marquee::{Client, Domain, Marquee};
use session_mock::{Kind, MockSession, Outage};
use support::{environment, header, last, marquee, opened, provider, text};
use url::form_urlencoded;

#[tokio::test]
async fn an_application_authenticates_as_gs_quant_does() {
    let provider = provider();
    let session = marquee(&provider)
        .application("my-program", "1.2.3")
        .open()
        .unwrap();
    session.init().await.unwrap();
    let log = provider.log();
    let [request] = &log[..] else {
        panic!("{log:?}")
    };
    assert_eq!(
        text(request),
        format!(
            "grant_type=client_credentials&client_id=my-application&client_secret={}\
             &scope=read_content+read_financial_data+read_product_data+read_user_profile",
            form_urlencoded::byte_serialize(provider.client_secret().as_bytes())
                .collect::<String>()
        )
    );
    assert_eq!(header(request, "x-application"), Some("my-program"));
    assert_eq!(header(request, "x-version"), Some("1.2.3"));
    assert_eq!(header(request, "accept"), Some("*/*"));
    assert_eq!(
        header(request, "content-type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[tokio::test]
async fn without_scopes_none_is_said() {
    let provider = provider();
    let session = marquee(&provider).without_default_scopes().open().unwrap();
    session.init().await.unwrap();
    assert!(!text(&provider.log()[0]).contains("scope"));
}

#[tokio::test]
async fn a_get_has_the_names_of_the_program_and_nothing_that_gs_quant_has_not() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    client.get("/users/self").send().await.unwrap();
    let request = last(&provider);
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.path(), "/api/v1/users/self");
    assert_eq!(request.query(), None);
    assert_eq!(header(&request, "x-application"), Some("session-kit"));
    assert_eq!(
        header(&request, "x-version"),
        Some(env!("CARGO_PKG_VERSION"))
    );
    assert!(
        header(&request, "authorization")
            .unwrap()
            .starts_with("Bearer ")
    );
    for absent in [
        "content-type",
        "content-length",
        "cookie",
        "x-marquee-csrf-token",
    ] {
        assert_eq!(header(&request, absent), None);
    }
}

#[tokio::test]
async fn a_query_is_beside_what_the_path_has() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let request = client
        .get("/data/coverage?own=1")
        .query("limit", 10)
        .query("q", "a b&c=d/é")
        .query("ids", ["x", "y"])
        .query("none", None::<&str>)
        .query("flag", true)
        .query("d", "2024-01-02")
        .query("f", 1.5);
    request.send().await.unwrap();
    assert_eq!(
        last(&provider).query(),
        Some("own=1&limit=10&q=a+b%26c%3Dd%2F%C3%A9&ids=x&ids=y&flag=True&d=2024-01-02&f=1.5")
    );
}

#[derive(Serialize)]
struct Thing {
    a: u32,
    u: &'static str,
    n: Option<u32>,
}

#[tokio::test]
async fn json_is_written_as_python_writes_it() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let thing = Thing {
        a: 1,
        u: "é",
        n: None,
    };
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let request = client.request(method.clone(), "/things").json(&thing);
        request.send().await.unwrap();
        let request = last(&provider);
        assert_eq!(*request.method(), method);
        assert_eq!(text(&request), r#"{"a": 1, "u": "\u00e9", "n": null}"#);
        assert_eq!(
            header(&request, "content-type"),
            Some("application/json; charset=utf-8")
        );
        assert_eq!(header(&request, "content-length"), Some("34"));
        assert_eq!(header(&request, "accept"), Some("*/*"));
    }
}

#[tokio::test]
async fn a_post_without_a_body_says_what_it_would_be() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    client.post("/empty").send().await.unwrap();
    let request = last(&provider);
    assert_eq!(
        header(&request, "content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(header(&request, "content-length"), Some("0"));
    client
        .delete("/things/1")
        .query("id", ["a", "b"])
        .send()
        .await
        .unwrap();
    let request = last(&provider);
    assert_eq!(request.query(), Some("id=a&id=b"));
    assert_eq!(header(&request, "content-type"), None);
    assert_eq!(header(&request, "content-length"), Some("0"));
}

#[tokio::test]
async fn what_python_takes_for_false_is_no_body_as_with_gs_quant() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for value in [
        json!({}),
        json!([]),
        json!(""),
        json!(null),
        json!(0),
        json!(0.0),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let request = |method: &Method| client.request(method.clone(), "/things");
            request(&method).json(&value).send().await.unwrap();
            let json = last(&provider);
            request(&method).msgpack(&value).send().await.unwrap();
            let packed = last(&provider);
            for (request, content_type) in [
                (json, "application/json; charset=utf-8"),
                (packed, "application/x-msgpack"),
            ] {
                assert_eq!(header(&request, "content-type"), Some(content_type));
                assert_eq!(header(&request, "content-length"), Some("0"), "{value}");
            }
        }
    }
    client.put("/things").json("{}").send().await.unwrap();
    assert_eq!(text(&last(&provider)), r#""{}""#);
}

#[tokio::test]
async fn a_header_of_a_client_goes_with_all_that_it_sends_but_does_not_authenticate_it() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let traced = client.clone().with_header("traceparent", "00-1-2-01");
    traced.get("/users/self").send().await.unwrap();
    assert_eq!(header(&last(&provider), "traceparent"), Some("00-1-2-01"));
    let request = traced.get("/x").header("traceparent", "00-1-3-01");
    request.send().await.unwrap();
    assert_eq!(header(&last(&provider), "traceparent"), Some("00-1-3-01"));
    client.get("/users/self").send().await.unwrap();
    assert_eq!(header(&last(&provider), "traceparent"), None);

    let before = provider.count(Kind::Api);
    for name in ["Authorization", "X-MARQUEE-CSRF-TOKEN", "a b"] {
        let error = client.clone().with_header(name, "x").user().await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Config, "{name}");
    }
    assert_eq!(provider.count(Kind::Api), before);
}

#[tokio::test]
async fn a_body_that_is_there_goes_as_it_is() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    client.post("/raw").body("{}").send().await.unwrap();
    assert_eq!(text(&last(&provider)), "{}");
    let request = client
        .post("/raw")
        .body("a,b")
        .header("Content-Type", "text/csv");
    request.send().await.unwrap();
    let request = last(&provider);
    assert_eq!(header(&request, "content-type"), Some("text/csv"));
    client
        .post("/raw")
        .streamed_body("as it comes")
        .send()
        .await
        .unwrap();
    assert_eq!(text(&last(&provider)), "as it comes");
}

#[tokio::test]
async fn msgpack_asks_for_msgpack() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let body = BTreeMap::from([("a", json!(1)), ("d", json!("2024-01-02"))]);
    client.post("/things").msgpack(&body).send().await.unwrap();
    let request = last(&provider);
    assert_eq!(request.body(), b"\x82\xa1a\x01\xa1d\xaa2024-01-02");
    assert_eq!(
        header(&request, "content-type"),
        Some("application/x-msgpack")
    );
    assert_eq!(header(&request, "accept"), Some("application/x-msgpack"));
    // Structures as maps, whose names Marquee reads.
    let thing = Thing {
        a: 1,
        u: "é",
        n: None,
    };
    client.post("/things").msgpack(&thing).send().await.unwrap();
    assert_eq!(
        last(&provider).body(),
        b"\x83\xa1a\x01\xa1u\xa2\xc3\xa9\xa1n\xc0"
    );
}

#[tokio::test]
async fn versions_are_joined() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    client.get("health").unversioned().send().await.unwrap();
    assert_eq!(last(&provider).path(), "/api/health");
    client.get("/x").api_version("v2").send().await.unwrap();
    assert_eq!(last(&provider).path(), "/api/v2/x");
    for version in ["../v1", "@evil.example", "//evil.example", ""] {
        let error = client.get("/x").api_version(version).send().await;
        if version.is_empty() {
            error.unwrap();
            assert_eq!(last(&provider).path(), "/api/x");
        } else {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Config, "{version}");
        }
    }
    let session = marquee(&provider).api_version("v3").open().unwrap();
    session.init().await.unwrap();
    Client::new(&session).get("/x").send().await.unwrap();
    assert_eq!(last(&provider).path(), "/api/v3/x");
    let session = marquee(&provider).api_version("").open().unwrap();
    session.init().await.unwrap();
    Client::new(&session).get("/x").send().await.unwrap();
    assert_eq!(last(&provider).path(), "/api/x");
}

#[tokio::test]
async fn domains_are_those_of_the_environment() {
    let (provider, other) = (provider(), provider());
    let environment = environment(&provider)
        .domain(Domain::Mds, other.api().as_str())
        .unwrap();
    let id = support::ID;
    let session = Marquee::client_credentials(environment.clone(), id, provider.client_secret());
    let session = session.open().unwrap();
    session.init().await.unwrap();
    other.fail_next(Kind::Api, 3, Outage::json(StatusCode::OK, "{}"));
    let client = Client::new(&session);
    client.get("/x").domain(Domain::Mds).send().await.unwrap();
    assert_eq!(last(&other).path(), "/api/v1/x");
    client
        .clone()
        .with_domain(Domain::Mds)
        .get("/y")
        .send()
        .await
        .unwrap();
    assert_eq!(last(&other).path(), "/api/v1/y");
    let request = client.get("/x").domain(Domain::MdsWeb);
    assert_eq!(request.send().await.unwrap_err().kind(), ErrorKind::Config);

    let session = Marquee::client_credentials(environment, id, provider.client_secret());
    let session = session.domain(Domain::Mds).open().unwrap();
    session.init().await.unwrap();
    Client::new(&session).get("/z").send().await.unwrap();
    assert_eq!(last(&other).path(), "/api/v1/z");
}

#[tokio::test]
async fn a_header_of_a_request_takes_the_place_of_the_sessions_for_that_request() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let request = client
        .get("/x")
        .header("X-APPLICATION", "other")
        .header("x-own", "1");
    request.send().await.unwrap();
    let request = last(&provider);
    assert_eq!(header(&request, "x-application"), Some("other"));
    assert_eq!(header(&request, "x-own"), Some("1"));
    client.get("/x").send().await.unwrap();
    let request = last(&provider);
    assert_eq!(header(&request, "x-application"), Some("session-kit"));
    assert_eq!(header(&request, "x-own"), None);
}

#[tokio::test]
async fn who_goes_by_the_plain_client_says_which_program_asks_too() {
    let provider = provider();
    let session = marquee(&provider).application("x", "1.2").open().unwrap();
    session.init().await.unwrap();
    let plain = session_http::Client::new(&session);
    plain.get("/users/self").send().await.unwrap();
    let request = last(&provider);
    assert_eq!(request.path(), "/api/v1/users/self");
    assert_eq!(header(&request, "x-application"), Some("x"));
    assert_eq!(header(&request, "x-version"), Some("1.2"));
    let request = plain.get("/users/self").header("X-Application", "own");
    request.send().await.unwrap();
    assert_eq!(header(&last(&provider), "x-application"), Some("own"));
}

#[tokio::test]
async fn a_streamed_body_is_not_sent_twice() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    provider.refuse();
    let error = client
        .post("/x")
        .streamed_body("once")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    client.post("/x").body("again").send().await.unwrap();
}

#[tokio::test]
async fn it_works_with_a_mock_in_place_of_marquee() {
    let provider = provider();
    provider.fail(Kind::Api, Outage::json(StatusCode::OK, "{}"));
    let api = BasicEnvironment::new("mock").service("api", provider.api().as_str());
    let mock = MockSession::bearer("t").in_environment(api.unwrap());
    let session = mock.handle();
    session.init().await.unwrap();
    let client = Client::new(&session);
    client.get("/users/self").send().await.unwrap();
    assert_eq!(last(&provider).path(), "/api/users/self");
    assert_eq!(
        header(&last(&provider), "x-application"),
        Some("session-kit")
    );
    let error = client.get("/x").unversioned().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let error = client
        .get("/x")
        .domain(Domain::Mds)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn cookies_go_with_the_csrf_token_in_a_header_too() {
    let provider = provider();
    provider.fail(Kind::Api, Outage::json(StatusCode::OK, "{}"));
    let session = support::with_cookies(&provider).open().unwrap();
    session.init().await.unwrap();
    Client::new(&session)
        .get("/users/self")
        .send()
        .await
        .unwrap();
    let request = last(&provider);
    assert_eq!(
        header(&request, "cookie"),
        Some("GSSSO=SSO-TOKEN; MARQUEE-CSRF-TOKEN=CSRF")
    );
    assert_eq!(header(&request, "x-marquee-csrf-token"), Some("CSRF"));
    assert_eq!(header(&request, "authorization"), None);
    assert_eq!(provider.count(Kind::Token), 0);

    let session = Marquee::marquee_login(environment(&provider), Secret::new("LOGIN"));
    let session = session.open().unwrap();
    session.init().await.unwrap();
    Client::new(&session)
        .get("/users/self")
        .send()
        .await
        .unwrap();
    assert_eq!(
        header(&last(&provider), "cookie"),
        Some("MarqueeLogin=LOGIN")
    );
}

#[tokio::test]
async fn a_token_goes_as_it_is() {
    let provider = provider();
    provider.fail(Kind::Api, Outage::json(StatusCode::OK, "{}"));
    let session = Marquee::token(environment(&provider), Secret::new("ext-token"));
    let session = session.open().unwrap();
    session.init().await.unwrap();
    Client::new(&session)
        .get("/users/self")
        .send()
        .await
        .unwrap();
    let log = provider.log();
    assert_eq!(log.len(), 1, "no request for a token");
    assert_eq!(header(&log[0], "authorization"), Some("Bearer ext-token"));
}

#[tokio::test]
async fn a_number_that_json_has_not_is_refused_and_not_written_as_null() {
    #[derive(serde::Serialize)]
    struct Row {
        strike: Option<f64>,
        levels: Vec<f32>,
    }
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let (of_strike, of_levels) = (
            Row {
                strike: Some(number),
                levels: vec![],
            },
            Row {
                strike: None,
                levels: vec![1.0, number as f32],
            },
        );
        for row in [of_strike, of_levels] {
            let error = client.post("/x").json(&row).send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("NaN"), "{error}");
        }
    }
    assert_eq!(provider.count(Kind::Api), 0);
    // What is absent is `null` all the same.
    let row = Row {
        strike: None,
        levels: vec![1.0],
    };
    client.post("/x").json(&row).send().await.unwrap();
    assert_eq!(
        text(&last(&provider)),
        r#"{"strike": null, "levels": [1.0]}"#
    );
}
