//! What an environment says of the way to it: a client certificate, a version of TLS, a proxy.

use std::fs;

use session_core::{BasicEnvironment, ErrorKind, Proxy, SecretSource, TlsVersion};
use session_http::{Client, websocket::Message};

use crate::{
    nginx::{Nginx, Token, mark},
    support::block_on,
    visit::{By, Seen},
};

fn visit(nginx: &Nginx, environment: BasicEnvironment, by: By, path: &str) -> Seen {
    let (session, _) = block_on(nginx.session(environment, &[Token::Valid]));
    by.get(&session, path)
}

#[test]
fn a_client_certificate_is_shown_to_who_wants_one() {
    let nginx = Nginx::here();
    let environment = || nginx.environment("mutual");
    let (pem, key) = (nginx.text("client_pem"), nginx.text("client_key"));
    let strange = nginx.text("strange_client");
    for by in By::ALL {
        let known = environment().client_certificate(pem, Some(key));
        let (status, body) = visit(&nginx, known, by, "/");
        assert_eq!(status, Some(200));
        assert_eq!(body.unwrap(), "CN=svc,O=session-test");
        let unknown = environment().client_certificate(strange, None::<&str>);
        for refused in [environment(), unknown] {
            // nginx lets the handshake pass, and says it by HTTP.
            let (status, body) = visit(&nginx, refused, by, "/");
            assert_eq!(status, Some(400));
            assert_eq!(body.unwrap_err().kind(), ErrorKind::Protocol);
        }
    }
}

#[test]
fn a_server_that_is_older_than_is_allowed_gets_nothing() {
    let nginx = Nginx::here();
    for by in By::ALL {
        for (version, status) in [(TlsVersion::Tls12, Some(200)), (TlsVersion::Tls13, None)] {
            let mark = mark();
            let environment = nginx.environment("old").min_tls(version);
            let (seen, body) = visit(&nginx, environment, by, &format!("/?{mark}"));
            assert_eq!(seen, status, "{body:?}");
            if let Err(error) = body {
                assert_eq!(error.kind(), ErrorKind::Config, "{error}");
                assert!(error.to_string().contains("`min_tls`"), "{error}");
            }
            let arrived = block_on(nginx.arrived(&mark));
            assert_eq!(arrived.len(), usize::from(status.is_some()));
        }
    }
}

#[test]
fn http_1_is_spoken_where_the_environment_says_so() {
    let nginx = Nginx::here();
    let mark = mark();
    let environment = nginx.environment("api").http1_only(true);
    let (status, _) = visit(&nginx, environment, By::Async, &format!("/orders?{mark}"));
    assert_eq!(status, Some(200));
    let arrived = block_on(nginx.arrived(&mark));
    assert_eq!(arrived[0].text("protocol"), "HTTP/1.1");
}

/// By an address of this machine that does not look it: what does is not reached through a proxy.
fn proxied(nginx: &Nginx, url: &str, proxy: Proxy) -> BasicEnvironment {
    let environment = BasicEnvironment::new("proxied").ca_file(nginx.text("ca_pem"));
    let url = url.replace("localhost", "0.0.0.0");
    environment.service("api", &url).unwrap().proxy(proxy)
}

fn proxy(nginx: &Nginx, password: &str) -> Proxy {
    let proxy = Proxy::new(nginx.text("proxy")).unwrap();
    let password = SecretSource::literal(password);
    proxy
        .with_credentials(nginx.text("proxy_user"), password)
        .unwrap()
}

#[test]
fn a_proxy_that_wants_a_password_leads_to_the_server_and_learns_no_more() {
    let nginx = Nginx::here();
    let password = nginx.text("proxy_password");
    for server in ["api", "api_http1"] {
        for by in By::ALL {
            let mark = mark();
            let url = nginx.url(server);
            let environment = proxied(&nginx, &url, proxy(&nginx, password));
            let (status, body) = visit(&nginx, environment, by, &format!("/echo?{mark}"));
            assert_eq!(status, Some(200), "{body:?}");
            let body = String::from_utf8(body.unwrap().to_vec()).unwrap();
            assert!(!body.contains("proxy-authorization"), "{body}");
            let arrived = block_on(nginx.arrived(&mark));
            assert_eq!(arrived[0].brought(), ("api", "GET", [true; 3]));

            let log = fs::read_to_string(nginx.text("proxy_log")).unwrap();
            let port = url.rsplit(':').next().unwrap();
            assert!(
                log.contains(&format!("CONNECT 0.0.0.0:{port} HTTP/1.1")),
                "{log}"
            );
            assert!(!log.contains(&mark));
        }
    }
}

#[test]
fn a_proxy_that_does_not_lead_there_is_named() {
    let nginx = Nginx::here();
    let right = nginx.text("proxy_password");
    let open = Proxy::new(nginx.text("proxy")).unwrap();
    let (api, elsewhere) = (nginx.url("api"), nginx.url("evil_plain"));
    let elsewhere = elsewhere.replace("http://", "https://");
    let absent = Proxy::new(&nginx.text("nobody").replace("https", "http")).unwrap();
    for (url, proxy, kind, text) in [
        (&api, open, ErrorKind::Denied, "wants credentials (407)"),
        // To a wrong password it says 401.
        (
            &api,
            proxy(&nginx, "s3cr3t"),
            ErrorKind::Unavailable,
            "user and password in the environment's `proxy`",
        ),
        (
            &elsewhere,
            proxy(&nginx, right),
            ErrorKind::Unavailable,
            "does not connect to `0.0.0.0`",
        ),
        (
            &api,
            absent,
            ErrorKind::Unavailable,
            "cannot be connected to",
        ),
    ] {
        for by in By::ALL {
            let mark = mark();
            let environment = proxied(&nginx, url, proxy.clone());
            let (status, body) = visit(&nginx, environment, by, &format!("/?{mark}"));
            let error = body.unwrap_err();
            assert_eq!((status, error.kind()), (None, kind), "{error}");
            let told = error.to_string();
            let address = proxy.url().port().unwrap().to_string();
            assert!(told.contains(text) && told.contains(&address), "{told}");
            assert!(!told.contains("s3cr3t"), "{told}");
            assert!(block_on(nginx.arrived(&mark)).is_empty());
        }
    }
}

#[test]
fn websockets_go_through_the_proxy_too() {
    let nginx = Nginx::here();
    block_on(async {
        let proxy = proxy(&nginx, nginx.text("proxy_password"));
        let environment = proxied(&nginx, &nginx.url("api"), proxy);
        let (session, _) = nginx
            .session(environment, &[Token::Expired, Token::Valid])
            .await;
        let mut socket = Client::new(&session)
            .websocket("/feed")
            .connect()
            .await
            .unwrap();
        socket.send(Message::text("hello")).await.unwrap();
        assert_eq!(
            socket.receive().await.unwrap(),
            Some(Message::text("hello"))
        );
        socket.close().await.unwrap();
    });
}
