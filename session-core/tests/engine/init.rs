//! What an `init` that somebody asks for does about a session that is open.

use std::time::Duration;

use crate::support::{API, authorize, bearer, poll_once};
use session_core::{Challenge, ErrorKind, State};
use session_mock::{Call, Gate, MockClock, MockSession, Step};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn with_a_good_credential_it_does_not_wait_for_a_server_that_is_away() {
    let clock = MockClock::new();
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Unavailable),
        Step::bearer("b"),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    session.init().await.unwrap();
    let mut changes = session.changes();
    clock.advance(50 * SECOND);
    bearer(&session).await.unwrap();
    while session.status().failure.is_none() {
        changes.next().await.unwrap();
    }
    let mut init = Box::pin(session.init());
    assert!(matches!(
        poll_once(&mut init),
        std::task::Poll::Ready(Ok(()))
    ));
    // What failed is tried again all the same, in spite of the pause.
    while session.status().generation < 2 {
        changes.next().await.unwrap();
    }
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew, Call::Renew]);
}

#[tokio::test]
async fn one_that_joins_a_renewal_starts_over_where_that_is_refused() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Denied).behind(&gate),
        Step::bearer("b"),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    session.init().await.unwrap();
    clock.advance(MINUTE);
    let mut request = Box::pin(bearer(&session));
    assert!(poll_once(&mut request).is_pending());
    gate.arrived(1).await;
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    gate.open();
    init.await.unwrap();
    assert_eq!(request.await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew, Call::Init]);
}

#[tokio::test]
async fn after_a_refused_renewal_the_lifetime_counts_from_its_own_start() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(40 * SECOND),
        Step::fail(ErrorKind::Denied).behind(&gate),
        Step::bearer("b").expires_in(40 * SECOND),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    session.init().await.unwrap();
    clock.advance(MINUTE);
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    gate.arrived(1).await;
    clock.advance(50 * SECOND);
    gate.open();
    init.await.unwrap();
    assert_eq!(session.status().state, State::Open);
}

#[tokio::test]
async fn a_refusal_that_meets_a_renewal_under_way_counts() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(MINUTE),
        Step::bearer("b").expires_in(MINUTE).behind(&gate),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    session.init().await.unwrap();
    clock.advance(50 * SECOND);
    let (_, receipt) = authorize(&session, API).await.unwrap();
    gate.arrived(1).await;
    let challenges = [Challenge::new("Bearer")];
    let mut refusal = Box::pin(session.report_refusal(&receipt, &challenges));
    assert!(poll_once(&mut refusal).is_pending());
    gate.open();
    refusal.await.unwrap();
    let (_, receipt) = authorize(&session, API).await.unwrap();
    let again = session.report_refusal(&receipt, &challenges).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}
