//! A cookie of single sign-on by a Kerberos ticket of a real realm. The page that sets it is a stand-in: the real one is not public.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "tests fail by panicking, and use a part of what they share"
)]

mod support;
#[path = "support/ticket.rs"]
mod ticket;

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderValue, StatusCode, header::SET_COOKIE};
use session_core::ErrorKind;
use session_marquee::Client;
use session_mock::{Kind, Provider, Reply};
use support::{header, requests};
use ticket::by_ticket;

/// A page that sets these cookies, another `GSSSO` each time.
fn setting(cookies: &'static [&'static str]) -> Provider {
    let logins = AtomicUsize::new(0);
    ticket::page(move || {
        let number = logins.fetch_add(1, Ordering::Relaxed) + 1;
        let reply = Reply::json(StatusCode::OK, "{}");
        let [cookie] = cookies else {
            return reply;
        };
        let cookie = HeaderValue::from_str(&cookie.replace('#', &number.to_string())).unwrap();
        reply.header(SET_COOKIE, cookie)
    })
}

#[tokio::test]
async fn a_ticket_gets_the_cookie_and_goes_nowhere_else() {
    let marquee = session_mock::Marquee::new();
    for number in 1..=2 {
        marquee.accept_gssso(format!("sso-{number}"), None);
    }
    let provider = Provider::builder().site(marquee.clone()).start().unwrap();
    let page = setting(&["GSSSO=sso-#; Path=/; Secure; HttpOnly"]);
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
    let page = setting(&[]);
    let session = by_ticket(&provider, &page).open().unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("`GSSSO`"), "{error}");
    assert!(provider.log().is_empty());
}
