//! The engine shows nobody a secret, whatever happens.

#![allow(
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    reason = "a test fails where it panics"
)]

#[path = "engine/support.rs"]
#[allow(dead_code, reason = "this program uses a part of it")]
mod support;

use std::time::Duration;

use session_core::{Challenge, Credential, ErrorKind, Secret, SessionHandle, WithSession};
use session_mock::{Capture, MockClock, MockSession, Place, Search, Step};
use support::{API, authorize};

const CANARY: &str = "c4n4ry-t0ken";

#[test]
fn nothing_that_is_shown_or_logged_holds_a_secret() {
    // The engine logs on its executor's thread, so the log is the process's.
    let capture = Capture::install();
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
            Search::texts(&damaged.unwrap_err()),
            Search::texts(&denied.unwrap_err().with_challenges(vec![challenge])),
            Search::texts(&forbidden.unwrap_err()),
            Search::texts(&session.close().await.unwrap_err()),
            format!("{mock:?} {:?}", SessionHandle::builder(mock.clone())),
        ];
        session.enter(async {}).await.unwrap();
        shown
    });
    let search = Search::new([CANARY]);
    for shown in &shown {
        search.assert_silent(shown);
    }
    let logged = capture.text(Place::Logs);
    assert!(
        logged.contains("the log works") && logged.contains("init"),
        "{logged}"
    );
    search.assert_silent(&logged);
}
