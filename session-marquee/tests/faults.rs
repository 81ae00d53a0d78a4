//! What `gs_quant` 2.2.1 does wrong, and this does not. Each test is named for the fault that it has not.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{
    fs,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use http::{HeaderValue, StatusCode, header::LOCATION};
use serde_json::json;
use session_core::{Config, ErrorKind, Secret, SecretSource, SessionHandle, open};
use session_marquee::{Class, Client, Domain, Failure, Marquee, MarqueeEnvironment};
use session_mock::{Kind, MockClock, Outage, Provider};
use support::{
    environment, header, last, marquee, opened, provider, requests, texts, with_cookies,
};

#[tokio::test]
async fn no_bearer_goes_to_the_token_endpoint() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    provider.refuse();
    let request = client.post("/things").json(&json!({ "a": 1 }));
    request.send().await.unwrap();
    let asked = requests(&provider, Kind::Token);
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert_eq!(header(&request, "authorization"), None);
        assert_eq!(request.status(), Some(StatusCode::OK));
    }
}

#[tokio::test]
async fn expiry_is_known_and_no_call_is_refused_for_it() {
    let clock = MockClock::new();
    let client = session_mock::Client::new(support::ID, "s").scopes(session_marquee::Scope::ALL);
    let provider = Provider::builder().client(client).clock(clock.clone());
    let provider = provider.lifetime(Duration::from_secs(60)).start().unwrap();
    let session = marquee(&provider).build().unwrap();
    let session = SessionHandle::builder(session).clock(clock.clone()).build();
    session.init().await.unwrap();
    let client = Client::new(&session);
    for _ in 0..5 {
        clock.advance(Duration::from_secs(61));
        client.post("/upload").body("large").send().await.unwrap();
    }
    let statuses: Vec<_> = requests(&provider, Kind::Api)
        .iter()
        .map(session_mock::Entry::status)
        .collect();
    assert_eq!(statuses, [Some(StatusCode::OK); 5]);
    assert_eq!(provider.count(Kind::Token), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_concurrent_401s_are_one_renewal() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    provider.refuse();
    // All are refused before any can know of a renewal.
    let hold = provider.hold(Kind::Api);
    let calls: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.post("/x").body("b").send()))
        .collect();
    provider
        .wait_for(|log| log.iter().filter(|it| it.kind() == Kind::Api).count() == 50)
        .await;
    hold.release();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(provider.count(Kind::Token), 2);
    assert_eq!(provider.count(Kind::Api), 100);
}

#[test]
fn fifty_threads_that_init_are_one_authentication_and_no_call_goes_without() {
    let provider = provider();
    let session = marquee(&provider).open().unwrap();
    let start = Arc::new(Barrier::new(50));
    let threads: Vec<_> = (0..50)
        .map(|_| {
            let (session, start) = (session.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                session.blocking().init().unwrap();
                let client = session_marquee::blocking::Client::new(&session);
                client.get("/x").send().unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(provider.count(Kind::Token), 1);
    for request in requests(&provider, Kind::Api) {
        assert!(header(&request, "authorization").is_some());
        assert_eq!(request.status(), Some(StatusCode::OK));
    }
}

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

#[test]
fn a_session_is_written_with_where_its_secrets_are_and_without_them() {
    let prod = MarqueeEnvironment::prod;
    let written = |builder: session_marquee::MarqueeBuilder| builder.build().unwrap().to_toml();
    let secret = || SecretSource::command(["pass", "show", "a \"b\""]);
    assert_eq!(
        written(
            Marquee::client_credentials(prod(), "id", secret())
                .scope("run_analytics")
                .activity(true)
                .timeout(Duration::from_secs(5))
        )
        .unwrap(),
        r#"backend = "marquee"
client_id = "id"
client_secret = { command = ["pass", "show", "a \"b\""] }
scopes = ["run_analytics"]
activity = true
timeout = "5000ms"
environment = "PROD"
"#
    );
    let own = MarqueeEnvironment::custom("own", "https://a.example.com", "https://i.example.com/t")
        .unwrap()
        .domain(Domain::Mds, "https://m.example.com")
        .unwrap()
        .service("reports", "https://r.example.com")
        .unwrap()
        .ca_file("/etc/ca.pem");
    let cookies =
        Marquee::gssso(own, SecretSource::env("GSSSO")).csrf_token(SecretSource::file("/c"));
    let cookies = cookies
        .application("x", "1")
        .api_version("")
        .domain(Domain::Mds);
    for text in [
        written(cookies).unwrap(),
        written(Marquee::token(prod(), SecretSource::env("TOKEN"))).unwrap(),
        written(
            Marquee::marquee_login(MarqueeEnvironment::qa(), SecretSource::env("LOGIN"))
                .api_version("v2"),
        )
        .unwrap(),
    ] {
        // What is written opens, and is written the same again.
        let profile = text.strip_prefix("backend = \"marquee\"\n").unwrap();
        let session = open("marquee", Config::from_toml(profile).unwrap()).unwrap();
        assert_eq!(Marquee::of(&session).unwrap().to_toml().unwrap(), text);
    }
    let given = Marquee::client_credentials(prod(), "id", "s3cr3t");
    let error = written(given).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!texts(&error).contains("s3cr3t"));
}

#[tokio::test]
async fn no_redirect_reposts_the_secret_or_brings_a_token_from_elsewhere() {
    for status in [302, 307, 308] {
        let (provider, other) = (provider(), provider());
        let elsewhere = HeaderValue::from_str(other.token_endpoint().as_str()).unwrap();
        let redirect = Outage::status(StatusCode::from_u16(status).unwrap());
        provider.fail(Kind::Token, redirect.header(LOCATION, elsewhere));
        let session = marquee(&provider).open().unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(other.log().is_empty());
    }
}

#[tokio::test]
async fn nothing_of_the_session_and_no_body_follows_a_redirect_to_another_origin() {
    let (provider, other) = (provider(), provider());
    other.fail(Kind::Api, Outage::json(StatusCode::OK, "{}"));
    let landed = HeaderValue::from_str(other.api().join("landed").unwrap().as_str()).unwrap();
    let redirect = |status| Outage::status(status).header(LOCATION, landed.clone());
    let cookies = with_cookies(&provider).open().unwrap();
    cookies.init().await.unwrap();
    for client in [opened(&provider).await.1, Client::new(&cookies)] {
        provider.fail_next(Kind::Api, 1, redirect(StatusCode::FOUND));
        client.get("/cross").send().await.unwrap();
        for name in ["authorization", "cookie", "x-marquee-csrf-token"] {
            assert_eq!(header(&last(&other), name), None);
        }
        let before = other.log().len();
        provider.fail_next(Kind::Api, 1, redirect(StatusCode::TEMPORARY_REDIRECT));
        let request = client.post("/cross").json(&json!({ "position": "secret" }));
        assert_eq!(
            request.send().await.unwrap_err().kind(),
            ErrorKind::Forbidden
        );
        assert_eq!(other.log().len(), before);
    }
}

#[tokio::test]
async fn no_token_goes_to_another_host_by_domain_path_or_at_sign() {
    let (provider, other) = (provider(), provider());
    let port = other.api().port().unwrap();
    let (_session, client) = opened(&provider).await;
    for target in [
        format!("http://127.0.0.1:{port}/x"),
        format!("https://evil.example:{port}/x"),
        format!("//127.0.0.1:{port}/x"),
        format!("\\\\127.0.0.1:{port}/x"),
        "../../x".to_owned(),
    ] {
        for request in [client.get(&target), client.get(&target).unversioned()] {
            assert_eq!(
                request.check().unwrap_err().kind(),
                ErrorKind::Forbidden,
                "{target}"
            );
            let error = request.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{target}");
        }
    }
    // As part of the path they are harmless.
    for target in [
        format!("@127.0.0.1:{port}/x"),
        format!("{port}/x"),
        format!(".evil.example:{port}/x"),
    ] {
        client.get(&target).unversioned().send().await.unwrap();
        assert_eq!(last(&provider).path(), format!("/api/{target}"));
    }
    assert!(other.log().is_empty());
}

#[test]
fn a_url_in_place_of_an_environment_sends_no_secret_to_that_of_another() {
    let error = "https://api.example.com"
        .parse::<MarqueeEnvironment>()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let base = Config::new()
        .set("client_id", "id")
        .set("client_secret", "s");
    for (key, value) in [
        ("environment", "https://api.example.com"),
        ("environment", "production"),
        ("environment.api", "https://api.example.com"),
        ("environment.mds", "https://api.example.com"),
    ] {
        let error = open("marquee", base.clone().set(key, value)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{key}");
    }
}

#[tokio::test]
async fn a_web_page_is_never_in_a_message() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let page = "<!doctype html><h1>s3cr3t";
    let plain = Outage::json(StatusCode::BAD_GATEWAY, page);
    for outage in [Outage::html(StatusCode::BAD_GATEWAY), plain] {
        provider.fail_next(Kind::Api, 1, outage);
        let error = client.post("/x").send().await.unwrap_err();
        assert!(!texts(&error).contains('<'), "{}", texts(&error));
        assert_eq!(Failure::of(&error).unwrap().explanation(), None);
    }
}

#[tokio::test]
async fn no_body_of_an_answer_is_in_a_message() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let body = r#"{"messages": ["client_secret=s3cr3t was wrong"]}"#;
    provider.fail_next(Kind::Api, 1, Outage::json(StatusCode::BAD_REQUEST, body));
    let error = client.get("/x?token=s3cr3t").send().await.unwrap_err();
    assert!(!texts(&error).contains("s3cr3t"), "{}", texts(&error));
    assert_eq!(Failure::of(&error).unwrap().explanation(), Some(body));

    let session = marquee(&provider).open().unwrap();
    let echo = format!(
        r#"{{"error": "invalid_client", "echo": "client_secret={}"}}"#,
        provider.client_secret()
    );
    provider.fail_next(Kind::Token, 1, Outage::json(StatusCode::BAD_REQUEST, echo));
    let error = session.init().await.unwrap_err();
    assert!(
        !texts(&error).contains(provider.client_secret()),
        "{}",
        texts(&error)
    );
}

#[tokio::test]
async fn retry_after_is_read() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for status in [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let outage = Outage::status(status).header(http::header::RETRY_AFTER, 7);
        provider.fail_next(Kind::Api, 1, outage);
        let error = client.post("/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    }
    let session = marquee(&provider).open().unwrap();
    let outage = Outage::status(StatusCode::TOO_MANY_REQUESTS);
    provider.fail_next(Kind::Token, 1, outage.header(http::header::RETRY_AFTER, 7));
    let error = session.init().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_refused_token_is_not_sent_again_and_a_new_one_is() {
    let provider = provider();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "dead").unwrap();
    let session = Marquee::token(environment(&provider), SecretSource::file(&file));
    let session = session.open().unwrap();
    session.init().await.unwrap();
    let client = Client::new(&session);
    let error = client.get("/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(provider.count(Kind::Api), 1, "the dead token went out once");

    let (other, _) = opened(&provider).await;
    let token = other.credential().await.unwrap();
    let token = token.header(&http::header::AUTHORIZATION).unwrap();
    let token = token.expose_str().unwrap().strip_prefix("Bearer ").unwrap();
    fs::write(&file, token).unwrap();
    session.init().await.unwrap();
    client.get("/x").send().await.unwrap();
}

#[test]
fn credentials_of_two_kinds_are_an_error_and_none_is_dropped_silently() {
    let all = [
        "client_id",
        "token",
        "gssso",
        "marquee_login",
        "kerberos_login",
    ];
    let value = |key: &str| {
        if key == "kerberos_login" {
            "https://sso.example.com/"
        } else {
            "s3cr3t"
        }
    };
    for (at, first) in all.iter().enumerate() {
        for second in &all[at + 1..] {
            let config = Config::new()
                .set(first, value(first))
                .set(second, value(second));
            let error = open("marquee", config.set("client_secret", "s")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = texts(&error);
            assert!(text.contains(first) && text.contains(second) && !text.contains("s3cr3t"));
        }
    }
    for config in [
        Config::new(),
        Config::new().set("client_id", "id"),
        Config::new().set("client_id", "").set("client_secret", "s"),
        Config::new().set("client_secret", "s"),
        Config::new().set("csrf_token", "s"),
        Config::new().set("token", "t").set("client_secret", "s"),
        Config::new().set("token", "t").set("csrf_token", "c"),
        Config::new().set("token", "t").set("scopes", ["x"]),
    ] {
        let error = open("marquee", config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn the_authorization_cannot_be_given_with_a_request() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for name in ["Authorization", "authorization", "X-MARQUEE-CSRF-TOKEN"] {
        let request = client.get("/x").header(name, "own");
        assert_eq!(request.check().unwrap_err().kind(), ErrorKind::Config);
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(provider.count(Kind::Api), 0);
}

#[tokio::test]
async fn a_token_or_cookie_that_none_can_be_is_an_error_before_it_is_sent() {
    let provider = provider();
    for text in ["", "Bearer abc", "a b", "a\r\nX: y", "\u{e9}", "=", "a=b"] {
        let session = Marquee::token(environment(&provider), Secret::new(text));
        let error = session.open().unwrap().init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text:?}");
    }
    let session = Marquee::gssso(environment(&provider), Secret::new(""));
    let error = session.open().unwrap().init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let session = Marquee::token(environment(&provider), Secret::new("aZ0-._~+/=="));
    session.open().unwrap().init().await.unwrap();
    assert!(provider.log().is_empty());
}

#[tokio::test]
async fn a_url_with_control_characters_is_none() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for url in [
        format!("{}a\tb", provider.api()),
        format!("{}x\n", provider.api()),
    ] {
        let error = client.get(&url).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(provider.count(Kind::Api), 0);
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
    // Without an answer it is the connection's.
    provider.fail_next(Kind::Token, 9, Outage::reset());
    let error = marquee(&provider).open().unwrap().init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(Class::of(&error), None);
}
