//! What a backend has left to do once its session is open.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, BoxFuture, Cause, Credential, Environment, ErrorKind, Executor, Identity,
    MemoryStore, Result, Session, SessionHandle, State,
};
use session_mock::{Call, Gate, MockClock, MockExecutor, MockSession, Step};
use tokio::sync::watch;

use crate::support::{API, authorize, bearer, poll_once};

const MINUTE: Duration = Duration::from_secs(60);

/// A backend that notes when what begins and ends; what follows its opening waits at a gate.
#[derive(Clone, Debug)]
struct Noted {
    environment: BasicEnvironment,
    gate: Gate,
    notes: Arc<watch::Sender<Vec<&'static str>>>,
}

impl Noted {
    fn new() -> Self {
        let mock = BasicEnvironment::new("mock").service("api", "https://api.mock.test/");
        Self {
            environment: mock.unwrap(),
            gate: Gate::new(),
            notes: Arc::default(),
        }
    }

    fn note(&self, what: &'static str) {
        self.notes.send_modify(|notes| notes.push(what));
    }

    /// Waits for this note. All of them up to there.
    async fn until(&self, what: &'static str) -> Vec<&'static str> {
        let mut notes = self.notes.subscribe();
        let found = notes.wait_for(|notes| notes.contains(&what)).await;
        found.unwrap().clone()
    }
}

/// What follows the opening, until it is done or dropped.
struct Work(Noted, &'static str);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.note(self.1);
    }
}

#[async_trait]
impl Session for Noted {
    fn scheme(&self) -> &'static str {
        "noted"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        self.note("init");
        Ok(Credential::bearer("a"))
    }

    async fn renew(&self, _: &Credential, _: Cause<'_>) -> Result<Credential> {
        self.note("renew");
        Ok(Credential::bearer("b"))
    }

    fn follow_up(&self, credential: &Credential) -> Option<BoxFuture<Result<()>>> {
        let backend = self.clone();
        let token = credential.header(&http::header::AUTHORIZATION).cloned();
        Some(Box::pin(async move {
            assert_eq!(token.unwrap().expose(), b"Bearer a");
            backend.note("begun");
            let gate = backend.gate.clone();
            let mut work = Work(backend, "dropped");
            gate.pass().await;
            work.1 = "done";
            Ok(())
        }))
    }

    async fn close(&self, _: &Credential) -> Result<()> {
        self.note("close");
        Ok(())
    }
}

#[tokio::test]
async fn nobody_waits_for_what_follows_the_opening() {
    let backend = Noted::new();
    let session = SessionHandle::new(backend.clone());
    session.init().await.unwrap();
    backend.until("begun").await;
    let (headers, receipt) = authorize(&session, API).await.unwrap();
    assert_eq!(headers["authorization"], "Bearer a");
    session.report_refusal(&receipt, &[]).await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    backend.gate.open();
    let notes = backend.until("done").await;
    assert_eq!(notes, ["init", "begun", "renew", "done"]);
}

#[tokio::test]
async fn what_follows_the_opening_is_over_before_the_credential_is_ended() {
    let backend = Noted::new();
    let session = SessionHandle::new(backend.clone());
    for _ in 0..2 {
        session.init().await.unwrap();
        backend.until("begun").await;
        session.close().await.unwrap();
        let notes = backend.notes.send_replace(Vec::new());
        assert_eq!(notes, ["init", "begun", "dropped", "close"]);
    }
}

#[tokio::test]
async fn what_follows_the_opening_keeps_no_session_alive() {
    let backend = Noted::new();
    let session = SessionHandle::new(backend.clone());
    session.init().await.unwrap();
    backend.until("begun").await;
    drop(session);
    let notes = backend.until("close").await;
    assert_eq!(notes, ["init", "begun", "dropped", "close"]);
}

/// Keeps tasks until the test runs them, or drops them.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<VecDeque<BoxFuture<()>>>>);

impl Queue {
    fn next(&self) -> BoxFuture<()> {
        self.0.lock().unwrap().pop_front().unwrap()
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl Executor for Queue {
    fn spawn(&self, task: BoxFuture<()>) {
        self.0.lock().unwrap().push_back(task);
    }

    fn sleep(&self, _: Duration) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn what_was_not_begun_when_the_session_closed_never_is() {
    for opens_again in [false, true] {
        let (mock, queue) = (MockSession::bearer("t"), Queue::default());
        mock.then_follow_up(Step::bearer("done"));
        let session = mock.builder().executor(queue.clone()).build();
        let mut init = Box::pin(session.init());
        assert!(poll_once(&mut init).is_pending());
        queue.next().await;
        init.await.unwrap();
        let follow_up = queue.next();
        let mut close = Box::pin(session.close());
        assert!(poll_once(&mut close).is_pending());
        if opens_again {
            let mut init = Box::pin(session.init());
            assert!(poll_once(&mut init).is_pending());
            queue.next().await;
            init.await.unwrap();
            close.await.unwrap();
            follow_up.await;
            assert_eq!(mock.calls(), [Call::Init, Call::Close, Call::Init]);
        } else {
            follow_up.await;
            queue.next().await;
            close.await.unwrap();
            assert_eq!(mock.calls(), [Call::Init, Call::Close]);
        }
    }
}

#[tokio::test]
async fn an_executor_that_drops_what_follows_the_opening_strands_nobody() {
    for is_begun in [false, true] {
        let (mock, queue) = (MockSession::bearer("t"), Queue::default());
        mock.then_follow_up(Step::hang());
        let session = mock.builder().executor(queue.clone()).build();
        let mut init = Box::pin(session.init());
        assert!(poll_once(&mut init).is_pending());
        queue.next().await;
        init.await.unwrap();
        let mut follow_up = queue.next();
        if is_begun {
            assert!(poll_once(&mut follow_up).is_pending());
        }
        let mut close = Box::pin(session.close());
        assert!(poll_once(&mut close).is_pending());
        let mut driver = queue.next();
        // It waits for what was begun.
        assert_eq!(poll_once(&mut driver).is_pending(), is_begun);
        drop(follow_up);
        if is_begun {
            driver.await;
        }
        close.await.unwrap();
    }
}

#[tokio::test]
async fn a_renewal_is_followed_by_nothing_and_each_opening_is() {
    let clock = MockClock::new();
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(MINUTE),
        Step::bearer("b").expires_in(MINUTE),
        Step::fail(ErrorKind::Denied),
        Step::bearer("c"),
    ])
    .by_clock(&clock);
    let executor = MockExecutor::new(&clock);
    let session = mock.builder().executor(executor.clone()).build();
    for _ in 0..3 {
        mock.then_follow_up(Step::bearer("done"));
    }
    session.init().await.unwrap();
    executor.idle().await;
    for expected in ["Bearer b", "Bearer c"] {
        clock.advance(MINUTE);
        // The second renewal is refused, and it starts over.
        session.init().await.unwrap();
        assert_eq!(bearer(&session).await.unwrap(), expected);
    }
    executor.idle().await;
    assert_eq!(mock.count(Call::FollowUp), 1);
    session.close().await.unwrap();
    session.init().await.unwrap();
    executor.idle().await;
    assert_eq!(mock.count(Call::FollowUp), 2);
}

#[tokio::test]
async fn what_a_store_had_opens_a_session_as_well() {
    let clock = MockClock::new();
    let store = MemoryStore::new();
    let mock = MockSession::bearer("t").as_identity(Identity::new(["svc"]));
    for opening in 1..=2 {
        mock.then_follow_up(Step::bearer("done"));
        let executor = MockExecutor::new(&clock);
        let builder = mock.builder().store(store.clone());
        let session = builder.executor(executor.clone()).build();
        session.init().await.unwrap();
        executor.idle().await;
        assert_eq!(mock.count(Call::FollowUp), opening);
    }
    assert_eq!(mock.count(Call::Init), 1);
}

#[tokio::test]
async fn what_fails_panics_or_hangs_after_the_opening_concerns_nobody() {
    let clock = MockClock::new();
    let mock = MockSession::bearer("t").by_clock(&clock);
    let executor = MockExecutor::new(&clock);
    let builder = mock.builder().executor(executor.clone());
    let session = builder.time_limit(MINUTE).build();
    let closed = Gate::new();
    let hanging = Step::fail(ErrorKind::Denied).behind(&closed);
    for (step, hangs) in [
        (Step::fail(ErrorKind::Denied), false),
        (Step::panic(), false),
        (hanging, true),
    ] {
        mock.then_follow_up(step);
        session.init().await.unwrap();
        if hangs {
            closed.arrived(1).await;
            clock.advance(MINUTE);
        }
        executor.idle().await;
        assert_eq!(session.status().state, State::Open);
        assert!(session.status().failure.is_none());
        session.close().await.unwrap();
    }
    assert_eq!(mock.count(Call::FollowUp), 3);
    assert_eq!(mock.count(Call::Init), 3);
}

/// Panics when it is asked what there is to do.
#[derive(Debug)]
struct Careless(BasicEnvironment);

#[async_trait]
impl Session for Careless {
    fn scheme(&self) -> &'static str {
        "careless"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer("t"))
    }

    fn follow_up(&self, _: &Credential) -> Option<BoxFuture<Result<()>>> {
        panic!("the backend's own bug")
    }
}

#[tokio::test]
async fn a_panic_before_there_is_anything_to_do_concerns_nobody_either() {
    let session = SessionHandle::new(Careless(BasicEnvironment::new("t")));
    for _ in 0..2 {
        session.init().await.unwrap();
        assert_eq!(session.status().state, State::Open);
        session.close().await.unwrap();
    }
}
