//! What comes of a request, whatever client makes it: one table, in `docs/requests.md` too.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod scheme;
mod server;
mod table;

use std::{io::Cursor, sync::atomic::Ordering, time::Duration};

use http::Method;
use session_core::{ErrorKind, SessionHandle};
use session_http::{Client, blocking, reqwest};
use session_mock::MockClock;

use server::Scripted;
use table::{Body, CASES, Case, Outcome};

/// Who makes the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Client,
    BlockingClient,
    WebSocket,
}

/// What came of a case, and what it took.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    outcome: Outcome,
    requests: usize,
    credentials: usize,
}

#[test]
fn by_the_async_client() {
    all(By::Client);
}

#[test]
fn by_the_blocking_client() {
    all(By::BlockingClient);
}

#[test]
fn by_a_websocket() {
    all(By::WebSocket);
}

fn all(by: By) {
    let wrong: Vec<_> = CASES
        .iter()
        .filter(|case| by != By::WebSocket || case.is_for_websockets())
        .filter_map(|case| {
            let (outcome, requests) = case.outcome_by(by == By::WebSocket);
            let expected = Seen {
                outcome,
                requests,
                credentials: case.credentials,
            };
            let seen = play(case, by);
            (seen != expected).then(|| format!("{}: {seen:?}, not {expected:?}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{by:?}:\n{}", wrong.join("\n"));
}

fn play(case: &Case, by: By) -> Seen {
    let clock = MockClock::new();
    let elsewhere = Scripted::start(vec![server::Answer::Success("")], || {});
    let time = clock.clone();
    let server = Scripted::start(case.script(&elsewhere.url), move || {
        time.advance(Duration::from_secs(2 * 3600));
    });
    let (session, made) = scheme::open(case.scheme, &server.url, &clock);
    let sent = match by {
        By::Client => runtime().block_on(send(&session, case)),
        By::BlockingClient => send_blocking(&session, case),
        By::WebSocket => runtime().block_on(connect(&session)),
    };
    let astray = elsewhere.received();
    assert!(
        astray
            .iter()
            .all(|head| server::header(head, "authorization").is_none()),
        "{}: a credential went elsewhere",
        case.name
    );
    Seen {
        outcome: sent.map_or_else(|error| Outcome::Error(error.kind()), |()| Outcome::Success),
        requests: server.received().len() + astray.len(),
        credentials: made.load(Ordering::SeqCst),
    }
}

async fn send(session: &SessionHandle, case: &Case) -> session_core::Result<()> {
    let request = Client::new(session).request(method(case), "/");
    let request = match case.body {
        Body::None => request,
        Body::Bytes => request.body("body"),
        Body::Stream => request.streamed_body(reqwest::Body::wrap(
            http_body_util::StreamBody::new(futures_util::stream::iter([Ok::<_, std::io::Error>(
                hyper::body::Frame::data(bytes::Bytes::from_static(b"body")),
            )])),
        )),
    };
    request.send().await?.error_for_status()?.bytes().await?;
    Ok(())
}

fn send_blocking(session: &SessionHandle, case: &Case) -> session_core::Result<()> {
    let request = blocking::Client::new(session).request(method(case), "/");
    let request = match case.body {
        Body::None => request,
        Body::Bytes => request.body("body"),
        Body::Stream => request.reader(Cursor::new("body")),
    };
    request.send()?.error_for_status()?.bytes()?;
    Ok(())
}

async fn connect(session: &SessionHandle) -> session_core::Result<()> {
    let connecting = Client::new(session).websocket("/").connect();
    connecting.await.map(drop)
}

fn method(case: &Case) -> Method {
    case.method.parse().unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn the_table_is_the_one_in_the_documents() {
    let document = include_str!("../../../docs/requests.md");
    for row in table::rows() {
        assert!(
            document.contains(&row),
            "docs/requests.md lacks this row:\n{row}"
        );
    }
    let known = document
        .lines()
        .filter(|line| line.starts_with("| **"))
        .count();
    assert_eq!(known, CASES.len(), "rows that are no case");
}

#[test]
fn outcomes_have_names() {
    assert_eq!(Outcome::Error(ErrorKind::Denied).to_string(), "`Denied`");
}
