//! Many callers, and callers that go away.

use std::time::Duration;

use crate::support::{bearer, poll_once};
use futures_util::future::join_all;
use session_core::{ErrorKind, State};
use session_mock::{Call, Gate, MockClock, MockSession, Step};

const CALLERS: usize = 10_000;

#[tokio::test]
async fn ten_thousand_that_init_or_enter_authenticate_once() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("t").behind(&gate)]);
    let session = mock.handle();
    let mut inits: Vec<_> = (0..CALLERS / 2).map(|_| Box::pin(session.init())).collect();
    let mut blocks: Vec<_> = (0..CALLERS / 2)
        .map(|_| Box::pin(session.enter(bearer(&session))))
        .collect();
    assert!(inits.iter_mut().all(|init| poll_once(init).is_pending()));
    assert!(blocks.iter_mut().all(|block| poll_once(block).is_pending()));
    gate.open();
    for outcome in join_all(inits).await {
        outcome.unwrap();
    }
    for outcome in join_all(blocks).await {
        assert_eq!(outcome.unwrap().unwrap(), "Bearer t");
    }
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn ten_thousand_callers_of_an_expired_session_renew_once() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let lifetime = Duration::from_secs(60);
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(lifetime),
        Step::bearer("b").expires_in(lifetime).behind(&gate),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    session.init().await.unwrap();
    clock.advance(lifetime);
    let mut callers: Vec<_> = (0..CALLERS).map(|_| Box::pin(bearer(&session))).collect();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_on_many_threads_share_one_authentication() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("t").behind(&gate)]);
    let session = mock.handle();
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.init().await })
        })
        .collect();
    gate.arrived(1).await;
    gate.open();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn dropping_every_caller_abandons_no_authentication() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("t").behind(&gate)]);
    let session = mock.handle();
    let mut inits: Vec<_> = (0..10).map(|_| Box::pin(session.init())).collect();
    assert!(inits.iter_mut().all(|init| poll_once(init).is_pending()));
    gate.arrived(1).await;
    drop(inits);
    gate.open();
    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t");
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn dropping_every_caller_abandons_no_renewal() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let lifetime = Duration::from_secs(60);
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(lifetime),
        Step::bearer("b").behind(&gate),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    session.init().await.unwrap();
    clock.advance(lifetime);
    let mut caller = Box::pin(bearer(&session));
    assert!(poll_once(&mut caller).is_pending());
    gate.arrived(1).await;
    drop(caller);
    gate.open();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}

#[tokio::test]
async fn some_of_the_callers_may_go_while_others_wait() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("t").behind(&gate)]);
    let session = mock.handle();
    let mut inits: Vec<_> = (0..100).map(|_| Box::pin(session.init())).collect();
    for _ in 0..2 {
        assert!(inits.iter_mut().all(|init| poll_once(init).is_pending()));
    }
    inits.truncate(50);
    gate.open();
    for outcome in join_all(inits).await {
        outcome.unwrap();
    }
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn a_runtime_that_ends_strands_nothing() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("t").behind(&gate)]);
    let session = mock.handle();
    let (handle, arrived) = (session.clone(), gate.clone());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let init = tokio::spawn(async move { handle.init().await });
            arrived.arrived(1).await;
            drop(init);
        });
    })
    .join()
    .unwrap();
    gate.open();
    session.init().await.unwrap();
    assert_eq!(session.status().state, State::Open);
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn one_failure_is_the_same_for_all_who_waited() {
    let gate = Gate::new();
    let mock = MockSession::scripted([
        Step::fail(ErrorKind::Denied).behind(&gate),
        Step::bearer("t"),
    ]);
    let session = mock.handle();
    let mut inits: Vec<_> = (0..100).map(|_| Box::pin(session.init())).collect();
    let mut blocks: Vec<_> = (0..100)
        .map(|_| Box::pin(session.enter(async {})))
        .collect();
    assert!(inits.iter_mut().all(|init| poll_once(init).is_pending()));
    assert!(blocks.iter_mut().all(|block| poll_once(block).is_pending()));
    gate.open();
    for outcome in join_all(inits)
        .await
        .into_iter()
        .chain(join_all(blocks).await)
    {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Denied);
    }
    assert_eq!(mock.calls(), [Call::Init], "none of them started its own");
}
