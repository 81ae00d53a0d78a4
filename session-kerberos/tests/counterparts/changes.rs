//! Tickets that expire, and caches that change, while requests run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use session_core::{ErrorKind, SessionHandle, State};
use session_kerberos::KerberosBuilder;
use session_mock::{MockClock, MockExecutor};
use tokio::task::JoinHandle;

use crate::realm::{Realm, request, user};

/// Requests without pause by several tasks, until it is stopped.
struct Load {
    tasks: Vec<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
}

impl Load {
    /// Each must be answered, to one of these.
    fn start(session: &SessionHandle, users: &'static [&'static str]) -> Self {
        let (is_over, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let tasks = (0..4).map(|_| {
            let (session, is_over) = (session.clone(), Arc::clone(&is_over));
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let user = user(&session, "api", "").await;
                    assert!(users.contains(&user.as_str()), "{user}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        Self {
            tasks: tasks.collect(),
            is_over,
            answered,
        }
    }

    /// Waits for so many more answers.
    async fn answers(&self, count: usize) {
        let before = self.answered.load(Ordering::Relaxed);
        while self.answered.load(Ordering::Relaxed) < before + count {
            self.assert_running();
            tokio::task::yield_now().await;
        }
    }

    fn assert_running(&self) {
        let is_running = |task: &JoinHandle<()>| !task.is_finished();
        assert!(self.tasks.iter().all(is_running), "a request failed");
    }

    async fn stop(self) {
        self.is_over.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn opened(builder: KerberosBuilder) -> (SessionHandle, MockClock) {
    let clock = MockClock::new();
    let session = SessionHandle::builder(builder.build().unwrap())
        .clock(clock.clone())
        .executor(MockExecutor::new(&clock))
        .jitter(|| 1.0)
        .build();
    session.init().await.unwrap();
    (session, clock)
}

/// Real tickets, which live for seconds, by the real clock.
#[tokio::test]
async fn no_request_fails_while_tickets_expire_and_are_renewed() {
    let realm = Realm::shared();
    let session = realm.by_keytab("svcshort").open().unwrap();
    session.init().await.unwrap();
    let load = Load::start(&session, &["svcshort@EXAMPLE.TEST"]);
    // The first are expired by then, and so are the second.
    while session.status().generation < 3 {
        load.answers(10).await;
    }
    load.stop().await;
    assert_eq!(session.status().state, State::Open);
}

#[tokio::test]
async fn a_cache_that_kinit_replaces_over_and_over_is_taken_up_without_a_failed_request() {
    let realm = Realm::shared();
    let cache = realm.kinit("alice");
    let (session, clock) = opened(realm.by_cache(&cache.name)).await;
    let load = Load::start(&session, &["alice@EXAMPLE.TEST"]);
    for _ in 0..5 {
        realm.kinit_into(&cache.name, "alice");
        let before = session.status().generation;
        let lifetime = session.credential().await.unwrap().lifetime().unwrap();
        clock.advance(lifetime.checked_sub(Duration::from_secs(60)).unwrap());
        while session.status().generation == before {
            load.answers(10).await;
        }
    }
    load.stop().await;
    assert_eq!(session.status().failure.map(|it| it.to_string()), None);
}

#[tokio::test]
async fn a_cache_that_becomes_somebody_elses_is_not_taken_up_and_hers_is_when_she_is_back() {
    let realm = Realm::shared();
    let cache = realm.kinit("alice");
    let (session, clock) = opened(realm.by_cache(&cache.name)).await;
    realm.kinit_into(&cache.name, "bob");
    let lifetime = session.credential().await.unwrap().lifetime().unwrap();
    let window = Duration::from_secs(60);
    clock.advance(lifetime.checked_sub(window).unwrap());
    // As long as her ticket is good, requests are hers.
    let load = Load::start(&session, &["alice@EXAMPLE.TEST"]);
    while session.status().failure.is_none() {
        load.answers(1).await;
    }
    load.answers(10).await;
    load.stop().await;
    clock.advance(window);
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    assert!(error.to_string().contains("`bob@EXAMPLE.TEST`"), "{error}");
    realm.kinit_into(&cache.name, "alice");
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "alice@EXAMPLE.TEST");
}

#[tokio::test]
async fn a_cache_that_becomes_somebody_elses_is_an_error_where_somebody_was_asked_for() {
    let realm = Realm::shared();
    let cache = realm.kinit("alice");
    let builder = realm.by_cache(&cache.name).principal("alice");
    let (session, clock) = opened(builder).await;
    realm.kinit_into(&cache.name, "bob");
    let lifetime = session.credential().await.unwrap().lifetime().unwrap();
    let window = Duration::from_secs(60);
    clock.advance(lifetime.checked_sub(window).unwrap());
    // As long as her ticket is good, requests are hers.
    let load = Load::start(&session, &["alice@EXAMPLE.TEST"]);
    while session.status().failure.is_none() {
        load.answers(1).await;
    }
    load.answers(10).await;
    load.stop().await;
    clock.advance(window);
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    assert!(error.to_string().contains("`alice`"), "{error}");
    // And when she comes back, so are they again.
    realm.kinit_into(&cache.name, "alice");
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "alice@EXAMPLE.TEST");
}
