//! Refresh tokens that are good once, in stores that lag, lose or are slow.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    Clock, ErrorKind, Identity, Lease, MemoryStore, Result, Secret, SessionHandle, State, Store,
    Stored,
};
use session_mock::{Gate, MockClock, MockExecutor};

use crate::{
    store::{Client, Rotating},
    support::{API, authorize, bearer},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A store in memory that does wrong what it is told to.
#[derive(Clone, Debug, Default)]
struct Wayward {
    inner: MemoryStore,
    /// Says that it has saved, and has not.
    loses: Arc<AtomicBool>,
    refuses_saves: Arc<AtomicBool>,
    hangs_at_load: Arc<AtomicBool>,
    hangs_at_lease: Arc<AtomicBool>,
    slow_save: Arc<Mutex<Option<Gate>>>,
}

impl Wayward {
    async fn refresh_token(&self) -> Option<String> {
        let stored = self.inner.load(&Identity::new(["svc"])).await.unwrap()?;
        let token = stored.credential().kept("refresh_token").unwrap();
        token.expose_str().map(str::to_owned)
    }
}

fn set(fact: &AtomicBool, is_so: bool) {
    fact.store(is_so, Ordering::SeqCst);
}

async fn hang_if(fact: &AtomicBool) {
    if fact.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Store for Wayward {
    async fn load(&self, who: &Identity) -> Result<Option<Stored>> {
        hang_if(&self.hangs_at_load).await;
        self.inner.load(who).await
    }
    async fn save(&self, who: &Identity, stored: &Stored) -> Result<()> {
        if self.refuses_saves.load(Ordering::SeqCst) {
            return Err(session_core::Error::new(ErrorKind::Unavailable, "full"));
        }
        let gate = self.slow_save.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        if self.loses.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.inner.save(who, stored).await
    }
    async fn remove(&self, who: &Identity) -> Result<()> {
        self.inner.remove(who).await
    }
    async fn lease(&self, who: &Identity, time: Duration) -> Result<Lease> {
        hang_if(&self.hangs_at_lease).await;
        self.inner.lease(who, time).await
    }
}

/// A process, and the executor of its session.
fn process(
    provider: &Arc<Rotating>,
    clock: &MockClock,
    store: &Wayward,
) -> (SessionHandle, MockExecutor) {
    let executor = MockExecutor::new(clock);
    let builder = Client::new(provider).builder(clock).store(store.clone());
    (builder.executor(executor.clone()).build(), executor)
}

async fn refuse(session: &SessionHandle) -> Result<()> {
    let (_, receipt) = authorize(session, API).await?;
    session.report_refusal(&receipt, &[]).await
}

#[tokio::test]
async fn what_a_store_lost_is_no_news_when_an_older_one_comes_back() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (session, _) = process(&provider, &clock, &store);
    session.init().await.unwrap();
    set(&store.loses, true);
    clock.advance(HOUR);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t2");
    set(&store.loses, false);
    assert_eq!(store.refresh_token().await.as_deref(), Some("1"), "it lags");
    for token in ["Bearer t3", "Bearer t4"] {
        clock.advance(HOUR);
        assert_eq!(bearer(&session).await.unwrap(), token);
    }
    assert_eq!(provider.counts(), (1, 3, 0));
}

#[tokio::test]
async fn what_another_process_stored_and_is_refused_is_not_the_last_word() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (session, _) = process(&provider, &clock, &store);
    session.init().await.unwrap();
    // A store that lies: it has what nobody issued.
    let forged = session.credential().await.unwrap();
    let forged = forged.keep("refresh_token", Secret::new("7"));
    let stored = Stored::new(forged, clock.wall(), Some(clock.wall()));
    let who = Identity::new(["svc"]);
    store.inner.save(&who, &stored).await.unwrap();
    clock.advance(HOUR);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t2");
}

#[tokio::test]
async fn after_a_lease_that_was_not_had_the_store_is_read_and_written() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (session, _) = process(&provider, &clock, &store);
    set(&store.hangs_at_lease, true);
    let init = tokio::spawn({
        let session = session.clone();
        async move { session.init().await }
    });
    clock.sleeper(64 * SECOND).await;
    clock.advance(64 * SECOND);
    init.await.unwrap().unwrap();
    assert_eq!(
        store.refresh_token().await.as_deref(),
        Some("1"),
        "saved first"
    );

    // Another process has the lease, renews, saves, and dies with the lease.
    clock.advance(HOUR);
    let request = tokio::spawn({
        let session = session.clone();
        async move { bearer(&session).await }
    });
    clock.sleeper(64 * SECOND).await;
    let (other, _) = process(&provider, &clock, &Wayward::default());
    other.init().await.unwrap();
    let renewed = other.credential().await.unwrap();
    let until = Some(clock.wall() + 2 * HOUR);
    let stored = Stored::new(renewed, clock.wall(), until);
    store
        .inner
        .save(&Identity::new(["svc"]), &stored)
        .await
        .unwrap();
    clock.advance(64 * SECOND);
    assert_eq!(request.await.unwrap().unwrap(), "Bearer t2");
    assert_eq!(provider.counts(), (2, 0, 0));
}

#[tokio::test]
async fn a_store_that_hung_once_is_read_again_before_the_next_renewal() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (session, executor) = process(&provider, &clock, &store);
    session.init().await.unwrap();
    set(&store.hangs_at_load, true);
    clock.advance(10 * SECOND);
    let refusal = tokio::spawn({
        let session = session.clone();
        async move { refuse(&session).await }
    });
    clock.sleeper(2 * SECOND).await;
    clock.advance(2 * SECOND);
    refusal.await.unwrap().unwrap();
    set(&store.hangs_at_load, false);
    executor.idle().await;

    let (other, _) = process(&provider, &clock, &store);
    other.init().await.unwrap();
    refuse(&other).await.unwrap();
    assert_eq!(bearer(&other).await.unwrap(), "Bearer t3");
    clock.advance(10 * SECOND);
    refuse(&session).await.unwrap();
    assert_eq!(
        bearer(&session).await.unwrap(),
        "Bearer t3",
        "it was looked for"
    );
    assert_eq!(provider.counts(), (1, 2, 0));
}

/// A session whose credential could not be saved, and is about to be saved late.
async fn late(
    provider: &Arc<Rotating>,
    clock: &MockClock,
    store: &Wayward,
) -> (SessionHandle, MockExecutor) {
    set(&store.refuses_saves, true);
    let (session, executor) = process(provider, clock, store);
    session.init().await.unwrap();
    clock.sleeper(3 * SECOND).await;
    set(&store.refuses_saves, false);
    (session, executor)
}

/// Has the late save reach the store, where it hangs.
async fn hang_the_late_save(clock: &MockClock, store: &Wayward) -> Gate {
    let gate = Gate::new();
    *store.slow_save.lock().unwrap() = Some(gate.clone());
    clock.advance(3 * SECOND);
    gate.arrived(1).await;
    *store.slow_save.lock().unwrap() = None;
    gate
}

#[tokio::test]
async fn a_late_save_does_not_land_on_what_another_process_got_since() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (_session, executor) = late(&provider, &clock, &store).await;
    let (other, _) = process(&provider, &clock, &store);
    other.init().await.unwrap();
    assert_eq!(store.refresh_token().await.as_deref(), Some("2"));
    clock.advance(3 * SECOND);
    executor.idle().await;
    assert_eq!(store.refresh_token().await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_late_save_does_not_bring_back_what_was_closed() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (session, executor) = late(&provider, &clock, &store).await;
    let gate = hang_the_late_save(&clock, &store).await;
    let close = tokio::spawn(async move {
        session.close().await.unwrap();
        session
    });
    clock.sleeper(2 * SECOND).await;
    gate.open();
    let session = close.await.unwrap();
    executor.idle().await;
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(store.refresh_token().await, None);
}

#[tokio::test]
async fn a_late_save_does_not_land_on_its_successor() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (session, executor) = late(&provider, &clock, &store).await;
    let gate = hang_the_late_save(&clock, &store).await;
    let refusal = tokio::spawn({
        let session = session.clone();
        async move { refuse(&session).await }
    });
    // The successor waits for its turn to be saved.
    while provider.counts().1 == 0 {
        tokio::task::yield_now().await;
    }
    gate.open();
    refusal.await.unwrap().unwrap();
    executor.idle().await;
    assert_eq!(store.refresh_token().await.as_deref(), Some("2"));
}

#[tokio::test]
async fn what_comes_from_the_store_in_place_of_a_refused_one_is_not_replaced_again_at_once() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let (first, _) = process(&provider, &clock, &store);
    let (second, _) = process(&provider, &clock, &store);
    first.init().await.unwrap();
    second.init().await.unwrap();
    refuse(&first).await.unwrap();
    refuse(&second).await.unwrap();
    assert_eq!(bearer(&second).await.unwrap(), "Bearer t2");
    assert_eq!(refuse(&second).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(provider.counts(), (1, 1, 0));
}

#[tokio::test]
async fn no_time_limit_is_too_long_for_a_store() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Wayward::default());
    let builder = Client::new(&provider).builder(&clock).store(store);
    let session = builder.time_limit(Duration::MAX).build();
    session.init().await.unwrap();
}
