//! What the log says, and what it keeps to itself.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{COOKIE, HeaderValue};
use session_mock::{Client, ClientAuthMethod, Kind, MockClock, Outage, Provider};

use tokio::time::timeout;

use crate::wire::{
    PATIENCE, Wire, api_status, ask, basic, get, get_with_token, post, token, token_request,
    wait_for,
};

#[test]
fn a_token_request_is_told_in_full() {
    let provider = Provider::start().unwrap();
    token(&provider);
    ask(&provider, token_request(&provider, "&scope=read"));
    let log = provider.log();
    let entry = &log[1];
    assert_eq!(
        (entry.kind(), entry.method().as_str(), entry.path()),
        (Kind::Token, "POST", "/token")
    );
    assert_eq!(entry.client_id(), Some("session-mock"));
    assert_eq!(
        entry.auth_method(),
        Some(ClientAuthMethod::ClientSecretBasic)
    );
    assert_eq!(
        (entry.grant(), entry.scope()),
        (Some("client_credentials"), Some("read"))
    );
    assert_eq!(
        (entry.status(), entry.token()),
        (Some(StatusCode::OK), Some(2))
    );
    assert_eq!(
        (entry.query(), entry.body()),
        (None, &b"grant_type=client_credentials&scope=read"[..])
    );
    let sent = basic(provider.client_id(), provider.client_secret());
    let sent = sent.trim_end().strip_prefix("authorization: ").unwrap();
    assert_eq!(entry.header("Authorization").unwrap(), sent);
    assert!(entry.header("x-absent").is_none());
}

#[test]
fn claims_are_told_even_when_refused() {
    let provider = Provider::start().unwrap();
    let form = "grant_type=password&client_id=stranger&client_secret=guess";
    ask(&provider, post("/token", "", form));
    let entry = &provider.log()[0];
    assert_eq!(
        (entry.client_id(), entry.grant()),
        (Some("stranger"), Some("password"))
    );
    assert_eq!(
        entry.auth_method(),
        Some(ClientAuthMethod::ClientSecretPost)
    );
    assert_eq!(
        (entry.status(), entry.token()),
        (Some(StatusCode::UNAUTHORIZED), None)
    );
}

#[test]
fn an_api_call_tells_whose_token_and_which() {
    let provider = Provider::start().unwrap();
    token(&provider);
    let second = token(&provider);
    provider.refuse();
    ask(&provider, get_with_token("/api/orders?q=1", &second));
    ask(&provider, get_with_token("/api/orders", "stranger"));
    let log = provider.log();
    let (known, unknown) = (&log[2], &log[3]);
    assert_eq!(
        (known.kind(), known.path(), known.query()),
        (Kind::Api, "/api/orders", Some("q=1"))
    );
    assert_eq!(
        (known.client_id(), known.token()),
        (Some("session-mock"), Some(2))
    );
    assert_eq!((unknown.client_id(), unknown.token()), (None, None));
    assert!(
        [known, unknown]
            .iter()
            .all(|entry| entry.status() == Some(StatusCode::UNAUTHORIZED))
    );
    assert_eq!(
        (
            provider.count(Kind::Token),
            provider.count(Kind::Api),
            provider.count(Kind::Revoke)
        ),
        (2, 2, 0)
    );
}

#[test]
fn time_is_the_providers() {
    let provider = Provider::start().unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    token(&provider);
    provider.advance(day);
    token(&provider);
    let log = provider.log();
    assert!(log[0].at() < day && log[1].at() >= day);
}

#[test]
fn time_is_that_of_another_clock_if_one_is_given() {
    let clock = MockClock::new();
    clock.advance(Duration::from_secs(1000));
    let builder = Provider::builder().clock(clock.clone());
    let provider = builder.lifetime(Duration::from_secs(1)).start().unwrap();
    let token = token(&provider);
    clock.advance(Duration::from_millis(999));
    assert_eq!(api_status(&provider, &token), 200);
    clock.advance(Duration::from_millis(1));
    assert_eq!(api_status(&provider, &token), 401);
    provider.advance(Duration::from_secs(5));
    assert_eq!(api_status(&provider, &token), 401);
    let log = provider.log();
    let times: Vec<_> = log.iter().map(|entry| entry.at().as_millis()).collect();
    assert_eq!(times, [0, 999, 1000, 6000]);
}

#[test]
fn what_is_worked_on_at_once_is_counted() {
    let provider = Provider::start().unwrap();
    for _ in 0..3 {
        token(&provider);
    }
    assert_eq!(provider.most_at_once(Kind::Token), 1);
    let hold = provider.hold_tokens();
    let mut wires = [(); 3].map(|()| Wire::to(&provider));
    for wire in &mut wires {
        wire.send(token_request(&provider, ""));
    }
    wait_for(&provider, |_| provider.count(Kind::Token) == 6);
    assert_eq!(provider.most_at_once(Kind::Token), 3);
    hold.release();
    for wire in &mut wires {
        assert_eq!(wire.answer().unwrap().status, 200);
    }
    token(&provider);
    assert_eq!(provider.most_at_once(Kind::Token), 3);
    assert_eq!(provider.most_at_once(Kind::Api), 0);
}

#[test]
fn one_that_hangs_or_is_cut_off_is_not_worked_on() {
    for outage in [Outage::hang(), Outage::reset(), Outage::answer_lost()] {
        let provider = Provider::start().unwrap();
        provider.fail_next(Kind::Token, 1, outage);
        let mut wire = Wire::to(&provider);
        wire.send(token_request(&provider, ""));
        // The provider's one thread does not look at another request before it is through with this.
        wait_for(&provider, |log| !log.is_empty());
        token(&provider);
        assert_eq!(provider.most_at_once(Kind::Token), 1);
    }
}

#[test]
fn nothing_shows_a_secret_in_debug() {
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let request = format!(
        "POST /api/orders?a=querysecret HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {token}\r\n\
         cookie: sid=cookiesecret\r\nx-csrf: csrfsecret\r\ncontent-length: 10\r\n\r\nbodysecret"
    );
    assert_eq!(ask(&provider, request).status, 200);
    let client = Client::new("id", "clientsecret");
    let outage = Outage::json(StatusCode::OK, "answersecret")
        .header(COOKIE, HeaderValue::from_static("outagesecret"));
    provider.fail(Kind::Api, outage.clone());
    let builder = Provider::builder().client(client.clone());
    let shown = format!(
        "{provider:?} {:?} {client:?} {outage:?} {builder:?} {:?}",
        provider.log(),
        provider.hold_tokens(),
    );
    let basic = STANDARD.encode(format!("session-mock:{}", provider.client_secret()));
    for secret in [provider.client_secret(), &*token, &*basic] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for planted in [
        "query", "cookie", "csrf", "body", "client", "answer", "outage",
    ] {
        assert!(!shown.contains(&format!("{planted}secret")), "{shown}");
    }
    for told in [
        "Provider {",
        "Entry {",
        "Client {",
        "Outage",
        "ProviderBuilder",
        "Hold",
        "/api/orders",
        "x-csrf",
    ] {
        assert!(shown.contains(told), "{shown}");
    }
}

#[test]
fn waiting_sees_what_comes_while_it_waits() {
    let provider = Provider::start().unwrap();
    let hold = provider.hold_tokens();
    std::thread::scope(|scope| {
        scope.spawn(|| token(&provider));
        // The predicate may use the provider itself.
        wait_for(&provider, |_| provider.count(Kind::Token) == 1);
        assert_eq!(provider.log()[0].status(), None);
        scope.spawn(|| hold.release());
        wait_for(&provider, |log| log[0].status() == Some(StatusCode::OK));
    });
    assert_eq!(provider.issued().len(), 1);
}

#[test]
fn waiting_in_vain_ends() {
    let provider = Provider::start().unwrap();
    assert!(!provider.blocking_wait_for(Duration::from_millis(1), |log| !log.is_empty()));
}

#[test]
fn waiting_is_a_future_too() {
    let provider = Provider::start().unwrap();
    let hold = provider.hold_tokens();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| token(&provider));
        let received = provider.wait_for(|_| provider.count(Kind::Token) == 1);
        runtime.block_on(async { timeout(PATIENCE, received).await.unwrap() });
        assert_eq!(provider.log()[0].status(), None);
        scope.spawn(|| hold.release());
        let answered = provider.wait_for(|log| log[0].status() == Some(StatusCode::OK));
        runtime.block_on(async { timeout(PATIENCE, answered).await.unwrap() });
        assert_eq!(provider.issued().len(), 1);
    });
    assert_eq!(provider.issued().len(), 1);
}

#[test]
fn what_was_answered_is_in_the_log() {
    let provider = Provider::start().unwrap();
    let mut wire = Wire::to(&provider);
    for n in 1..=50 {
        wire.ask(get("/api/orders", ""));
        let log = provider.log();
        assert_eq!(
            (log.len(), log[n - 1].status()),
            (n, Some(StatusCode::UNAUTHORIZED))
        );
    }
}
