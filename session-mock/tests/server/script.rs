//! Tokens that lie about themselves, and answers that are late.

use std::time::Duration;

use http::StatusCode;
use session_mock::{Kind, Outage, Provider};

use crate::wire::{Wire, api_status, ask, get, get_with_token, token, token_request, wait_for};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn the_lifetime_is_what_the_answer_says() {
    let provider = Provider::builder().lifetime(2 * DAY).start().unwrap();
    assert_eq!(
        ask(&provider, token_request(&provider, "")).json()["expires_in"],
        172_800
    );
    let long = token(&provider);
    provider.set_lifetime(DAY);
    let answer = ask(&provider, token_request(&provider, ""));
    assert_eq!(answer.json()["expires_in"], 86_400);
    provider.advance(DAY);
    assert_eq!(api_status(&provider, &answer.access_token()), 401);
    assert_eq!(
        api_status(&provider, &long),
        200,
        "earlier tokens keep their lifetime"
    );
    provider.set_lifetime(Duration::MAX);
    let eternal = token(&provider);
    provider.advance(Duration::MAX);
    assert_eq!(api_status(&provider, &eternal), 200);
}

#[test]
fn expires_in_may_lie() {
    let provider = Provider::builder().lifetime(2 * DAY).start().unwrap();
    let mut liars = Vec::new();
    for lie in ["1", r#""3600""#, "-1", "1e400", "null"] {
        provider.set_expires_in(Some(lie));
        let answer = ask(&provider, token_request(&provider, ""));
        assert!(
            answer.text().contains(&format!(r#","expires_in":{lie},"#)),
            "{}",
            answer.text()
        );
        liars.push(provider.issued().pop().unwrap());
    }
    provider.set_expires_in(None);
    let answer = ask(&provider, token_request(&provider, ""));
    assert!(!answer.text().contains("expires_in"));
    liars.push(answer.access_token());

    provider.advance(DAY);
    assert!(
        liars
            .iter()
            .all(|token| api_status(&provider, token) == 200)
    );
    provider.advance(DAY);
    assert!(
        liars
            .iter()
            .all(|token| api_status(&provider, token) == 401)
    );

    provider.set_lifetime(DAY);
    assert_eq!(
        ask(&provider, token_request(&provider, "")).json()["expires_in"],
        86_400
    );
}

#[test]
fn the_answer_may_be_anything() {
    let provider = Provider::start().unwrap();
    provider.override_token_answer(|token| {
        format!(r#"{{"access_token":"{token}","token_type":"BEARER"}}"#)
    });
    let answer = ask(&provider, token_request(&provider, ""));
    assert!(answer.text().ends_with(r#""token_type":"BEARER"}"#));
    assert_eq!(api_status(&provider, &answer.access_token()), 200);
    provider.override_token_answer(|_| "{".to_owned());
    assert_eq!(ask(&provider, token_request(&provider, "")).text(), "{");
    provider.restore_token_answer();
    assert_eq!(
        ask(&provider, token_request(&provider, "")).json()["token_type"],
        "Bearer"
    );
}

#[test]
fn a_panic_in_an_override_ends_its_connection_alone() {
    let provider = Provider::start().unwrap();
    provider.override_token_answer(|_| panic!("as scripted"));
    let mut wire = Wire::to(&provider);
    wire.send(token_request(&provider, ""));
    assert!(wire.answer().is_err());
    provider.restore_token_answer();
    token(&provider);
}

#[test]
fn held_requests_are_received_but_not_answered() {
    let provider = Provider::start().unwrap();
    let hold = provider.hold_tokens();
    let mut wires: Vec<_> = (0..3).map(|_| Wire::to(&provider)).collect();
    for wire in &mut wires {
        wire.send(token_request(&provider, ""));
    }
    wait_for(&provider, |log| log.len() == 3);
    // Whatever could be answered by now is answered before this, which comes later, on the provider's one thread.
    assert_eq!(ask(&provider, get("/elsewhere", "")).status, 404);
    assert!(
        provider.log()[..3]
            .iter()
            .all(|entry| entry.status().is_none())
    );
    assert!(provider.issued().is_empty());

    hold.release();
    for wire in &mut wires {
        assert_eq!(wire.answer().unwrap().status, 200);
    }
    assert_eq!(
        (provider.count(Kind::Token), provider.issued().len()),
        (3, 3)
    );
}

#[test]
fn the_last_hold_counts() {
    let provider = Provider::start().unwrap();
    let (first, second) = (provider.hold_tokens(), provider.hold(Kind::Token));
    let mut wire = Wire::to(&provider);
    wire.send(token_request(&provider, ""));
    wait_for(&provider, |log| log.len() == 1);
    drop(first);
    assert_eq!(ask(&provider, get("/elsewhere", "")).status, 404);
    assert!(provider.issued().is_empty());
    drop(second);
    assert_eq!(wire.answer().unwrap().status, 200);
}

#[test]
fn what_becomes_of_a_held_request_is_decided_on_release() {
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let hold = provider.hold(Kind::Api);
    let mut wire = Wire::to(&provider);
    wire.send(get_with_token("/api/orders", &token));
    wait_for(&provider, |log| {
        log.iter().any(|entry| entry.kind() == Kind::Api)
    });
    provider.refuse();
    hold.release();
    assert_eq!(wire.answer().unwrap().status, 401);
}

#[test]
fn which_outage_a_held_request_meets_is_decided_on_arrival() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Token, Outage::status(StatusCode::BAD_GATEWAY));
    let hold = provider.hold_tokens();
    let mut unlucky = Wire::to(&provider);
    unlucky.send(token_request(&provider, ""));
    wait_for(&provider, |log| log.len() == 1);
    provider.recover(Kind::Token);
    let mut lucky = Wire::to(&provider);
    lucky.send(token_request(&provider, ""));
    wait_for(&provider, |log| log.len() == 2);
    provider.fail(Kind::Token, Outage::status(StatusCode::BAD_GATEWAY));
    hold.release();
    assert_eq!(unlucky.answer().unwrap().status, 502);
    assert_eq!(lucky.answer().unwrap().status, 200);
}

#[test]
fn answers_may_be_slow() {
    let provider = Provider::start().unwrap();
    let delay = Duration::from_millis(30);
    provider.set_delay(Kind::Token, delay);
    let mut wire = Wire::to(&provider);
    wire.ask(token_request(&provider, ""));
    wire.ask(token_request(&provider, ""));
    let log = provider.log();
    assert!(
        log[1].at() >= log[0].at() + delay,
        "the second came after the first was answered"
    );

    provider.set_delay(Kind::Token, DAY);
    provider.set_delay(Kind::Token, Duration::ZERO);
    wire.ask(token_request(&provider, ""));
}
