//! Its thread, its connections and its limits.

use std::sync::Arc;

use session_mock::{Kind, Provider};

use crate::wire::{Wire, ask, get, get_with_token, post, token, token_request, wait_for};

#[test]
fn dropping_it_ends_every_connection() {
    let provider = Provider::start().unwrap();
    let hold = provider.hold_tokens();
    let mut waiting = Wire::to(&provider);
    waiting.send(token_request(&provider, ""));
    let mut idle = Wire::to(&provider);
    assert_eq!(idle.ask(get("/", "")).status, 404);
    let mut halfway = Wire::to(&provider);
    halfway.send("GET /api/");
    wait_for(&provider, |log| log.len() == 2);
    drop(provider);
    for wire in [&mut waiting, &mut idle] {
        assert_eq!(wire.rest().unwrap(), b"");
    }
    // Reset or closed, according to whether the provider had read the half request.
    assert!(halfway.answer().is_err());
    hold.release();
}

#[test]
fn dropping_it_leaves_nothing_behind() {
    let provider = Provider::start().unwrap();
    let held_by_script = Arc::new(());
    let captured = held_by_script.clone();
    provider.override_token_answer(move |_| format!("{captured:?}"));
    let hold = provider.hold_tokens();
    Wire::to(&provider).send(token_request(&provider, ""));
    wait_for(&provider, |log| log.len() == 1);
    drop(provider);
    assert_eq!(Arc::strong_count(&held_by_script), 1);
    hold.release();
}

#[test]
fn it_starts_and_stops_within_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let provider = Provider::start().unwrap();
        assert_eq!(token(&provider).len(), 43);
    });
}

#[test]
fn it_is_shared_between_threads_and_carried_into_tasks() {
    fn shared<T: Send + Sync>(_: &T) {}
    fn spawned<T: Send>(_: T) {}
    let provider = Provider::start().unwrap();
    shared(&provider);
    spawned(provider.hold_tokens());
    spawned(provider.wait_for(|_| true));
}

#[test]
fn many_connections_are_served_at_once() {
    const MANY: usize = 300;
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let mut wires: Vec<_> = (0..MANY).map(|_| Wire::to(&provider)).collect();
    for round in 1..=3 {
        let hold = provider.hold(Kind::Api);
        for wire in &mut wires {
            wire.send(get_with_token("/api/orders", &token));
        }
        wait_for(&provider, |_| provider.count(Kind::Api) == round * MANY);
        hold.release();
        for wire in &mut wires {
            assert_eq!(wire.answer().unwrap().status, 200);
        }
    }
    assert_eq!(provider.count(Kind::Token), 1);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let mut wire = Wire::to(&provider);
    let all: String = (200..300)
        .map(|n| get_with_token(&format!("/api/status/{n}"), &token))
        .collect();
    wire.send(all);
    for n in 200..300 {
        assert_eq!(wire.answer().unwrap().status, n);
    }
}

#[test]
fn a_large_body_is_refused_and_the_connection_goes_on() {
    let provider = Provider::start().unwrap();
    let auth = format!("authorization: Bearer {}\r\n", token(&provider));
    let mut wire = Wire::to(&provider);
    let largest = "x".repeat(1024 * 1024);
    let answer = wire.ask(post("/api/orders", &auth, &largest));
    assert_eq!(answer.json()["body"], *largest);
    assert_eq!(
        wire.ask(post("/api/orders", &auth, &format!("{largest}x")))
            .status,
        413
    );
    assert_eq!(
        wire.ask(post("/token", "", &largest.repeat(10))).status,
        413
    );
    assert_eq!(wire.ask(get("/api/orders", &auth)).status, 200);
    let kept: Vec<_> = provider
        .log()
        .iter()
        .map(|entry| entry.body().len())
        .collect();
    assert_eq!(kept[1..], [1024 * 1024, 0, 0, 0]);
}

#[test]
fn garbage_is_survived() {
    let provider = Provider::start().unwrap();
    for garbage in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n".as_slice(),
        b"GET\r\n\r\n",
        b"POST /token HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /token HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let mut wire = Wire::to(&provider);
        wire.send(garbage);
        // Refused, or hung up on; but not left waiting.
        if let Ok(answer) = wire.answer() {
            assert_eq!(answer.status, 400);
        }
    }
    let mut wire = Wire::to(&provider);
    wire.send(get(
        "/",
        &format!("x-large: {}\r\n", "x".repeat(200 * 1024)),
    ));
    // What the provider leaves unread may reset the connection before its answer is seen.
    assert_eq!(wire.answer().map_or(431, |answer| answer.status), 431);
    assert_eq!(provider.log().len(), 0);

    let bytes: Vec<_> = (0..=255_u8)
        .map(|byte| format!("%{byte:02x}=%{byte:02X}"))
        .collect();
    assert_eq!(
        ask(&provider, post("/token", "", &bytes.join("&"))).status,
        400
    );
    let token = token(&provider);
    assert_eq!(
        ask(&provider, get_with_token("/api/%00%ff//..?%zz", &token)).status,
        200
    );
}
