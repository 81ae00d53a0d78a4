//! Executors that hang, drop, panic and end; time limits; carriers.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::support::{bearer, poll_once};
use session_core::{
    BackgroundThread, BoxFuture, Carrier, ErrorKind, Executor, SessionBuilder, SessionHandle, State,
};
use session_mock::{Call, Gate, MockClock, MockExecutor, MockSession, Step};
use tokio::sync::watch;

/// Drops the first tasks, then works.
#[derive(Clone, Debug)]
struct Faulty {
    drops: Arc<AtomicUsize>,
    panics: bool,
    /// How many tasks have run to their end.
    done: Arc<watch::Sender<usize>>,
}

impl Executor for Faulty {
    fn spawn(&self, task: BoxFuture<()>) {
        let left = self
            .drops
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        match left {
            Ok(_) if self.panics => panic!("no runtime here"),
            Ok(_) => drop(task),
            Err(_) => {
                let done = Arc::clone(&self.done);
                BackgroundThread.spawn(Box::pin(async move {
                    task.await;
                    done.send_modify(|done| *done += 1);
                }));
            }
        }
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        BackgroundThread.sleep(time)
    }
}

#[tokio::test]
async fn an_executor_that_drops_or_panics_is_an_error_and_strands_nobody() {
    for panics in [false, true] {
        let drops = Arc::new(AtomicUsize::new(1));
        let mock = MockSession::bearer("t");
        let executor = Faulty {
            drops: Arc::clone(&drops),
            panics,
            done: Arc::default(),
        };
        let mut done = executor.done.subscribe();
        let session = SessionHandle::builder(mock.clone())
            .executor(executor)
            .build();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("session `mock`"), "{error}");
        assert_eq!(mock.calls(), []);

        session.init().await.unwrap();
        // The task that opened it is not there any more to close it too.
        done.wait_for(|done| *done == 1).await.unwrap();
        drops.store(1, Ordering::SeqCst);
        assert_eq!(
            session.close().await.unwrap_err().kind(),
            ErrorKind::Unavailable
        );
        assert_eq!(session.status().state, State::Closed);
        session.init().await.unwrap();
        drops.store(1, Ordering::SeqCst);
        drop(session);
    }
}

#[tokio::test]
async fn what_nobody_keeps_is_not_open_after_its_renewal_was_dropped() {
    /// Works, or keeps tasks until it drops them all.
    #[derive(Clone, Default)]
    struct Stuck(Arc<Mutex<Option<Vec<BoxFuture<()>>>>>);
    impl std::fmt::Debug for Stuck {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Stuck")
        }
    }
    impl Executor for Stuck {
        fn spawn(&self, task: BoxFuture<()>) {
            match &mut *self.0.lock().unwrap() {
                Some(stuck) => stuck.push(task),
                None => BackgroundThread.spawn(task),
            }
        }
        fn sleep(&self, time: Duration) -> BoxFuture<()> {
            BackgroundThread.sleep(time)
        }
    }
    let (clock, executor) = (MockClock::new(), Stuck::default());
    let mock = MockSession::scripted([Step::bearer("t").expires_in(Duration::from_secs(60))]);
    let session = SessionHandle::builder(mock.by_clock(&clock))
        .clock(clock.clone())
        .executor(executor.clone())
        .build();
    let mut block = Box::pin(session.enter(std::future::pending::<()>()));
    let mut changes = session.changes();
    while session.status().state != State::Open {
        assert!(poll_once(&mut block).is_pending());
        changes.next().await.unwrap();
    }
    clock.advance(Duration::from_secs(61));
    *executor.0.lock().unwrap() = Some(Vec::new());
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    // Open no longer for the block, but for the `init`; and that fails.
    drop(block);
    let stuck = executor.0.lock().unwrap().replace(Vec::new());
    drop(stuck);
    assert_eq!(init.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(session.status().state, State::Closed);
}

#[test]
fn a_runtime_without_timers_is_told_from_a_faulty_backend() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let mock = MockSession::bearer("t");
    let session = SessionHandle::builder(mock.clone())
        .executor(runtime.handle().clone())
        .build();
    let error = session.blocking().init().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("enable_time"), "{error}");
    assert_eq!(mock.calls(), [], "nothing was got that would be lost");
}

#[test]
fn a_runtime_of_the_callers_may_be_the_executor() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("t"), Step::bearer("u").behind(&gate)]);
    let session = SessionHandle::builder(mock.clone())
        .executor(runtime.handle().clone())
        .build();
    session.blocking().init().unwrap();
    session.blocking().close().unwrap();

    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    runtime.block_on(gate.arrived(1));
    runtime.shutdown_background();
    let waited = BlockingWait(session.clone());
    assert_eq!(waited.outcome(init).kind(), ErrorKind::Unavailable);
    let error = session.blocking().init().unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Unavailable,
        "a runtime that has ended"
    );
    assert_eq!(session.status().state, State::Closed);
}

/// Waits for a future of this session on a runtime of its own.
struct BlockingWait(SessionHandle);

impl BlockingWait {
    fn outcome(&self, init: impl Future<Output = session_core::Result<()>>) -> session_core::Error {
        assert_eq!(self.0.name(), "mock");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(init).unwrap_err()
    }
}

#[tokio::test]
async fn a_tokio_executor_can_wait() {
    let handle = tokio::runtime::Handle::current();
    let timer = Executor::sleep(&handle, Duration::ZERO);
    tokio::spawn(timer).await.unwrap();
    let (done, gate) = (Gate::new(), Gate::new());
    gate.open();
    let inside = done.clone();
    BackgroundThread.spawn(Box::pin(async move {
        BackgroundThread.sleep(Duration::ZERO).await;
        inside.pass().await;
    }));
    done.arrived(1).await;
    done.open();
}

#[tokio::test]
async fn a_backend_that_hangs_runs_into_the_time_limit() {
    let clock = MockClock::new();
    let hang = Gate::new();
    let mock = MockSession::scripted([Step::bearer("x").behind(&hang), Step::bearer("t")]);
    let session = SessionHandle::builder(mock.clone())
        .clock(clock.clone())
        .executor(MockExecutor::new(&clock))
        .time_limit(Duration::from_secs(5))
        .build();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    hang.arrived(1).await;
    clock.advance(Duration::from_secs(5));
    let error = init.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("`init` did not end within 5s"),
        "{error}"
    );
    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t");
}

#[tokio::test]
async fn the_usual_time_limit_is_a_minute() {
    let (clock, hang) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([Step::bearer("x").behind(&hang)]).by_clock(&clock);
    let session = mock.handle();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    hang.arrived(1).await;
    assert_eq!(SessionBuilder::TIME_LIMIT, Duration::from_secs(60));
    clock.advance(SessionBuilder::TIME_LIMIT);
    assert_eq!(init.await.unwrap_err().kind(), ErrorKind::Unavailable);
}

/// Counts how often it was told to disconnect.
#[derive(Default)]
struct Connections(watch::Sender<usize>);

impl Connections {
    fn told(&self) -> usize {
        *self.0.borrow()
    }
}

impl Carrier for Connections {
    fn disconnect(&self) {
        self.0.send_modify(|told| *told += 1);
    }
}

#[tokio::test]
async fn carriers_drop_their_connections_when_the_session_closes() {
    let session = MockSession::bearer("t").handle();
    let (kept, gone) = <(Arc<Connections>, Arc<Connections>)>::default();
    session.attach(&gone);
    drop(gone);
    session.attach(&kept);
    let second = Arc::<Connections>::default();
    session.attach(&second);
    session.init().await.unwrap();
    assert_eq!(kept.told(), 0);
    session.close().await.unwrap();
    assert_eq!((kept.told(), second.told()), (1, 1));
    session.enter(async {}).await.unwrap();
    assert_eq!(kept.told(), 2);
    session.init().await.unwrap();
    session.enter(async {}).await.unwrap();
    assert_eq!(kept.told(), 2, "it did not close");
    drop(session);
    // The executor may be the last to let go of it.
    let told = kept
        .0
        .subscribe()
        .wait_for(|told| *told == 3)
        .await
        .map(|told| *told);
    assert_eq!(told.unwrap(), 3);
}

#[tokio::test]
async fn backends_run_on_a_thread_of_their_own_and_may_use_the_network() {
    use async_trait::async_trait;
    use session_core::{BasicEnvironment, Credential, Environment, Result, Session};

    #[derive(Debug)]
    struct Probe(BasicEnvironment);
    #[async_trait]
    impl Session for Probe {
        fn scheme(&self) -> &'static str {
            "probe"
        }
        fn environment(&self) -> &dyn Environment {
            &self.0
        }
        async fn init(&self) -> Result<Credential> {
            tokio::task::yield_now().await;
            let thread = std::thread::current();
            Ok(Credential::bearer(thread.name().unwrap_or("?")))
        }
    }
    let session = SessionHandle::new(Probe(
        BasicEnvironment::new("t")
            .service("api", "https://api.mock.test/")
            .unwrap(),
    ));
    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer session-kit");
    assert_eq!(session.status().environment, "t");
    let mock = MockSession::bearer("x");
    assert_eq!(mock.calls(), [] as [Call; 0]);
}
