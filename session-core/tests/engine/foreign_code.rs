//! Code of others that panics or calls back: it strands nobody.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
    thread,
    time::Duration,
};

use session_core::{BoxFuture, Carrier, Error, ErrorKind, Executor, SessionHandle, State};
use session_mock::{Call, Gate, MockClock, MockSession, Step};
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

use crate::support::{bearer, poll_once};

const MINUTE: Duration = Duration::from_secs(60);

struct Explodes;

impl Wake for Explodes {
    fn wake(self: Arc<Self>) {
        panic!("the waker's own bug")
    }
}

#[tokio::test]
async fn a_waker_that_panics_keeps_nobody_else_waiting() {
    let gate = Gate::new();
    let session = MockSession::scripted([Step::bearer("t").behind(&gate)]).handle();
    let mut first = Box::pin(session.init());
    let waker = Waker::from(Arc::new(Explodes));
    let polled = first.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    let mut second = Box::pin(session.init());
    assert!(poll_once(&mut second).is_pending());
    gate.open();
    second.await.unwrap();
}

impl Carrier for Explodes {
    fn disconnect(&self) {
        panic!("the carrier's own bug")
    }
}

#[tokio::test]
async fn a_carrier_that_panics_keeps_nobody_waiting() {
    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::bearer("a").expires_in(MINUTE),
        Step::fail(ErrorKind::Unavailable).behind(&gate),
    ])
    .by_clock(&clock);
    let session = mock.handle();
    let carrier = Arc::new(Explodes);
    session.attach(&carrier);
    let mut init = Box::pin(session.init());
    let block = async {
        clock.advance(MINUTE);
        assert!(poll_once(&mut init).is_pending());
    };
    session.enter(block).await.unwrap();
    gate.open();
    // The session was open for this `init` alone, and is closed as it fails.
    assert_eq!(init.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(session.status().state, State::Closed);
    drop(session);
}

/// An error's source that looks at the session when it is dropped.
#[derive(Debug, Default)]
struct Nosy(Arc<Mutex<Option<SessionHandle>>>);

impl fmt::Display for Nosy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nosy")
    }
}

impl StdError for Nosy {}

impl Drop for Nosy {
    fn drop(&mut self) {
        let session = self.0.lock().unwrap().take();
        if let Some(session) = session {
            session.status();
        }
    }
}

#[tokio::test]
async fn a_source_that_calls_back_as_it_is_dropped_blocks_nobody() {
    let place = Arc::default();
    let error = Error::new(ErrorKind::Unavailable, "away").with_source(Nosy(Arc::clone(&place)));
    let mock = MockSession::scripted([Step::error(error), Step::bearer("t")]);
    let session = mock.handle();
    drop(session.init().await.unwrap_err());
    *place.lock().unwrap() = Some(session.clone());
    session.init().await.unwrap();
    assert_eq!(session.status().state, State::Open);
}

/// A subscriber that panics at events, once it is armed.
#[derive(Clone, Debug)]
struct Touchy(Arc<AtomicBool>);

impl Subscriber for Touchy {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        assert!(!self.0.load(Ordering::SeqCst), "the subscriber's own bug");
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Executor for Touchy {
    fn spawn(&self, task: BoxFuture<()>) {
        let subscriber = self.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let run = || runtime.unwrap().block_on(task);
            tracing::subscriber::with_default(subscriber, run);
        });
    }

    fn sleep(&self, _: Duration) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_subscriber_that_panics_costs_no_credential() {
    let (clock, armed) = (MockClock::new(), Arc::new(AtomicBool::new(false)));
    let mock = MockSession::scripted([Step::bearer("a").expires_in(MINUTE), Step::bearer("b")]);
    let builder = mock.builder().clock(clock.clone());
    let session = builder.executor(Touchy(Arc::clone(&armed))).build();
    session.init().await.unwrap();
    clock.advance(MINUTE);
    armed.store(true, Ordering::SeqCst);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Renew]);
}

/// What a thread holds until its end.
type Held = Pin<Box<dyn Future<Output = ()>>>;

#[test]
fn where_a_thread_ends_no_other_session_stands_in_for_that_of_the_scope() {
    use std::{cell::RefCell, sync::mpsc};

    use session_core::current;

    struct Witness(mpsc::Sender<Option<String>>);
    impl Drop for Witness {
        fn drop(&mut self) {
            let name = current().ok().map(|session| session.name().to_owned());
            let _ = self.0.send(name);
        }
    }
    thread_local! {
        static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
    }
    let (seen, told) = mpsc::channel();
    let of_the_scope = MockSession::bearer("t").builder().name("scope").build();
    let end = move || {
        // Before the scopes' own, and so dropped after it.
        HELD.with_borrow_mut(|held| *held = Some(Box::pin(std::future::pending())));
        let witness = Witness(seen);
        let mut future = Box::pin(of_the_scope.scope(async move {
            let _witness = witness;
            std::future::pending::<()>().await;
        }));
        assert!(poll_once(&mut future).is_pending());
        HELD.with_borrow_mut(|held| *held = Some(future));
    };
    thread::spawn(end).join().unwrap();
    let seen = told.recv().unwrap();
    assert!(
        seen.is_none() || seen.as_deref() == Some("scope"),
        "{seen:?}"
    );
}
