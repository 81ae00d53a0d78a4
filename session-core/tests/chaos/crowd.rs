//! Several runtimes at once, and threads without one.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    thread,
    time::Duration,
};

use fastrand::Rng;
use session_core::{ErrorKind, Result, SessionHandle, State};
use session_mock::{MockClock, MockExecutor};
use tokio::runtime::{Builder, Runtime};

use crate::{
    backend::{Fickle, Notes},
    each_seed,
    store::Shaky,
    walk::authorize,
};

/// What each of the crowd does.
const TURNS: usize = 200;
const TIME_LIMIT: Duration = Duration::from_secs(5);

#[test]
fn many_tasks_on_several_runtimes_get_answers_and_leave_nothing_behind() {
    each_seed(8, |seed| Crowd::new(seed).run());
}

struct Crowd {
    rng: Rng,
    clock: MockClock,
    executor: MockExecutor,
    backend: Fickle,
    store: Option<Shaky>,
    session: SessionHandle,
    /// Who is not through yet.
    busy: Arc<AtomicUsize>,
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let clock = MockClock::new();
        let executor = MockExecutor::new(&clock);
        let with_store = rng.bool();
        // Time runs on between the engine's look at the clock and the backend's.
        let backend = Fickle::new(rng.fork(), &clock, Duration::ZERO, with_store);
        let store = with_store.then(|| Shaky::new(rng.fork()));
        let jitter = Mutex::new(rng.fork());
        let mut builder = SessionHandle::builder(backend.clone())
            .clock(clock.clone())
            .executor(executor.clone())
            .time_limit(TIME_LIMIT)
            .keep_warm(rng.bool())
            .jitter(move || jitter.lock().unwrap().f64());
        if let Some(store) = &store {
            builder = builder.store(store.clone());
        }
        Self {
            session: builder.build(),
            rng,
            clock,
            executor,
            backend,
            store,
            busy: Arc::default(),
        }
    }

    fn run(mut self) {
        let several = Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|_| several.spawn(self.visitor().visit()))
            .collect();
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let visitor = self.visitor();
                thread::spawn(move || match number {
                    0 | 1 => current_thread().block_on(visitor.visit()),
                    _ => visitor.visit_blocking(),
                })
            })
            .collect();
        self.let_time_pass_until(|crowd| crowd.busy.load(Ordering::SeqCst) == 0);
        for task in tasks {
            several.block_on(task).unwrap();
        }
        for thread in threads {
            thread.join().unwrap();
        }
        self.end(&several);
    }

    /// All is well again: the session works, closes, and leaves nothing behind.
    fn end(mut self, runtime: &Runtime) {
        self.backend.calm_down();
        if let Some(store) = &self.store {
            store.calm_down();
        }
        let session = self.session.clone();
        let end = runtime.spawn(async move {
            // This one may join an authentication that began when nothing was well.
            expect_fair(session.init().await);
            session.init().await.unwrap();
            authorize(&session).await.unwrap();
            session.close().await
        });
        // Until whatever hangs is given up.
        self.let_time_pass_until(|_| end.is_finished());
        drop(runtime.block_on(end).unwrap());
        assert_eq!(self.session.status().state, State::Closed);
        // Until whoever tries to save something in the background gives up.
        let executor = self.executor.clone();
        let idle = runtime.spawn(async move { executor.idle().await });
        self.let_time_pass_until(|_| idle.is_finished());
        self.backend.notes().check();
        drop(self.session);
        assert_eq!(self.backend.notes().held(), 0, "a credential is left");
    }

    fn let_time_pass_until(&mut self, is_it: impl Fn(&Self) -> bool) {
        while !is_it(self) {
            self.clock
                .advance(Duration::from_millis(self.rng.u64(1..300)));
            thread::yield_now();
        }
    }

    fn visitor(&mut self) -> Visitor {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Visitor {
            rng: self.rng.fork(),
            session: self.session.clone(),
            notes: Arc::clone(self.backend.notes()),
            _through: Through(Arc::clone(&self.busy)),
        }
    }
}

/// One that does all sorts of things with the session.
struct Visitor {
    rng: Rng,
    session: SessionHandle,
    notes: Arc<Notes>,
    _through: Through,
}

impl Visitor {
    async fn visit(mut self) {
        for _ in 0..TURNS {
            let session = &self.session;
            match self.rng.usize(..20) {
                0..2 => expect_fair(session.init().await),
                2..6 => {
                    let block = async {
                        tokio::task::yield_now().await;
                        drop(authorize(session).await);
                        tokio::task::yield_now().await;
                    };
                    expect_fair(session.enter(block).await);
                }
                6..14 => expect_fair(authorize(session).await),
                14..17 => {
                    if let Ok(receipt) = authorize(session).await {
                        expect_fair(session.report_refusal(&receipt, &[]).await);
                    }
                }
                17 => {
                    self.notes.closes.fetch_add(1, Ordering::SeqCst);
                    drop(session.close().await);
                }
                _ => {
                    // Gone before there is an answer.
                    let mut context = Context::from_waker(Waker::noop());
                    drop(pin!(session.init()).poll(&mut context));
                    drop(pin!(session.enter(authorize(session))).poll(&mut context));
                    drop(pin!(authorize(session)).poll(&mut context));
                }
            }
        }
    }

    fn visit_blocking(mut self) {
        for _ in 0..TURNS {
            let blocking = self.session.blocking();
            match self.rng.usize(..6) {
                0 => expect_fair(blocking.init()),
                1..5 => expect_fair(blocking.enter(|| drop(session_core::current()))),
                _ => drop(blocking.close()),
            }
        }
    }
}

/// Whoever holds this is not through yet.
struct Through(Arc<AtomicUsize>);

impl Drop for Through {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A failure is the backend's, or that of a session that somebody closed.
fn expect_fair<T>(outcome: Result<T>) {
    if let Err(error) = outcome {
        let kind = error.kind();
        assert!(
            matches!(
                kind,
                ErrorKind::Closed
                    | ErrorKind::Unavailable
                    | ErrorKind::Protocol
                    | ErrorKind::Denied
            ),
            "{error}"
        );
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}
