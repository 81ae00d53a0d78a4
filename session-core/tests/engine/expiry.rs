//! Credentials that expire.

use std::time::{Duration, SystemTime};

use crate::support::{bearer, poll_once};
use futures_util::future::join_all;
use session_core::{Clock, ErrorKind, SessionHandle, State};
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

#[tokio::test]
async fn an_expired_credential_is_renewed_on_use() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::bearer("b").expires_in(MINUTE),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE - Duration::from_nanos(1));
    assert_eq!(session.status().state, State::Open);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(session.status().state, State::Expired);
    assert_eq!(mock.calls(), [Call::Init], "looking at it renews nothing");
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn init_and_enter_renew_an_expired_credential() {
    let clock = MockClock::new();
    let (mock, session) = open(&clock, [Step::bearer("a").expires_in(MINUTE)]).await;
    clock.advance(MINUTE);
    session.init().await.unwrap();
    assert_eq!(session.status().state, State::Open);
    clock.advance(MINUTE);
    session
        .enter(async { assert_eq!(session.status().state, State::Open) })
        .await
        .unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Renew, Call::Renew]);
}

#[tokio::test]
async fn the_lifetime_counts_from_the_start_of_the_authentication() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([Step::bearer("a").expires_in(MINUTE).behind(&gate)])
        .by_clock(&clock);
    let session = mock.handle();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    gate.arrived(1).await;
    let started = clock.wall();
    clock.advance(MINUTE / 2);
    gate.open();
    init.await.unwrap();
    assert_eq!(session.status().expires_at, Some(started + MINUTE));
    clock.advance(MINUTE / 2);
    assert_eq!(session.status().state, State::Expired);
}

#[tokio::test]
async fn of_two_statements_the_earlier_counts() {
    let clock = MockClock::new();
    let now = clock.wall();
    for (step, lifetime) in [
        (Step::bearer("a").expires_at(now + MINUTE), MINUTE),
        (
            Step::bearer("a")
                .expires_at(now + MINUTE)
                .expires_in(2 * MINUTE),
            MINUTE,
        ),
        (
            Step::bearer("a")
                .expires_at(now + 2 * MINUTE)
                .expires_in(MINUTE),
            MINUTE,
        ),
        (Step::bearer("a").expires_at(now - MINUTE), Duration::ZERO),
        (
            Step::bearer("a")
                .expires_at(SystemTime::UNIX_EPOCH)
                .expires_in(MINUTE),
            Duration::ZERO,
        ),
    ] {
        let (_, session) = open(&clock, [step]).await;
        assert_eq!(session.status().expires_at, Some(now + lifetime));
    }
}

#[tokio::test]
async fn without_a_statement_or_with_an_absurd_one_nothing_expires() {
    let clock = MockClock::new();
    for step in [
        Step::bearer("a"),
        Step::bearer("a").expires_in(Duration::MAX),
    ] {
        clock.advance(MINUTE);
        let (mock, session) = open(&clock, [step]).await;
        clock.advance(100_000_000 * MINUTE);
        assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
        assert_eq!(session.status().expires_at, None);
        assert_eq!(mock.calls(), [Call::Init]);
    }
}

#[tokio::test]
async fn a_credential_of_no_life_serves_whoever_waited_for_it() {
    let clock = MockClock::new();
    let (mock, session) = open(&clock, [Step::bearer("a").expires_in(Duration::ZERO)]).await;
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew, Call::Renew]);
    session.enter(async {}).await.unwrap();
}

#[tokio::test]
async fn a_failed_renewal_reaches_all_who_wait_and_later_calls_try_again() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Unavailable).behind(&gate),
        Step::bearer("b"),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(bearer(&session))).collect();
    assert!(
        waiting
            .iter_mut()
            .all(|caller| poll_once(caller).is_pending())
    );
    gate.open();
    for outcome in join_all(waiting).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    assert_eq!(session.status().state, State::Expired);
    clock.advance(Duration::from_secs(1));
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew, Call::Renew]);
}

#[tokio::test]
async fn a_block_that_leaves_while_an_init_renews_does_not_close() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(MINUTE),
        Step::bearer("b").behind(&gate),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    let mut init = Box::pin(session.init());
    session
        .enter(async {
            clock.advance(MINUTE);
            assert!(poll_once(&mut init).is_pending());
        })
        .await
        .unwrap();
    gate.open();
    init.await.unwrap();
    assert_eq!(session.status().state, State::Open);
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}
