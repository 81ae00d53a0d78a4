//! Renewal ahead of expiry, pauses after failures, and sessions that are kept warm.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::support::{API, authorize, bearer, poll_once};
use futures_util::future::join_all;
use session_core::{
    BackgroundThread, BoxFuture, Clock, Error, ErrorKind, Executor, SessionHandle, State,
};
use session_mock::{Call, Gate, MockClock, MockExecutor, MockSession, Step};
use tokio::sync::watch;

const SECOND: Duration = Duration::from_secs(1);
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

/// Waits until the session has had this many credentials.
async fn generation(session: &SessionHandle, generation: u64) {
    let mut changes = session.changes();
    while session.status().generation < generation {
        changes.next().await.unwrap();
    }
}

/// Waits until the session has reported as many more changes.
async fn failure(mock: &MockSession, session: &SessionHandle, renewals: usize) {
    let mut changes = session.changes();
    while mock.count(Call::Renew) < renewals || session.status().is_renewing {
        changes.next().await.unwrap();
    }
}

#[tokio::test]
async fn in_the_window_one_renewal_starts_and_nobody_waits() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::bearer("b").expires_in(MINUTE).behind(&gate),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(45 * SECOND - Duration::from_nanos(1));
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    assert_eq!(mock.calls(), [Call::Init], "not yet");
    clock.advance(Duration::from_nanos(1));
    for _ in 0..1_000 {
        let mut caller = Box::pin(bearer(&session));
        match poll_once(&mut caller) {
            std::task::Poll::Ready(bearer) => assert_eq!(bearer.unwrap(), "Bearer a"),
            std::task::Poll::Pending => panic!("a caller waits while there is a valid credential"),
        }
    }
    gate.arrived(1).await;
    assert_eq!(session.status().state, State::Open);
    let header = session.header_now(&http::header::AUTHORIZATION);
    assert_eq!(
        header.unwrap(),
        "Bearer a",
        "nobody needs to look while it is renewed"
    );
    gate.open();
    generation(&session, 2).await;
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}

#[tokio::test]
async fn the_window_is_relative_to_the_lifetime_and_jittered() {
    for (lifetime, jitter, due) in [
        (4 * SECOND, 1.0, 3 * SECOND),
        (4 * SECOND, 0.0, 3500 * SECOND / 1000),
        (4 * SECOND, 7.0, 3 * SECOND),
        (4 * SECOND, -7.0, 3500 * SECOND / 1000),
        (20 * MINUTE, 1.0, 15 * MINUTE),
        (24 * 60 * MINUTE, 1.0, 24 * 60 * MINUTE - 5 * MINUTE),
        (24 * 60 * MINUTE, 0.0, 24 * 60 * MINUTE - 5 * MINUTE / 2),
    ] {
        let clock = MockClock::new();
        let mock = MockSession::scripted([Step::bearer("a").expires_in(lifetime)]).by_clock(&clock);
        let session = mock.builder().jitter(move || jitter).build();
        session.init().await.unwrap();
        clock.advance(due - Duration::from_millis(1));
        bearer(&session).await.unwrap();
        assert_eq!(mock.calls(), [Call::Init], "{lifetime:?} {jitter}");
        clock.advance(Duration::from_millis(1));
        bearer(&session).await.unwrap();
        generation(&session, 2).await;
        assert_eq!(
            mock.calls(),
            [Call::Init, Call::Renew],
            "{lifetime:?} {jitter}"
        );
    }
}

#[tokio::test]
async fn requests_over_many_lifetimes_are_as_few_as_they_can_be_and_never_wait() {
    for lifetime in [2 * SECOND, 5 * SECOND, 15 * SECOND, 60 * SECOND] {
        let clock = MockClock::new();
        let (mock, session) = open(&clock, [Step::bearer("a").expires_in(lifetime)]).await;
        let (step, steps) = (lifetime / 40, 40 * 20);
        for _ in 0..steps {
            clock.advance(step);
            let before = session.status().generation;
            let mut caller = Box::pin(bearer(&session));
            assert!(
                poll_once(&mut caller).is_ready(),
                "a caller waits at {lifetime:?}"
            );
            if session.status().is_renewing {
                generation(&session, before + 1).await;
            }
        }
        let (renewals, lives) = (mock.count(Call::Renew), 20);
        assert!(
            (lives..=lives * 4 / 3 + 1).contains(&renewals),
            "{renewals} at {lifetime:?}"
        );
    }
}

#[tokio::test]
async fn a_failed_renewal_ahead_disturbs_nobody_and_is_not_repeated_at_once() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let steps = [
        Step::bearer("a").expires_in(100 * SECOND),
        Step::fail(ErrorKind::Unavailable),
        Step::panic().behind(&gate),
        Step::bearer("b"),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(75 * SECOND);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    failure(&mock, &session, 1).await;
    // A changed time of day has somebody look, and still nobody asks again.
    clock.set_wall(clock.wall() + 24 * 60 * MINUTE);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    assert!(!session.status().is_renewing);
    assert!(session.header_now(&http::header::AUTHORIZATION).is_some());
    clock.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    assert!(!session.status().is_renewing);
    gate.open();
    clock.advance(Duration::from_nanos(1));
    assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    failure(&mock, &session, 2).await;
    clock.advance(2 * SECOND - Duration::from_nanos(1));
    bearer(&session).await.unwrap();
    assert!(!session.status().is_renewing, "the pause doubles");
    clock.advance(Duration::from_nanos(1));
    bearer(&session).await.unwrap();
    generation(&session, 2).await;
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.count(Call::Renew), 3);
}

#[tokio::test]
async fn an_expired_session_fails_fast_during_a_pause_and_says_for_how_long() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Unavailable),
        Step::bearer("b"),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    assert_eq!(
        bearer(&session).await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    clock.advance(SECOND / 4);
    for _ in 0..100 {
        let error = bearer(&session).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.retry_after(), Some(3 * SECOND / 4));
    }
    assert_eq!(
        session.enter(async {}).await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
    clock.advance(3 * SECOND / 4);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
}

#[tokio::test]
async fn a_permanent_refusal_is_not_hammered_until_somebody_asks() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Denied),
        Step::fail(ErrorKind::Interaction),
        Step::bearer("b"),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    assert_eq!(
        bearer(&session).await.unwrap_err().kind(),
        ErrorKind::Denied
    );
    clock.advance(MINUTE - Duration::from_nanos(1));
    assert_eq!(
        bearer(&session).await.unwrap_err().kind(),
        ErrorKind::Denied
    );
    assert_eq!(mock.count(Call::Renew), 1);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(
        bearer(&session).await.unwrap_err().kind(),
        ErrorKind::Interaction
    );
    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.count(Call::Renew), 3);
}

#[tokio::test]
async fn pauses_grow_to_a_minute_and_end_with_a_success() {
    let clock = MockClock::new();
    let (mock, session) = open(
        &clock,
        [
            Step::bearer("a").expires_in(MINUTE),
            Step::fail(ErrorKind::Unavailable),
        ],
    )
    .await;
    clock.advance(MINUTE);
    for (renewals, pause) in [1, 2, 4, 8, 16, 32, 60, 60, 60].into_iter().enumerate() {
        assert!(bearer(&session).await.is_err());
        assert_eq!(mock.count(Call::Renew), renewals + 1);
        let left = bearer(&session).await.unwrap_err().retry_after();
        assert_eq!(left, Some(pause * SECOND));
        clock.advance(pause * SECOND);
    }
    mock.then(Step::bearer("b").expires_in(MINUTE));
    mock.then(Step::fail(ErrorKind::Unavailable));
    bearer(&session).await.unwrap();
    clock.advance(MINUTE);
    assert!(bearer(&session).await.is_err());
    assert_eq!(
        bearer(&session).await.unwrap_err().retry_after(),
        Some(SECOND),
        "as the first"
    );
}

#[tokio::test]
async fn without_jitter_there_is_no_pause_and_permanent_ones_keep_half() {
    for (kind, pause) in [
        (ErrorKind::Unavailable, None),
        (ErrorKind::Denied, Some(MINUTE / 2)),
    ] {
        let clock = MockClock::new();
        let steps = [Step::bearer("a").expires_in(MINUTE), Step::fail(kind)];
        let mock = MockSession::scripted(steps).by_clock(&clock);
        let session = mock.builder().jitter(|| 0.0).build();
        session.init().await.unwrap();
        clock.advance(MINUTE);
        assert!(bearer(&session).await.is_err());
        assert_eq!(bearer(&session).await.unwrap_err().retry_after(), pause);
    }
}

#[tokio::test]
async fn what_the_server_asks_for_is_obeyed_within_reason() {
    for (asked, pause) in [
        (10 * SECOND, 10 * SECOND),
        (SECOND / 2, SECOND),
        (Duration::MAX, 60 * MINUTE),
    ] {
        let clock = MockClock::new();
        let error = Error::new(ErrorKind::Unavailable, "busy").with_retry_after(asked);
        let (_, session) = open(
            &clock,
            [Step::bearer("a").expires_in(MINUTE), Step::error(error)],
        )
        .await;
        clock.advance(MINUTE);
        assert!(bearer(&session).await.is_err());
        assert_eq!(
            bearer(&session).await.unwrap_err().retry_after(),
            Some(pause)
        );
    }
}

#[tokio::test]
async fn a_close_forgets_failures() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Denied),
        Step::bearer("b"),
    ];
    let (_, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    assert!(bearer(&session).await.is_err());
    session.close().await.unwrap();
    assert_eq!(
        session.enter(bearer(&session)).await.unwrap().unwrap(),
        "Bearer b"
    );
}

#[tokio::test]
async fn callers_at_expiry_join_the_renewal_that_was_started_ahead() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::bearer("b").behind(&gate),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(50 * SECOND);
    bearer(&session).await.unwrap();
    clock.advance(10 * SECOND);
    let mut callers: Vec<_> = (0..100).map(|_| Box::pin(bearer(&session))).collect();
    assert!(
        callers
            .iter_mut()
            .all(|caller| poll_once(caller).is_pending())
    );
    gate.open();
    for outcome in join_all(callers).await {
        assert_eq!(outcome.unwrap(), "Bearer b");
    }
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}

#[tokio::test]
async fn a_session_kept_warm_renews_without_being_used() {
    let clock = MockClock::new();
    let mock = MockSession::scripted([Step::bearer("a").expires_in(MINUTE)]).by_clock(&clock);
    let session = mock.builder().keep_warm(true).build();
    session.init().await.unwrap();
    for expected in 2..5 {
        // The task that waits is on its way to the clock: time stands still until it is there.
        clock.sleeper(45 * SECOND).await;
        clock.advance(45 * SECOND);
        generation(&session, expected).await;
    }
    session.close().await.unwrap();
    clock.advance(10 * MINUTE);
    assert_eq!(mock.count(Call::Renew), 3);
    assert_eq!(mock.count(Call::Init), 1);
}

#[tokio::test]
async fn a_session_not_kept_warm_or_never_due_waits_for_nothing() {
    let clock = MockClock::new();
    let living =
        |lifetime| MockSession::scripted([Step::bearer("a").expires_in(lifetime)]).by_clock(&clock);
    // A limit that no pause of theirs is mistaken for.
    let limit = 5 * MINUTE;
    let cold = living(MINUTE).builder().time_limit(limit).build();
    cold.init().await.unwrap();
    let endless = MockSession::bearer("a").by_clock(&clock);
    let endless = endless.builder().time_limit(limit).keep_warm(true).build();
    endless.init().await.unwrap();
    // What the executor was given later, it comes to later.
    let warm = living(40 * SECOND).builder().time_limit(limit);
    let warm = warm.keep_warm(true).build();
    warm.init().await.unwrap();
    clock.sleeper(30 * SECOND).await;
    assert!(!clock.is_awaited(45 * SECOND));
    assert!(!clock.is_awaited(MINUTE));
    assert!(!clock.is_awaited(Duration::MAX));
}

#[tokio::test]
async fn a_session_kept_warm_is_looked_at_every_minute() {
    let clock = MockClock::new();
    let day = 24 * 60 * MINUTE;
    let mock = MockSession::scripted([Step::bearer("a").expires_in(day)]).by_clock(&clock);
    let session = mock
        .builder()
        .time_limit(5 * MINUTE)
        .keep_warm(true)
        .build();
    session.init().await.unwrap();
    clock.sleeper(MINUTE).await;
    clock.advance(MINUTE);
    // A timer that stands still while the machine sleeps is late by no more than its own pause.
    clock.sleeper(MINUTE).await;
    assert_eq!(mock.calls(), [Call::Init]);
    clock.suspend(day - 2 * MINUTE);
    generation(&session, 2).await;
}

#[tokio::test]
async fn a_session_kept_warm_tries_again_after_failures() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Unavailable),
        Step::bearer("b"),
    ];
    let mock = MockSession::scripted(steps).by_clock(&clock);
    let session = mock.builder().keep_warm(true).build();
    session.init().await.unwrap();
    clock.sleeper(45 * SECOND).await;
    clock.advance(45 * SECOND);
    failure(&mock, &session, 1).await;
    clock.sleeper(SECOND).await;
    clock.advance(SECOND);
    generation(&session, 2).await;
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
}

#[tokio::test]
async fn a_session_kept_warm_does_not_spin_on_credentials_without_life() {
    let clock = MockClock::new();
    let mock =
        MockSession::scripted([Step::bearer("a").expires_in(Duration::ZERO)]).by_clock(&clock);
    let session = mock.builder().keep_warm(true).build();
    session.init().await.unwrap();
    clock.sleeper(SECOND).await;
    assert_eq!(mock.calls(), [Call::Init]);
    clock.advance(SECOND);
    generation(&session, 2).await;
}

#[tokio::test]
async fn headers_are_there_at_once_or_not_at_all() {
    let clock = MockClock::new();
    let mock = MockSession::scripted([Step::bearer("a").expires_in(MINUTE), Step::bearer("b")])
        .by_clock(&clock);
    let session = mock.handle();
    let name = http::header::AUTHORIZATION;
    assert_eq!(session.header_now(&name), None);
    session.init().await.unwrap();
    let header = session.header_now(&name).unwrap();
    assert_eq!(header, "Bearer a");
    assert!(header.is_sensitive());
    assert_eq!(session.header_now(&http::header::COOKIE), None);
    clock.advance(45 * SECOND);
    assert_eq!(
        session.header_now(&name),
        None,
        "somebody has to look at it"
    );
    authorize(&session, API).await.unwrap();
    generation(&session, 2).await;
    assert_eq!(session.header_now(&name).unwrap(), "Bearer b");
    session.close().await.unwrap();
    assert_eq!(session.header_now(&name), None);
}

#[tokio::test]
async fn changes_are_told_until_the_session_is_gone() {
    let mock = MockSession::scripted([Step::fail(ErrorKind::Denied), Step::bearer("a")]);
    let session = mock.handle();
    let mut changes = session.changes();
    assert!(session.init().await.is_err());
    assert_eq!(changes.next().await.unwrap().state, State::Closed);
    session.init().await.unwrap();
    assert_eq!(changes.next().await.unwrap().state, State::Open);
    session.close().await.unwrap();
    assert_eq!(changes.next().await.unwrap().state, State::Closed);
    assert!(format!("{changes:?}").contains("Changes"));
    drop(session);
    while changes.next().await.is_some() {}
}

#[test]
fn every_thread_gets_the_same_header() {
    let session = MockSession::bearer("t").handle();
    session.blocking().init().unwrap();
    let threads: Vec<_> = (0..40)
        .map(|_| {
            let session = session.clone();
            std::thread::spawn(move || {
                let header = session.header_now(&http::header::AUTHORIZATION).unwrap();
                assert_eq!(header, "Bearer t");
                assert!(header.is_sensitive());
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn a_cheap_clock_that_is_late_puts_out_no_warmth() {
    let clock = MockClock::new();
    clock.advance(MINUTE);
    clock.set_lag(Duration::from_millis(4));
    let mock = MockSession::scripted([Step::bearer("a").expires_in(MINUTE)]).by_clock(&clock);
    let session = mock.builder().keep_warm(true).build();
    session.init().await.unwrap();
    for expected in 2..5 {
        clock.sleeper(45 * SECOND).await;
        clock.advance(45 * SECOND);
        generation(&session, expected).await;
    }
}

#[tokio::test]
async fn one_task_keeps_a_session_warm_however_often_it_is_opened() {
    #[derive(Clone, Debug, Default)]
    struct Counting(Arc<watch::Sender<usize>>);
    impl Executor for Counting {
        fn spawn(&self, task: BoxFuture<()>) {
            let alive = Arc::clone(&self.0);
            alive.send_modify(|alive| *alive += 1);
            BackgroundThread.spawn(Box::pin(async move {
                task.await;
                alive.send_modify(|alive| *alive -= 1);
            }));
        }
        fn sleep(&self, time: Duration) -> BoxFuture<()> {
            BackgroundThread.sleep(time)
        }
    }
    let tasks = Counting::default();
    let mut alive = tasks.0.subscribe();
    let mock = MockSession::scripted([Step::bearer("t").expires_in(24 * 60 * MINUTE)]);
    let session = mock.builder().keep_warm(true).executor(tasks).build();
    for _ in 0..100 {
        session.enter(async {}).await.unwrap();
    }
    session.init().await.unwrap();
    alive.wait_for(|alive| *alive == 1).await.unwrap();
    drop(session);
    alive.wait_for(|alive| *alive == 0).await.unwrap();
}

#[tokio::test]
async fn warmth_that_an_executor_drops_comes_back_when_the_session_opens_again() {
    #[derive(Clone, Debug)]
    struct DropsTheSecond(MockExecutor, Arc<AtomicUsize>);
    impl Executor for DropsTheSecond {
        fn spawn(&self, task: BoxFuture<()>) {
            match self.1.fetch_add(1, Ordering::SeqCst) {
                1 => drop(task),
                _ => self.0.spawn(task),
            }
        }
        fn sleep(&self, time: Duration) -> BoxFuture<()> {
            self.0.sleep(time)
        }
    }
    let clock = MockClock::new();
    let executor = DropsTheSecond(MockExecutor::new(&clock), Arc::default());
    let spawned = Arc::clone(&executor.1);
    let mock = MockSession::scripted([Step::bearer("a").expires_in(MINUTE)]).by_clock(&clock);
    let session = mock.builder().keep_warm(true).executor(executor).build();
    let mut changes = session.changes();
    session.init().await.unwrap();
    // The first task opens the session, and then sends the second.
    while spawned.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(changes.next().await.unwrap().state, State::Open);
    session.close().await.unwrap();
    session.init().await.unwrap();
    clock.sleeper(45 * SECOND).await;
}

#[tokio::test]
async fn an_explicit_init_starts_over_where_renewal_is_refused() {
    let clock = MockClock::new();
    let refused = || Step::fail(ErrorKind::Interaction);
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        refused(),
        refused(),
        Step::bearer("b"),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    assert_eq!(
        bearer(&session).await.unwrap_err().kind(),
        ErrorKind::Interaction
    );
    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(
        mock.calls(),
        [Call::Init, Call::Renew, Call::Renew, Call::Init]
    );
}

#[tokio::test]
async fn a_renewal_that_is_refused_and_starts_over_has_one_time_limit() {
    let (clock, refusal, answer) = (MockClock::new(), Gate::new(), Gate::new());
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Denied).behind(&refusal),
        Step::bearer("b").behind(&answer),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    refusal.arrived(1).await;
    clock.advance(40 * SECOND);
    refusal.open();
    answer.arrived(1).await;
    clock.advance(20 * SECOND);
    let error = init.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("`init` did not end within 60s"),
        "{error}"
    );
    assert_eq!(mock.calls(), [Call::Init, Call::Renew, Call::Init]);
}

#[tokio::test]
async fn an_explicit_init_does_not_start_over_when_the_server_is_away() {
    let clock = MockClock::new();
    let steps = [
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Unavailable),
    ];
    let (mock, session) = open(&clock, steps).await;
    clock.advance(MINUTE);
    assert_eq!(
        session.init().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}

#[tokio::test]
async fn what_was_only_open_for_an_init_that_fails_is_closed() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Unavailable).behind(&gate),
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
    assert_eq!(init.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(session.status().state, State::Closed);
}

#[tokio::test]
async fn bad_randomness_does_no_harm() {
    let sources: [fn() -> f64; 4] = [
        || f64::NAN,
        || f64::INFINITY,
        || -1.0,
        || panic!("no randomness"),
    ];
    for source in sources {
        let mock = MockSession::scripted([
            Step::fail(ErrorKind::Denied),
            Step::bearer("a").expires_in(MINUTE),
        ]);
        let session = mock.builder().jitter(source).build();
        assert_eq!(session.init().await.unwrap_err().kind(), ErrorKind::Denied);
        session.init().await.unwrap();
        assert_eq!(bearer(&session).await.unwrap(), "Bearer a");
    }
}
