//! Who is believed to be Marquee: `gs_quant` believes anybody at a URL of one's own, of the market data for the web site, and in its async
//! interface.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs;

use session_core::{ErrorKind, Result, Secret, SessionHandle};
use session_marquee::{Client, Domain, Marquee, MarqueeEnvironment, blocking};
use session_mock::{Entry, Kind, Provider};
use support::{header, marquee};

/// One that speaks TLS, which nobody but its own authority vouches for.
fn impostor() -> Provider {
    let marquee = session_mock::Marquee::new();
    marquee.accept_token("ext-token");
    let builder = Provider::builder().site(marquee);
    builder.tls(["localhost"]).start().unwrap()
}

/// Each service of it has a path of its own.
fn environment(impostor: &Provider) -> MarqueeEnvironment {
    Domain::ALL
        .into_iter()
        .fold(support::environment(impostor), |environment, domain| {
            let address = impostor.api().join(&format!("of-{domain}/")).unwrap();
            environment.domain(domain, address.as_str()).unwrap()
        })
}

fn with_token(environment: MarqueeEnvironment, domain: Domain) -> SessionHandle {
    let session = Marquee::token(environment, Secret::new("ext-token")).domain(domain);
    session.open().unwrap()
}

/// All that a client sends to a domain: by the session's own, by that of the request, and by a URL; one after the other, async and not.
async fn send_all(session: &SessionHandle, domain: Domain) -> Vec<Result<()>> {
    let url = session.environment().url(domain.as_str()).unwrap();
    let url = url.join("x").unwrap();
    let (client, blocking) = (Client::new(session), blocking::Client::new(session));
    let mut sent = Vec::new();
    for request in [
        client.get("/x"),
        client.get("/x").domain(domain),
        client.get(url.as_str()),
    ] {
        sent.push(request.send().await.map(drop));
    }
    for request in [
        blocking.get("/x"),
        blocking.get("/x").domain(domain),
        blocking.get(url.as_str()),
    ] {
        sent.push(request.send().map(drop));
    }
    #[cfg(feature = "websocket")]
    for socket in [
        client.websocket("/x"),
        client.websocket("/x").domain(domain),
        client.websocket(&url.as_str().replacen("https", "wss", 1)),
    ] {
        sent.push(socket.connect().await.map(drop));
    }
    sent
}

#[tokio::test]
async fn tls_is_verified_for_requests_of_every_domain_also_after_others_trusted_the_server() {
    let impostor = impostor();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, impostor.authority().unwrap()).unwrap();
    for domain in Domain::ALL {
        let trusting = with_token(environment(&impostor).ca_file(&ca), domain);
        trusting.init().await.unwrap();
        let before = impostor.log().len();
        let sent = send_all(&trusting, domain).await;
        // So it is no error of ours that others run into.
        for outcome in &sent {
            outcome.as_ref().unwrap();
        }
        let arrived = impostor.log().split_off(before);
        assert_eq!(arrived.len(), sent.len());
        let expected = impostor.api().join(&format!("of-{domain}/v1/x")).unwrap();
        let is_of_domain = |entry: &Entry| entry.path() == expected.path();
        assert!(arrived.iter().all(is_of_domain), "{arrived:?}");

        let session = with_token(environment(&impostor), domain);
        session.init().await.unwrap();
        for outcome in send_all(&session, domain).await {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.to_string().contains("ca_file"), "{error}");
        }
        assert_eq!(impostor.log().len(), before + sent.len());
    }
    for request in impostor.log() {
        assert_eq!(header(&request, "authorization"), Some("Bearer ext-token"));
    }
}

#[tokio::test]
async fn tls_is_verified_at_a_custom_url_for_the_secret_and_for_the_notice() {
    let impostor = impostor();
    for session in [marquee(&impostor), marquee(&impostor).activity(true)] {
        let session = session.open().unwrap();
        for outcome in [session.init().await, session.blocking().init()] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        }
    }
    let given = Marquee::token(environment(&impostor), Secret::new("ext-token"));
    let given = given.activity(true).open().unwrap();
    given.init().await.unwrap(); // the notice of it does not matter
    given.close().await.unwrap();
    assert!(impostor.log().is_empty(), "{:?}", impostor.log());
    assert_eq!(impostor.count(Kind::Token), 0);
}

#[test]
fn what_is_known_is_reached_over_tls_alone() {
    for environment in [
        MarqueeEnvironment::prod(),
        MarqueeEnvironment::qa(),
        MarqueeEnvironment::dev(),
    ] {
        let addresses = Domain::ALL.map(|domain| environment.address(domain).unwrap().as_str());
        for address in addresses.into_iter().chain([environment.auth()]) {
            assert!(address.starts_with("https://"), "{address}");
        }
    }
}
