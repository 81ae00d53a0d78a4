//! Credentials that end before their time, as their backend finds.

use std::time::Duration;

use crate::support::{API, authorize, poll_once, text};
use futures_util::future::join_all;
use session_core::{Error, ErrorKind, SessionHandle};
use session_mock::{Call, Gate, MockClock, MockSession, Step};

const MINUTE: Duration = Duration::from_secs(60);

fn ended() -> Step {
    let error = Error::new(ErrorKind::Interaction, "the ticket has expired");
    Step::error(error.with_ended_credential())
}

/// An open session, of whose next requests so many find that its credential has ended.
async fn open(
    clock: &MockClock,
    found: usize,
    renewals: impl IntoIterator<Item = Step>,
) -> (MockSession, SessionHandle) {
    let steps = [Step::per_request()].into_iter().chain(renewals);
    let mock = MockSession::scripted(steps).by_clock(clock);
    let session = mock.handle();
    session.init().await.unwrap();
    find(&mock, found);
    (mock, session)
}

fn find(mock: &MockSession, number: usize) {
    for _ in 0..number {
        mock.then_authorize(ended(), []);
    }
}

async fn kind(session: &SessionHandle) -> ErrorKind {
    authorize(session, API).await.unwrap_err().kind()
}

#[tokio::test]
async fn a_credential_that_has_ended_is_renewed_and_the_request_authorized_by_the_new_one() {
    let (mock, session) = open(&MockClock::new(), 1, []).await;
    let (headers, receipt) = authorize(&session, API).await.unwrap();
    assert_eq!(text(&headers, "authorization"), "Mock 2");
    assert_eq!(receipt.generation(), 2);
    assert!(receipt.is_of_one_request());
    let calls = [Call::Init, Call::Authorize, Call::Renew, Call::Authorize];
    assert_eq!(mock.calls(), calls);
}

#[tokio::test]
async fn however_many_find_that_it_has_ended_it_is_renewed_once() {
    let gate = Gate::new();
    let renewal = Step::per_request().behind(&gate);
    let (mock, session) = open(&MockClock::new(), 1_000, [renewal]).await;
    let mut requests: Vec<_> = (0..1_000)
        .map(|_| Box::pin(authorize(&session, API)))
        .collect();
    assert!(requests.iter_mut().all(|it| poll_once(it).is_pending()));
    gate.open();
    for outcome in join_all(requests).await {
        assert_eq!(outcome.unwrap().1.generation(), 2);
    }
    assert_eq!(mock.count(Call::Renew), 1);
}

#[tokio::test]
async fn who_gives_up_does_not_cost_the_others_the_renewal() {
    let gate = Gate::new();
    let renewal = Step::per_request().behind(&gate);
    let (mock, session) = open(&MockClock::new(), 1, [renewal]).await;
    let mut request = Box::pin(authorize(&session, API));
    assert!(poll_once(&mut request).is_pending());
    drop(request);
    let mut changes = session.changes();
    gate.open();
    while session.status().generation < 2 {
        changes.next().await.unwrap();
    }
    let (_, receipt) = authorize(&session, API).await.unwrap();
    assert_eq!(receipt.generation(), 2);
    assert_eq!(mock.count(Call::Renew), 1);
}

#[tokio::test]
async fn a_failure_to_renew_it_is_all_requests_and_followed_by_a_pause() {
    for (failure, pause) in [
        (ErrorKind::Unavailable, Duration::from_secs(1)),
        (ErrorKind::Denied, MINUTE),
    ] {
        let clock = MockClock::new();
        let steps = [Step::fail(failure), Step::per_request()];
        let (mock, session) = open(&clock, 11, steps).await;
        let requests = join_all((0..10).map(|_| authorize(&session, API))).await;
        for outcome in requests {
            assert_eq!(outcome.unwrap_err().kind(), failure);
        }
        assert_eq!(mock.count(Call::Renew), 1);
        clock.advance(pause);
        authorize(&session, API).await.unwrap();
        assert_eq!(mock.count(Call::Renew), 2);
    }
}

#[tokio::test]
async fn an_explicit_init_tries_at_once_what_was_denied() {
    let steps = [Step::fail(ErrorKind::Denied), Step::per_request()];
    let (_, session) = open(&MockClock::new(), 2, steps).await;
    for _ in 0..2 {
        assert_eq!(kind(&session).await, ErrorKind::Denied);
    }
    let mut changes = session.changes();
    session.init().await.unwrap();
    while session.status().generation < 2 {
        changes.next().await.unwrap();
    }
    let (_, receipt) = authorize(&session, API).await.unwrap();
    assert_eq!(receipt.generation(), 2);
}

#[tokio::test]
async fn a_credential_that_has_ended_as_soon_as_it_came_is_an_error_and_no_loop() {
    let clock = MockClock::new();
    let (mock, session) = open(&clock, 3, []).await;
    for _ in 0..2 {
        assert_eq!(kind(&session).await, ErrorKind::Interaction);
        assert_eq!(mock.count(Call::Renew), 1);
    }
    find(&mock, 1);
    clock.advance(Duration::from_secs(5));
    authorize(&session, API).await.unwrap();
    assert_eq!(mock.count(Call::Renew), 2);
}

#[tokio::test]
async fn who_finds_late_that_a_credential_has_ended_never_costs_its_successor() {
    let gate = Gate::new();
    let (mock, session) = open(&MockClock::new(), 0, []).await;
    mock.then_authorize(ended().behind(&gate), []);
    let mut late = Box::pin(authorize(&session, API));
    assert!(poll_once(&mut late).is_pending());
    find(&mock, 1);
    authorize(&session, API).await.unwrap();
    gate.open();
    assert_eq!(late.await.unwrap().1.generation(), 2);
    assert_eq!(mock.count(Call::Renew), 1);
}

#[tokio::test]
async fn other_errors_of_a_request_are_its_own() {
    let (mock, session) = open(&MockClock::new(), 0, []).await;
    mock.then_authorize(Step::fail(ErrorKind::Interaction), []);
    assert_eq!(kind(&session).await, ErrorKind::Interaction);
    assert_eq!(mock.count(Call::Renew), 0);
}
