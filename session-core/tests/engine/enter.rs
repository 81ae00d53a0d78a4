//! Blocks with a session of their own.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::support::{bearer, poll_once};
use session_core::{Error, ErrorKind, State, WithSession, current};
use session_mock::{Call, Gate, MockClock, MockSession, Step};

async fn whoami() -> String {
    match current() {
        Ok(session) => bearer(&session)
            .await
            .unwrap_or_else(|error| error.to_string()),
        Err(error) => format!("{:?}", error.kind()),
    }
}

#[tokio::test]
async fn a_session_not_open_is_open_inside_and_closed_after() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    assert_eq!(session.enter(whoami()).await.unwrap(), "Bearer t");
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
    assert_eq!(whoami().await, "NoSession");
}

#[tokio::test]
async fn a_session_opened_before_stays_open() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    session.init().await.unwrap();
    session.enter(async {}).await.unwrap();
    assert_eq!(session.status().state, State::Open);
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn a_session_opened_inside_for_good_stays_open() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    session
        .enter(async { session.init().await.unwrap() })
        .await
        .unwrap();
    assert_eq!(session.status().state, State::Open);
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn after_a_close_blocks_own_the_session_again() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    session.init().await.unwrap();
    session.close().await.unwrap();
    session.enter(async {}).await.unwrap();
    assert_eq!(
        mock.calls(),
        [Call::Init, Call::Close, Call::Init, Call::Close]
    );
}

#[tokio::test]
async fn nested_blocks_close_once_by_the_outermost() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    session
        .enter(async {
            session.enter(async {}).await.unwrap();
            assert_eq!(session.status().state, State::Open);
            assert_eq!(mock.count(Call::Close), 0);
        })
        .await
        .unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[tokio::test]
async fn a_failed_enter_never_becomes_current() {
    let failing = MockSession::scripted([Step::fail(ErrorKind::Denied)]);
    let outer = MockSession::bearer("outer").handle();
    let ran = AtomicBool::new(false);
    outer
        .enter(async {
            let entered = failing
                .handle()
                .enter(async { ran.store(true, Ordering::SeqCst) })
                .await;
            assert_eq!(entered.unwrap_err().kind(), ErrorKind::Denied);
            assert_eq!(whoami().await, "Bearer outer");
        })
        .await
        .unwrap();
    assert!(!ran.load(Ordering::SeqCst));
    assert_eq!(failing.calls(), [Call::Init]);
}

#[tokio::test]
async fn what_a_failed_block_held_is_dropped_outside_of_its_scope() {
    let seen = Arc::new(AtomicBool::new(false));
    let witness = Witness(Arc::clone(&seen));
    let failing = MockSession::scripted([Step::fail(ErrorKind::Denied)]).handle();
    let entered = failing.enter(async move { drop(witness) }).await;
    assert!(entered.is_err());
    assert!(!seen.load(Ordering::SeqCst), "a failed session was current");
}

#[tokio::test]
async fn a_block_that_failed_to_open_does_not_close_for_others() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::fail(ErrorKind::Unavailable),
        Step::bearer("t").behind(&gate),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    session.enter(async {}).await.unwrap_err();
    clock.advance(Duration::from_secs(1));
    let mut entered = Box::pin(session.enter(whoami()));
    assert!(poll_once(&mut entered).is_pending());
    gate.open();
    assert_eq!(entered.await.unwrap(), "Bearer t");
}

#[tokio::test]
async fn blocks_do_not_hammer_a_server_that_refuses() {
    let clock = MockClock::new();
    let mock =
        MockSession::scripted([Step::fail(ErrorKind::Denied), Step::bearer("t")]).by_clock(&clock);
    let session = mock.handle();
    for _ in 0..100 {
        assert_eq!(
            session.enter(async {}).await.unwrap_err().kind(),
            ErrorKind::Denied
        );
        assert_eq!(
            session.blocking().enter(|| ()).unwrap_err().kind(),
            ErrorKind::Denied
        );
    }
    assert_eq!(mock.calls(), [Call::Init]);
    assert_eq!(session.status().failure.unwrap().kind(), ErrorKind::Denied);
    session.init().await.unwrap();
    assert!(session.status().failure.is_none());
}

#[tokio::test]
async fn a_failed_close_on_exit_does_not_replace_the_value() {
    let mock = MockSession::bearer("t");
    mock.then_close(Step::fail(ErrorKind::Unavailable));
    assert_eq!(mock.handle().enter(async { 42 }).await.unwrap(), 42);
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[tokio::test]
async fn leaving_waits_for_the_close() {
    let gate = Gate::new();
    let mock = MockSession::bearer("t");
    mock.then_close(Step::bearer("done").behind(&gate));
    let session = mock.handle();
    let mut entered = tokio::spawn(session.enter(async { 7 }));
    gate.arrived(1).await;
    assert!(poll_once(&mut entered).is_pending());
    gate.open();
    assert_eq!(entered.await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn the_future_can_be_spawned() {
    let session = MockSession::bearer("t").handle();
    assert_eq!(
        tokio::spawn(session.enter(whoami()))
            .await
            .unwrap()
            .unwrap(),
        "Bearer t"
    );
}

#[tokio::test]
async fn a_block_that_is_dropped_closes_in_the_background() {
    let closed = Gate::new();
    let mock = MockSession::bearer("t");
    mock.then_close(Step::bearer("done").behind(&closed));
    let session = mock.handle();
    let inside = Gate::new();
    let block = inside.clone();
    let entered = tokio::spawn(session.enter(async move { block.pass().await }));
    inside.arrived(1).await;
    assert_eq!(session.status().state, State::Open);
    entered.abort();
    assert!(entered.await.unwrap_err().is_cancelled());
    assert_eq!(session.status().state, State::Closed);
    closed.arrived(1).await;
    closed.open();
}

#[tokio::test]
async fn a_block_dropped_while_it_opens_closes_what_came() {
    let (gate, closed) = (Gate::new(), Gate::new());
    let mock = MockSession::scripted([Step::bearer("t").behind(&gate)]);
    mock.then_close(Step::bearer("done").behind(&closed));
    let session = mock.handle();
    let mut entered = Box::pin(session.enter(async {}));
    assert!(poll_once(&mut entered).is_pending());
    gate.arrived(1).await;
    drop(entered);
    assert_eq!(session.status().state, State::Closed);
    gate.open();
    closed.arrived(1).await;
    closed.open();
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[tokio::test]
async fn an_init_that_joined_keeps_what_a_dropped_block_started() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("t").behind(&gate)]);
    let session = mock.handle();
    let mut entered = Box::pin(session.enter(async {}));
    assert!(poll_once(&mut entered).is_pending());
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    drop(entered);
    gate.open();
    init.await.unwrap();
    assert_eq!(session.status().state, State::Open);
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn one_that_leaves_closes_for_nobody_else() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    let gate = Gate::new();
    let (inside, handle) = (gate.clone(), session.clone());
    let long = tokio::spawn(session.enter(async move {
        inside.pass().await;
        handle.status().state
    }));
    gate.arrived(1).await;
    session.enter(async {}).await.unwrap();
    assert_eq!(mock.count(Call::Close), 0);
    gate.open();
    assert_eq!(long.await.unwrap().unwrap(), State::Open);
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[tokio::test]
async fn a_panicking_block_leaves_too() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    let entered = tokio::spawn(session.enter(async { panic!("the block's own business") }));
    assert!(entered.await.unwrap_err().is_panic());
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(whoami().await, "NoSession");
    session.enter(async {}).await.unwrap();
}

#[tokio::test]
async fn a_close_inside_is_final_for_the_block() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    session
        .enter(async {
            session.close().await.unwrap();
            assert_eq!(
                bearer(&session).await.unwrap_err().kind(),
                ErrorKind::Closed
            );
        })
        .await
        .unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[tokio::test]
async fn what_a_dropped_block_held_is_dropped_before_it_leaves() {
    struct Ask(session_core::SessionHandle, Arc<AtomicBool>);
    impl Drop for Ask {
        fn drop(&mut self) {
            self.1
                .store(self.0.status().state == State::Open, Ordering::SeqCst);
        }
    }
    let was_open = Arc::new(AtomicBool::new(false));
    let session = MockSession::bearer("t").handle();
    let inside = Gate::new();
    let (ask, block) = (Ask(session.clone(), Arc::clone(&was_open)), inside.clone());
    let entered = tokio::spawn(session.enter(async move {
        let _ask = ask;
        block.pass().await;
    }));
    inside.arrived(1).await;
    entered.abort();
    assert!(entered.await.is_err());
    assert!(was_open.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shared_session_is_never_closed_under_a_user() {
    const USERS: usize = 4;
    const ROUNDS: usize = 1_000;
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    let users: Vec<_> = (0..USERS)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    let block = async {
                        tokio::task::yield_now().await;
                        current().unwrap().credential().await.map(drop)
                    };
                    session
                        .enter(block)
                        .await
                        .unwrap()
                        .expect("closed under a user");
                }
            })
        })
        .collect();
    for user in users {
        user.await.unwrap();
    }
    assert_eq!(mock.count(Call::Init), mock.count(Call::Close));
    assert_eq!(session.status().state, State::Closed);
}

#[tokio::test]
async fn blocks_of_two_sessions_interleaved_on_one_thread_do_not_cross() {
    let (a, b) = (
        MockSession::bearer("a").handle(),
        MockSession::bearer("b").handle(),
    );
    let block = || async {
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(whoami().await);
            tokio::task::yield_now().await;
        }
        seen
    };
    let (a, b) = tokio::join!(a.enter(block()), b.enter(block()));
    assert_eq!(a.unwrap(), vec!["Bearer a"; 5]);
    assert_eq!(b.unwrap(), vec!["Bearer b"; 5]);
}

/// Else users with little patience would have a server that fails slowly be asked without a pause.
#[tokio::test]
async fn a_failure_after_its_users_left_is_shared_and_followed_by_a_pause() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let busy = Error::new(ErrorKind::Unavailable, "busy").with_retry_after(Duration::from_secs(30));
    let mock = MockSession::scripted([Step::error(busy).behind(&gate), Step::bearer("t")]);
    let session = mock.clone().by_clock(&clock).handle();
    let mut impatient = Box::pin(session.enter(async {}));
    assert!(poll_once(&mut impatient).is_pending());
    gate.arrived(1).await;
    drop(impatient);
    let mut next = Box::pin(session.enter(async {}));
    assert!(poll_once(&mut next).is_pending());
    gate.open();
    assert_eq!(next.await.unwrap_err().kind(), ErrorKind::Unavailable);
    let error = session.enter(async {}).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));

    clock.advance(Duration::from_secs(30));
    session.enter(async {}).await.unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Init, Call::Close]);
}

#[tokio::test]
async fn an_init_after_a_close_tries_whatever_became_of_what_was_closed() {
    let gate = Gate::new();
    let mock = MockSession::scripted([
        Step::fail(ErrorKind::Unavailable).behind(&gate),
        Step::bearer("t"),
    ]);
    let session = mock.handle();
    let mut first = Box::pin(session.init());
    assert!(poll_once(&mut first).is_pending());
    gate.arrived(1).await;
    let mut close = Box::pin(session.close());
    assert!(poll_once(&mut close).is_pending());
    let mut second = Box::pin(session.init());
    assert!(poll_once(&mut second).is_pending());
    gate.open();
    second.await.unwrap();
    assert_eq!(first.await.unwrap_err().kind(), ErrorKind::Closed);
    close.await.unwrap();
}

#[test]
fn nesting_does_not_double_the_future() {
    let session = MockSession::bearer("t").handle();
    let block = async {
        let ballast = [0_u8; 4096];
        tokio::task::yield_now().await;
        std::hint::black_box(&ballast);
    };
    let alone = size_of_val(&block);
    let nested = session.enter(session.enter(session.enter(session.enter(block))));
    assert!(
        size_of_val(&nested) < alone + 1024,
        "{} for {alone}",
        size_of_val(&nested)
    );
}

#[tokio::test]
#[should_panic(expected = "polled after completion")]
async fn polling_it_after_its_end_is_a_bug_that_shows() {
    let session = MockSession::bearer("t").handle();
    let mut entered = pin!(session.enter(async {}));
    entered.as_mut().await.unwrap();
    let _ = entered.await;
}

#[test]
fn debug_shows_the_session() {
    let session = MockSession::bearer("t").handle();
    assert!(format!("{:?}", session.enter(async {})).contains("mock"));
    assert!(format!("{:?}", async {}.with_session(&session)).contains("Scoped"));
}

/// Notes on drop whether a session was current.
struct Witness(Arc<AtomicBool>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.store(current().is_ok(), Ordering::SeqCst);
    }
}
