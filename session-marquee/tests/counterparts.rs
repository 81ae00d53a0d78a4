//! A cookie of single sign-on by a Kerberos ticket of a real realm. The page that sets it is a stand-in: the real one is not public.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use http::{
    HeaderValue, StatusCode,
    header::{SET_COOKIE, WWW_AUTHENTICATE},
};
use serde_json::Value;
use session_core::{ErrorKind, SecretSource};
use session_kerberos::{Kerberos, KerberosBuilder, Mutual};
use session_marquee::{Client, Marquee, MarqueeBuilder};
use session_mock::{Kind, Provider, Reply, Request};
use support::{environment, header, requests};

/// Alice, with the password that the realm tells.
fn alice() -> KerberosBuilder {
    let path = std::env::var("SESSION_TEST_KERBEROS");
    let path = path.expect("SESSION_TEST_KERBEROS is set by `cargo xtask test`");
    let realm: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let password = realm["passwords"]["alice"].as_str().unwrap();
    // The page checks no ticket, and so cannot prove who it is.
    Kerberos::password("alice", SecretSource::literal(password)).mutual(Mutual::Off)
}

/// A page that takes whatever looks like a ticket (RFC 4559), and sets these cookies, another `GSSSO` each time.
fn page(cookies: &'static [&'static str]) -> Provider {
    let logins = AtomicUsize::new(0);
    let site = move |request: &Request<'_>| {
        let ticket = request.header("authorization");
        let ticket = ticket.and_then(|value| value.to_str().ok());
        if !ticket.is_some_and(|ticket| ticket.starts_with("Negotiate YII")) {
            let challenge = HeaderValue::from_static("Negotiate");
            return Reply::status(StatusCode::UNAUTHORIZED).header(WWW_AUTHENTICATE, challenge);
        }
        let number = logins.fetch_add(1, Ordering::Relaxed) + 1;
        let reply = Reply::json(StatusCode::OK, "{}");
        let [cookie] = cookies else {
            return reply;
        };
        let cookie = HeaderValue::from_str(&cookie.replace('#', &number.to_string())).unwrap();
        reply.header(SET_COOKIE, cookie)
    };
    Provider::builder().site(site).start().unwrap()
}

fn by_ticket(marquee: &Provider, page: &Provider) -> MarqueeBuilder {
    let login = page.api().as_str().replace("127.0.0.1", "localhost");
    Marquee::kerberos(environment(marquee), login, alice())
}

#[tokio::test]
async fn a_ticket_gets_the_cookie_and_goes_nowhere_else() {
    let marquee = session_mock::Marquee::new();
    for number in 1..=2 {
        marquee.accept_gssso(format!("sso-{number}"), None);
    }
    let provider = Provider::builder().site(marquee.clone()).start().unwrap();
    let page = page(&["GSSSO=sso-#; Path=/; Secure; HttpOnly"]);
    let session = by_ticket(&provider, &page).open().unwrap();
    session.init().await.unwrap();
    let client = Client::new(&session);
    client.user().await.unwrap();
    let request = support::last(&provider);
    assert_eq!(header(&request, "cookie"), Some("GSSSO=sso-1"));
    assert_eq!(header(&request, "authorization"), None);

    // One that is refused is replaced by another log-in, once.
    marquee.accept_nothing();
    marquee.accept_gssso("sso-2", None);
    client.user().await.unwrap();
    assert_eq!(
        header(&support::last(&provider), "cookie"),
        Some("GSSSO=sso-2")
    );
    let with_tickets = requests(&page, Kind::Api);
    let with_tickets = with_tickets
        .iter()
        .filter(|it| it.status() == Some(StatusCode::OK));
    assert_eq!(with_tickets.count(), 2);
}

#[tokio::test]
async fn a_page_that_sets_no_cookie_is_an_error_that_says_so() {
    let provider = support::provider();
    let page = page(&[]);
    let session = by_ticket(&provider, &page).open().unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("`GSSSO`"), "{error}");
    assert!(provider.log().is_empty());
}
