//! The engine shows nobody a secret, whatever happens.

#![allow(
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    reason = "a test fails where it panics"
)]

#[path = "engine/support.rs"]
#[allow(dead_code, reason = "this program uses a part of it")]
mod support;

use std::{
    error::Error as StdError,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use session_core::{Challenge, Credential, ErrorKind, Secret, SessionHandle, WithSession};
use session_mock::{MockClock, MockSession, Step};
use support::{API, authorize};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

const CANARY: &str = "c4n4ry-t0ken";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

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

/// The texts of an error and of all that caused it.
fn texts(error: &(dyn StdError + 'static)) -> String {
    let source = error.source().map(texts).unwrap_or_default();
    format!("{error} {error:?} {source}")
}

/// As text, and as a list of decimal bytes.
fn assert_silent(shown: &str) {
    let bytes = format!("{:?}", CANARY.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    assert!(
        !shown.contains(CANARY) && !shown.contains(bytes),
        "a secret is shown: {shown}"
    );
}

#[test]
fn nothing_that_is_shown_or_logged_holds_a_secret() {
    // The engine logs on its executor's thread, so the log is the process's.
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .init();
    tracing::info!("the log works");

    let credential = Credential::headers([
        (
            http::header::AUTHORIZATION,
            Secret::prefixed("Bearer ", CANARY),
        ),
        (http::header::COOKIE, Secret::new(format!("sid={CANARY}"))),
    ])
    .keep("refresh_token", Secret::new(CANARY));
    let clock = MockClock::new();
    let mock = MockSession::scripted([
        Step::credential(credential.clone()),
        Step::bearer(&format!("{CANARY}\n")),
        Step::fail(ErrorKind::Denied),
        Step::credential(credential.clone()),
    ])
    .by_clock(&clock);
    mock.then_close(Step::fail(ErrorKind::Unavailable));
    let session = mock.handle();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let shown = runtime.block_on(async {
        session.init().await.unwrap();
        let (headers, receipt) = authorize(&session, API).await.unwrap();
        let challenge = Challenge::new("Bearer")
            .with_parameter("echo", CANARY)
            .with_token68(CANARY);
        let damaged = session
            .report_refusal(&receipt, std::slice::from_ref(&challenge))
            .await;
        clock.advance(Duration::from_secs(2));
        let denied = session
            .report_refusal(&receipt, std::slice::from_ref(&challenge))
            .await;
        let forbidden = authorize(&session, &format!("https://evil.test/{CANARY}")).await;
        let shown = [
            format!(
                "{credential:?} {:?} {headers:?} {receipt:?} {challenge:?}",
                Secret::new(CANARY)
            ),
            format!(
                "{session:?} {:?} {:?}",
                session.status(),
                session.blocking()
            ),
            format!(
                "{:?} {:?}",
                session.enter(async {}),
                async {}.with_session(&session)
            ),
            texts(&damaged.unwrap_err()),
            texts(&denied.unwrap_err().with_challenges(vec![challenge])),
            texts(&forbidden.unwrap_err()),
            texts(&session.close().await.unwrap_err()),
            format!("{mock:?} {:?}", SessionHandle::builder(mock.clone())),
        ];
        session.enter(async {}).await.unwrap();
        shown
    });
    for shown in &shown {
        assert_silent(shown);
    }
    let logged = log.text();
    assert!(
        logged.contains("the log works") && logged.contains("init"),
        "{logged}"
    );
    assert_silent(&logged);
}

#[test]
#[should_panic(expected = "a secret is shown")]
fn a_planted_leak_is_found() {
    assert_silent(&format!("Bearer {CANARY}"));
}

#[test]
#[should_panic(expected = "a secret is shown")]
fn a_leak_as_bytes_is_found() {
    assert_silent(&format!("{:?}", format!("Bearer {CANARY}").as_bytes()));
}
