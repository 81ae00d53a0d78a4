//! Websockets, as the embedded Marquee opens them.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use session_core::{ErrorKind, Secret, SessionHandle};
use session_http::websocket::Message;
use session_marquee::{Client, Domain, Marquee, MarqueeBuilder};
use session_mock::{Kind, Provider};
use support::{environment, header, requests};

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
        Some("GSSSO=SSO-TOKEN; MARQUEE-CSRF-TOKEN=CSRF")
    );
    assert_eq!(header(&handshake, "authorization"), None);
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
