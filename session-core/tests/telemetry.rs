//! What a session tells of itself: spans, events, and its log.

#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "engine/support.rs"]
#[allow(dead_code, reason = "this program uses a part of it")]
mod support;

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, BoxFuture, Cause, Credential, Environment, Error, ErrorKind, Identity,
    MemoryStore, Result, Session, SessionHandle,
};
use session_mock::{Gate, MockClock, MockExecutor, MockSession, Step};
use support::{API, authorize};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

/// A backend that logs.
#[derive(Debug)]
struct Talkative(BasicEnvironment);

#[async_trait]
impl Session for Talkative {
    fn scheme(&self) -> &'static str {
        "talkative"
    }
    fn environment(&self) -> &dyn Environment {
        &self.0
    }
    async fn init(&self) -> Result<Credential> {
        tracing::info!("asking");
        Ok(Credential::bearer("t"))
    }
    async fn renew(&self, _: &Credential, _: Cause<'_>) -> Result<Credential> {
        Err(Error::new(ErrorKind::Unavailable, "the server sleeps"))
    }
    fn follow_up(&self, _: &Credential) -> Option<BoxFuture<Result<()>>> {
        Some(Box::pin(async {
            tracing::info!("telling");
            Err(Error::new(ErrorKind::Denied, "nobody listens"))
        }))
    }
    async fn close(&self, _: &Credential) -> Result<()> {
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// One test, because the engine logs on a thread of its own, for which there is one log.
#[tokio::test]
async fn each_operation_is_a_span_and_ends_with_its_outcome() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .init();
    let clock = MockClock::new();
    let qa = BasicEnvironment::new("qa").service("api", "https://api.mock.test/");
    let executor = MockExecutor::new(&clock);
    let session = SessionHandle::builder(Talkative(qa.unwrap()))
        .name("orders")
        .clock(clock.clone())
        .executor(executor.clone())
        .build();
    session.init().await.unwrap();
    executor.idle().await;
    let (_, receipt) = authorize(&session, API).await.unwrap();
    session.report_refusal(&receipt, &[]).await.unwrap_err();
    clock.advance(Duration::from_secs(1));
    session.close().await.unwrap();
    let who = Identity::new(["svc"]);
    let mock = MockSession::bearer("t").by_clock(&clock).as_identity(who);
    let store = MemoryStore::new();
    for _ in 0..2 {
        let stored = mock.builder().name("stored").store(store.clone()).build();
        stored.init().await.unwrap();
    }
    let (mock, closed) = (MockSession::bearer("t").by_clock(&clock), Gate::new());
    mock.then_follow_up(Step::fail(ErrorKind::Denied).behind(&closed));
    let left = mock.builder().name("left").executor(executor).build();
    left.init().await.unwrap();
    closed.arrived(1).await;
    left.close().await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let mut lines: Vec<_> = log.lines().map(str::trim).collect();
    // What the caller's thread logs may come before or after what the engine's does.
    lines.sort_unstable();
    let of = r#"session="orders" environment="qa""#;
    let of_stored = r#"session="stored" environment="mock""#;
    let of_left = r#"session="left" environment="mock""#;
    let span = |action| {
        format!(
            r#"session{{session="orders" scheme="talkative" environment="qa" action="{action}"}}"#
        )
    };
    let expected = [
        format!(r#"DEBUG done {of_left} action="close" outcome="ok" duration=0ns"#),
        format!(r#"DEBUG done {of_left} action="follow_up" outcome="dropped" duration=0ns"#),
        format!(r#"DEBUG done {of_left} action="init" outcome="ok" duration=0ns"#),
        format!(r#"DEBUG done {of} action="close" outcome="ok" duration=0ns"#),
        format!(r#"DEBUG done {of} action="init" outcome="ok" duration=0ns"#),
        format!(r#"DEBUG done {of_stored} action="init" outcome="ok" duration=0ns"#),
        format!("DEBUG refused {of} generation=1"),
        format!("DEBUG taken from the store {of_stored}"),
        format!("INFO {}: telling", span("follow_up")),
        format!("INFO {}: asking", span("init")),
        format!(
            r#"WARN failed {of} action="follow_up" outcome="denied" duration=0ns error=nobody listens"#
        ),
        format!(
            r#"WARN failed {of} action="renew" outcome="unavailable" duration=0ns error=the server sleeps"#
        ),
    ];
    assert_eq!(lines, expected);
}
