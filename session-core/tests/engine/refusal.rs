//! Credentials that a server refuses.

use std::time::Duration;

use crate::support::{API, authorize, bearer, poll_once};
use futures_util::future::join_all;
use session_core::{Challenge, ErrorKind, Receipt, SessionHandle};
use session_mock::{Call, Gate, MockClock, MockSession, Step};

const MINUTE: Duration = Duration::from_secs(60);

async fn open(
    clock: &MockClock,
    steps: impl IntoIterator<Item = Step>,
) -> (MockSession, SessionHandle) {
    let mock = MockSession::scripted(steps).by_clock(clock);
    let session = mock.handle();
    session.init().await.unwrap();
    (mock, session)
}

async fn receipt(session: &SessionHandle) -> Receipt {
    authorize(session, API).await.unwrap().1
}

#[tokio::test]
async fn a_refusal_renews_its_generation_once() {
    let clock = MockClock::new();
    let (mock, session) = open(
        &clock,
        [Step::bearer("a"), Step::bearer("b"), Step::bearer("c")],
    )
    .await;
    let (early, late) = (receipt(&session).await, receipt(&session).await);
    session
        .report_refusal(&early, &[Challenge::new("Bearer")])
        .await
        .unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    session.report_refusal(&late, &[]).await.unwrap();
    assert_eq!(
        bearer(&session).await.unwrap(),
        "Bearer b",
        "a late refusal evicts no successor"
    );
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);

    clock.advance(MINUTE);
    let next = receipt(&session).await;
    session.report_refusal(&next, &[]).await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer c");
}

#[tokio::test]
async fn a_credential_refused_right_after_its_renewal_is_an_error_and_no_loop() {
    let clock = MockClock::new();
    let steps = [Step::bearer("a"), Step::bearer("b"), Step::bearer("c")];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(60 * MINUTE);
    session
        .report_refusal(&receipt(&session).await, &[])
        .await
        .unwrap();
    clock.advance(Duration::from_secs(5) - Duration::from_nanos(1));
    let again = receipt(&session).await;
    let challenge = Challenge::new("Bearer").with_parameter("error", "invalid_token");
    let error = session
        .report_refusal(&again, &[challenge])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(
        error.challenges()[0].parameter("error"),
        Some("invalid_token")
    );
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
    clock.advance(Duration::from_nanos(1));
    session.report_refusal(&again, &[]).await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer c");
}

#[tokio::test]
async fn a_credential_that_merely_expired_before_may_be_refused_at_once() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::bearer("b"),
        Step::bearer("c"),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    session
        .report_refusal(&receipt(&session).await, &[])
        .await
        .unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Renew, Call::RenewRefused]);
}

#[tokio::test]
async fn a_thousand_refusals_answered_by_a_failure_are_one_renewal_too() {
    let clock = MockClock::new();
    let (mock, session) = open(&clock, [Step::bearer("a"), Step::fail(ErrorKind::Denied)]).await;
    let receipts = join_all((0..1_000).map(|_| receipt(&session))).await;
    for receipt in &receipts {
        let error = session.report_refusal(receipt, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
    }
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
}

#[tokio::test]
async fn a_thousand_refusals_of_one_credential_are_one_renewal() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let (mock, session) = open(&clock, [Step::bearer("a"), Step::bearer("b").behind(&gate)]).await;
    let receipts = join_all((0..1_000).map(|_| receipt(&session))).await;
    let mut reports: Vec<_> = receipts
        .iter()
        .map(|receipt| Box::pin(session.report_refusal(receipt, &[])))
        .collect();
    assert!(
        reports
            .iter_mut()
            .all(|report| poll_once(report).is_pending())
    );
    assert_eq!(
        bearer(&session).await.unwrap(),
        "Bearer a",
        "others go on meanwhile"
    );
    gate.open();
    for outcome in join_all(reports).await {
        outcome.unwrap();
    }
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
}

#[tokio::test]
async fn a_failed_renewal_never_displaces_a_valid_credential() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::panic(),
        Step::fail(ErrorKind::Denied),
    ];
    let (_, session) = open(&clock, steps).await;
    for kind in [ErrorKind::Protocol, ErrorKind::Denied] {
        clock.advance(Duration::from_secs(2));
        let refused = receipt(&session).await;
        let error = session.report_refusal(&refused, &[]).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
        assert_eq!(session.status().generation, 1);
    }
}

#[tokio::test]
async fn a_refusal_of_a_closed_session_opens_nothing() {
    let clock = MockClock::new();
    let (mock, session) = open(&clock, [Step::bearer("a")]).await;
    let refused = receipt(&session).await;
    session.close().await.unwrap();
    let error = session.report_refusal(&refused, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[tokio::test]
async fn a_close_during_a_renewal_ends_both_credentials() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let (mock, session) = open(&clock, [Step::bearer("a"), Step::bearer("b").behind(&gate)]).await;
    let refused = receipt(&session).await;
    let mut report = Box::pin(session.report_refusal(&refused, &[]));
    assert!(poll_once(&mut report).is_pending());
    gate.arrived(1).await;
    let mut close = Box::pin(session.close());
    assert!(poll_once(&mut close).is_pending());
    assert_eq!(report.await.unwrap_err().kind(), ErrorKind::Closed);
    mock.then_close(Step::fail(ErrorKind::Unavailable));
    gate.open();
    assert_eq!(
        close.await.unwrap_err().kind(),
        ErrorKind::Unavailable,
        "the first failure"
    );
    assert_eq!(
        mock.calls(),
        [Call::Init, Call::RenewRefused, Call::Close, Call::Close]
    );
}

#[tokio::test]
async fn right_after_counts_from_when_the_renewal_was_done() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let steps = [
        Step::bearer("a"),
        Step::bearer("b").behind(&gate),
        Step::bearer("c"),
    ];
    let (mock, session) = open(&clock, steps).await;
    let first = receipt(&session).await;
    let mut report = Box::pin(session.report_refusal(&first, &[]));
    assert!(poll_once(&mut report).is_pending());
    gate.arrived(1).await;
    clock.advance(MINUTE / 2);
    gate.open();
    report.await.unwrap();
    let error = session
        .report_refusal(&receipt(&session).await, &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
}

#[tokio::test]
async fn an_explicit_init_ends_the_pause_after_a_refused_renewal() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a"),
        Step::fail(ErrorKind::Denied),
        Step::bearer("b"),
    ];
    let (_, session) = open(&clock, steps).await;
    let refused = receipt(&session).await;
    session.report_refusal(&refused, &[]).await.unwrap_err();
    session.init().await.unwrap();
    session.report_refusal(&refused, &[]).await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
}
