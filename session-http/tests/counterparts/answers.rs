//! Every answer that nginx gives, by HTTP/2, HTTP/1.1 and without TLS, to both clients.

use std::time::Duration;

use session_core::{Challenge, Error, ErrorKind};

use crate::{
    nginx::{Arrival, Nginx, Token, mark},
    support::block_on,
    visit::By,
};
use Token::{Expired, Narrow, Unknown, Valid};

/// What comes of a request.
struct Case {
    path: &'static str,
    /// What the backend has, one after the other.
    tokens: &'static [Token],
    /// The statuses in nginx's log.
    arrived: &'static [u64],
    /// What the last answer's status is, where it gets here.
    status: Option<u16>,
    fails: Option<(ErrorKind, &'static str)>,
}

const fn good(path: &'static str, tokens: &'static [Token], arrived: &'static [u64]) -> Case {
    Case {
        path,
        tokens,
        arrived,
        status: Some(200),
        fails: None,
    }
}

const fn answered(
    path: &'static str,
    tokens: &'static [Token],
    arrived: &'static [u64],
    status: u16,
    kind: ErrorKind,
    text: &'static str,
) -> Case {
    Case {
        path,
        tokens,
        arrived,
        status: Some(status),
        fails: Some((kind, text)),
    }
}

const fn unanswered(path: &'static str, arrived: &'static [u64], text: &'static str) -> Case {
    Case {
        path,
        tokens: &[Valid],
        arrived,
        status: None,
        fails: Some((ErrorKind::Unavailable, text)),
    }
}

const CASES: &[Case] = &[
    good("/orders", &[Valid], &[200]),
    good("/orders", &[Expired, Valid], &[401, 200]),
    good("/orders", &[Unknown, Valid], &[401, 200]),
    answered(
        "/orders",
        &[Expired, Expired, Valid],
        &[401, 401],
        401,
        ErrorKind::Denied,
        "even a fresh one",
    ),
    answered(
        "/orders",
        &[Narrow],
        &[403],
        403,
        ErrorKind::Denied,
        "more scope",
    ),
    answered(
        "/orders",
        &[Expired, Narrow],
        &[401, 403],
        403,
        ErrorKind::Denied,
        "more scope",
    ),
    answered(
        "/challenge/scope",
        &[Valid],
        &[403],
        403,
        ErrorKind::Denied,
        "more scope",
    ),
    answered(
        "/challenge/always",
        &[Valid],
        &[401, 401],
        401,
        ErrorKind::Denied,
        "even a fresh one",
    ),
    answered(
        "/challenge/none",
        &[Valid],
        &[401, 401],
        401,
        ErrorKind::Denied,
        "even a fresh one",
    ),
    answered(
        "/challenge/unknown",
        &[Valid],
        &[401, 401],
        401,
        ErrorKind::Denied,
        "even a fresh one",
    ),
    answered(
        "/challenge/malformed",
        &[Valid],
        &[401, 401],
        401,
        ErrorKind::Denied,
        "even a fresh one",
    ),
    answered(
        "/challenge/several",
        &[Valid],
        &[401, 401],
        401,
        ErrorKind::Denied,
        "even a fresh one",
    ),
    answered(
        "/challenge/step-up",
        &[Valid],
        &[401, 401],
        401,
        ErrorKind::Interaction,
        "log in anew",
    ),
    answered(
        "/nowhere",
        &[Valid],
        &[404],
        404,
        ErrorKind::Protocol,
        "404 Not Found",
    ),
    answered(
        "/gateway/dead",
        &[Valid],
        &[502],
        502,
        ErrorKind::Unavailable,
        "502 Bad Gateway: try again later",
    ),
    answered(
        "/gateway/slow",
        &[Valid],
        &[504],
        504,
        ErrorKind::Unavailable,
        "504 Gateway Timeout",
    ),
    answered(
        "/gateway/busy",
        &[Valid],
        &[503],
        503,
        ErrorKind::Unavailable,
        "503 Service Unavailable",
    ),
    answered(
        "/gateway/truncated",
        &[Valid],
        &[200],
        200,
        ErrorKind::Unavailable,
        "talking to `localhost` failed",
    ),
    answered(
        "/gateway/broken",
        &[Valid],
        &[200],
        200,
        ErrorKind::Unavailable,
        "talking to `localhost` failed",
    ),
    // Sent once more, for a GET does no harm; and then no more.
    unanswered(
        "/gateway/drop",
        &[444, 444],
        "talking to `localhost` failed",
    ),
    unanswered(
        "/gateway/reset",
        &[444, 444],
        "talking to `localhost` failed",
    ),
];

#[test]
fn what_the_sender_sees_of_each_and_what_arrives() {
    let nginx = Nginx::here();
    for server in ["api", "api_http1", "api_plain"] {
        for case in CASES {
            for by in By::ALL {
                let mark = mark();
                let target = format!("{}?{mark}", case.path);
                let open = nginx.session(nginx.environment(server), case.tokens);
                let (session, calls) = block_on(open);
                let (status, body) = by.get(&session, &target);
                let told = format!("{server}{}, {by:?}: {status:?} {body:?}", case.path);
                assert_eq!(status, case.status, "{told}");
                match (case.fails, body) {
                    (None, Ok(_)) => {}
                    (Some((kind, text)), Err(error)) => {
                        assert_eq!(error.kind(), kind, "{told}");
                        assert!(error.to_string().contains(text), "{told}");
                    }
                    _ => panic!("{told}"),
                }
                let arrived = block_on(nginx.arrived(&mark));
                let statuses: Vec<_> = arrived.iter().map(Arrival::status).collect();
                assert_eq!(statuses, case.arrived, "{told}");
                let renewals = case.arrived.iter().filter(|status| **status == 401);
                assert_eq!(calls.made().len(), 1 + renewals.count().min(1), "{told}");
                let all = arrived.iter().all(|it| it.brought().2 == [true; 3]);
                assert!(all, "{told}: {arrived:?}");
            }
        }
    }
}

/// The error that an answer makes.
fn refusal(path: &str) -> Error {
    let nginx = Nginx::here();
    let (session, _) = block_on(nginx.session(nginx.environment("api"), &[Valid]));
    let (_, body) = By::Async.get(&session, path);
    body.unwrap_err()
}

#[test]
fn what_a_server_wants_is_in_the_error() {
    assert_eq!(
        refusal("/gateway/busy").retry_after(),
        Some(Duration::from_secs(7))
    );
    let several = refusal("/challenge/several");
    let schemes: Vec<_> = several.challenges().iter().map(Challenge::scheme).collect();
    assert_eq!(schemes, ["Negotiate", "Basic", "Bearer"]);
    assert_eq!(several.challenges()[1].parameter("realm"), Some("a, \"b\""));
    assert_eq!(
        several.challenges()[2].parameter("error"),
        Some("invalid_token")
    );
    let unknown = refusal("/challenge/unknown");
    assert_eq!(unknown.challenges()[0].scheme(), "Marmot");
    let scope = refusal("/challenge/scope");
    assert_eq!(
        scope.challenges()[0].parameter("scope"),
        Some("orders:write")
    );
}

#[test]
fn what_is_reset_once_is_sent_once_more() {
    let nginx = Nginx::here();
    for server in ["api", "api_http1", "api_plain"] {
        for by in By::ALL {
            let (session, calls) = block_on(nginx.session(nginx.environment(server), &[Valid]));
            let target = format!("/gateway/once-reset?{}", mark());
            let (status, _) = by.get(&session, &target);
            assert_eq!(status, Some(200), "{server} {by:?}");
            assert_eq!(calls.made(), ["init"]);
        }
    }
}
