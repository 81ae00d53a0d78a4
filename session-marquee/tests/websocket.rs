//! Websockets, as the embedded Marquee opens them.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::time::Duration;

use session_core::{ErrorKind, Secret, SessionHandle};
use session_http::websocket::Message;
use session_marquee::{Class, Client, Domain, Failure, Marquee, MarqueeBuilder};
use session_mock::{Kind, Provider};
use support::{
    environment, header, requests,
    wire::{Wire, answer},
};

async fn opened(marquee: MarqueeBuilder) -> (SessionHandle, Client) {
    let session = marquee.open().unwrap();
    session.init().await.unwrap();
    let client = Client::new(&session);
    (session, client)
}

fn started() -> (session_mock::Marquee, Provider) {
    let marquee = session_mock::Marquee::new();
    let provider = Provider::builder().site(marquee.clone()).start().unwrap();
    (marquee, provider)
}

fn application(provider: &Provider) -> MarqueeBuilder {
    let (id, secret) = (provider.client_id(), provider.client_secret());
    Marquee::client_credentials(environment(provider), id, secret)
}

async fn echoed(socket: session_marquee::WebSocketBuilder) -> String {
    let mut socket = socket.connect().await.unwrap();
    socket.send(Message::text("hi")).await.unwrap();
    socket.receive().await.unwrap().unwrap().to_string()
}

#[tokio::test]
async fn a_token_goes_alone() {
    let (marquee, provider) = started();
    marquee.accept_token("ext-token");
    let token = Marquee::token(environment(&provider), Secret::new("ext-token"));
    for session in [application(&provider), token] {
        let (_session, client) = opened(session).await;
        assert_eq!(
            echoed(client.websocket("/stream").header("X-Extra", "1")).await,
            "echo:hi"
        );
        let handshake = support::last(&provider);
        assert_eq!(handshake.path(), "/v1/stream");
        assert!(
            header(&handshake, "authorization")
                .unwrap()
                .starts_with("Bearer ")
        );
        assert_eq!(header(&handshake, "x-extra"), Some("1"));
        for absent in [
            "x-application",
            "x-version",
            "cookie",
            "x-marquee-csrf-token",
        ] {
            assert_eq!(header(&handshake, absent), None);
        }
    }
}

#[tokio::test]
async fn cookies_go_with_the_names_of_the_program() {
    let (marquee, provider) = started();
    marquee.accept_gssso("SSO-TOKEN", Some("CSRF"));
    let (_session, client) = opened(support::with_cookies(&provider).application("x", "1")).await;
    assert_eq!(echoed(client.websocket("/stream")).await, "echo:hi");
    let handshake = support::last(&provider);
    assert_eq!(header(&handshake, "x-application"), Some("x"));
    assert_eq!(header(&handshake, "x-version"), Some("1"));
    assert_eq!(header(&handshake, "x-marquee-csrf-token"), Some("CSRF"));
    assert_eq!(
        header(&handshake, "cookie"),
        Some("MARQUEE-CSRF-TOKEN=CSRF; GSSSO=SSO-TOKEN"),
        "in the order of gs_quant's handshakes"
    );
    assert_eq!(header(&handshake, "authorization"), None);
    client.get("/users/self").send().await.unwrap();
    assert_eq!(
        header(&support::last(&provider), "cookie"),
        Some("GSSSO=SSO-TOKEN; MARQUEE-CSRF-TOKEN=CSRF"),
        "and of its requests"
    );
}

#[tokio::test]
async fn a_handshake_has_the_headers_of_gs_quants_and_no_others() {
    let (marquee, provider) = started();
    marquee.accept_gssso("SSO-TOKEN", Some("CSRF"));
    let names = |provider: &Provider| {
        let handshake = support::last(provider);
        let names = handshake.headers().into_iter();
        let mut names: Vec<_> = names.map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    let of_all = [
        "connection",
        "host",
        "sec-websocket-key",
        "sec-websocket-version",
        "upgrade",
        "user-agent",
    ];
    for (session, own) in [
        (application(&provider), &["authorization"][..]),
        (
            support::with_cookies(&provider),
            &[
                "cookie",
                "x-application",
                "x-marquee-csrf-token",
                "x-version",
            ],
        ),
    ] {
        let (_session, client) = opened(session).await;
        echoed(client.websocket("/stream")).await;
        let mut expected = [&of_all[..], own].concat();
        expected.sort_unstable();
        assert_eq!(names(&provider), expected);
    }
}

#[tokio::test]
async fn it_has_a_query_and_a_limit_of_time() {
    let (_marquee, provider) = started();
    let (_session, client) = opened(application(&provider)).await;
    let socket = client.websocket("/stream?x=1").query("ids", ["a", "b"]);
    echoed(socket.query("none", None::<&str>)).await;
    assert_eq!(support::last(&provider).query(), Some("x=1&ids=a&ids=b"));
    let _hold = provider.hold(Kind::Api);
    let limit = Duration::from_millis(1);
    for socket in [
        client.websocket("/stream").timeout(limit),
        client.clone().with_timeout(limit).websocket("/stream"),
    ] {
        let error = socket.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_there_is_a_failure_too() {
    let (_marquee, provider) = started();
    let token = Marquee::token(environment(&provider), Secret::new("dead"));
    let (_session, client) = opened(token).await;
    let error = client.websocket("/stream").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(Failure::of(&error).unwrap().status(), 401);
    assert_eq!(Class::of(&error), Some(Class::Request));
}

#[tokio::test]
async fn a_handshake_that_is_answered_otherwise_is_classed_as_a_request_would_be() {
    for (status, kind, class) in [
        ("200 OK", ErrorKind::Protocol, Class::Request),
        ("401 Unauthorized", ErrorKind::Denied, Class::Request),
        ("403 Forbidden", ErrorKind::Denied, Class::Authorization),
        ("404 Not Found", ErrorKind::Protocol, Class::Request),
        (
            "429 Too Many Requests",
            ErrorKind::Unavailable,
            Class::RateLimited,
        ),
        (
            "500 Internal Server Error",
            ErrorKind::Unavailable,
            Class::InternalServer,
        ),
        (
            "504 Gateway Timeout",
            ErrorKind::Unavailable,
            Class::Timeout,
        ),
    ] {
        let headers = [("x-dash-requestid", "R-7"), ("Retry-After", "9")];
        let wire = Wire::start([answer(status, &headers, "")]);
        let (_session, client) = wire.opened().await;
        let error = client.websocket("/stream").connect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(Class::of(&error), Some(class), "{status}");
        let failure = Failure::of(&error).unwrap();
        assert!(status.starts_with(failure.status().as_str()));
        assert_eq!(error.status(), Some(failure.status()));
        assert_eq!(failure.path(), "/v1/stream");
        assert_eq!(failure.request_id(), Some("R-7"), "{status}");
        assert!(error.to_string().contains("R-7"), "{error}");
        if kind == ErrorKind::Unavailable {
            assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
        }
    }
}

#[tokio::test]
async fn a_handshake_that_is_refused_with_a_new_token_too_has_its_request_id() {
    let token = br#"{"access_token": "tok", "token_type": "Bearer"}"#;
    let token = || answer("200 OK", &[("Content-Type", "application/json")], token);
    let refusal = |id| answer("401 Unauthorized", &[("x-dash-requestid", id)], "");
    let wire = Wire::start([token(), refusal("R-1"), token(), refusal("R-2")]);
    let (_session, client) = opened(wire.application()).await;
    let error = client.websocket("/stream").connect().await.unwrap_err();
    assert_eq!(Failure::of(&error).unwrap().request_id(), Some("R-2"));
    assert_eq!(wire.requests().len(), 4);
}

#[tokio::test]
async fn it_goes_where_a_request_would() {
    let (_marquee, provider) = started();
    let (_session, client) = opened(application(&provider)).await;
    echoed(client.websocket("/stream?x=1").unversioned()).await;
    echoed(client.websocket("/stream").api_version("v2")).await;
    let url = provider.api().as_str().replace("http:", "ws:");
    echoed(client.websocket(&format!("{url}own"))).await;
    let paths: Vec<_> = requests(&provider, Kind::Api)
        .iter()
        .map(|it| it.path().to_owned())
        .collect();
    assert_eq!(paths, ["/stream", "/v2/stream", "/own"]);
    for refused in [
        client.websocket("wss://evil.example/stream"),
        client.websocket("//evil.example/stream"),
    ] {
        assert_eq!(
            refused.connect().await.unwrap_err().kind(),
            ErrorKind::Forbidden
        );
    }
    for refused in [
        client.websocket("/x").domain(Domain::Mds),
        client.websocket("/x").header("Authorization", "own"),
        client.websocket("/x").header("a b", "c"),
    ] {
        assert_eq!(
            refused.connect().await.unwrap_err().kind(),
            ErrorKind::Config
        );
    }
}

#[tokio::test]
async fn a_handshake_that_is_refused_renews_the_token_once() {
    let (_marquee, provider) = started();
    let (_session, client) = opened(application(&provider)).await;
    provider.refuse();
    assert_eq!(echoed(client.websocket("/stream")).await, "echo:hi");
    assert_eq!(provider.count(Kind::Token), 2);
    assert_eq!(provider.count(Kind::Api), 2);
}
