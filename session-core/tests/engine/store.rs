//! Credentials that outlive a session.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, Cause, Clock, Credential, Environment, Error, ErrorKind, Identity, Lease,
    MemoryStore, Result, Secret, Session, SessionBuilder, SessionHandle, State, Store, Stored,
};
use session_mock::{Gate, MockClock, MockExecutor};
use tokio::sync::watch;

use crate::support::{bearer, poll_once};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// An identity provider that rotates refresh tokens: each is good once, and two uses are an attack.
#[derive(Debug, Default)]
pub(crate) struct Rotating {
    issued: AtomicUsize,
    inits: AtomicUsize,
    renewals: AtomicUsize,
    attacks: AtomicUsize,
    ends: AtomicUsize,
    is_away: AtomicBool,
}

/// One process's backend of that provider.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    provider: Arc<Rotating>,
    environment: BasicEnvironment,
    who: Option<Identity>,
    gate: Option<Gate>,
}

impl Client {
    pub(crate) fn new(provider: &Arc<Rotating>) -> Self {
        let environment = BasicEnvironment::new("mock").service("api", "https://api.mock.test/");
        Self {
            provider: Arc::clone(provider),
            environment: environment.unwrap(),
            who: Some(Identity::new(["svc"])),
            gate: None,
        }
    }

    pub(crate) fn builder(&self, clock: &MockClock) -> SessionBuilder {
        SessionHandle::builder(self.clone())
            .clock(clock.clone())
            .executor(MockExecutor::new(clock))
            .jitter(|| 1.0)
    }

    async fn issue(&self) -> Credential {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
        let number = self.provider.issued.fetch_add(1, Ordering::SeqCst) + 1;
        Credential::bearer(format!("t{number}"))
            .expires_in(HOUR)
            .keep("refresh_token", Secret::new(number.to_string()))
    }
}

#[async_trait]
impl Session for Client {
    fn scheme(&self) -> &'static str {
        "rotating"
    }
    fn environment(&self) -> &dyn Environment {
        &self.environment
    }
    fn identity(&self) -> Option<Identity> {
        self.who.clone()
    }
    async fn init(&self) -> Result<Credential> {
        self.provider.answer()?;
        self.provider.inits.fetch_add(1, Ordering::SeqCst);
        Ok(self.issue().await)
    }
    async fn renew(&self, stale: &Credential, _why: Cause<'_>) -> Result<Credential> {
        self.provider.answer()?;
        self.provider.renewals.fetch_add(1, Ordering::SeqCst);
        let refresh = stale
            .kept("refresh_token")
            .and_then(Secret::expose_str)
            .unwrap_or("0");
        if refresh.parse() != Ok(self.provider.issued.load(Ordering::SeqCst)) {
            self.provider.attacks.fetch_add(1, Ordering::SeqCst);
            return Err(Error::new(
                ErrorKind::Denied,
                "this refresh token was used before",
            ));
        }
        Ok(self.issue().await)
    }
    async fn close(&self, _credential: &Credential) -> Result<()> {
        self.provider.ends.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Rotating {
    fn answer(&self) -> Result<()> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "nobody is there"));
        }
        Ok(())
    }

    /// How often it was asked for a first credential, for a renewal, and attacked.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        (
            self.inits.load(Ordering::SeqCst),
            self.renewals.load(Ordering::SeqCst),
            self.attacks.load(Ordering::SeqCst),
        )
    }
}

async fn open(session: &SessionHandle) -> String {
    session.init().await.unwrap();
    bearer(session).await.unwrap()
}

#[tokio::test]
async fn a_second_process_uses_what_the_first_one_got() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    let first = client.builder(&clock).store(store.clone()).build();
    assert_eq!(open(&first).await, "Bearer t1");
    clock.advance(10 * MINUTE);
    let second = client.builder(&clock).store(store.clone()).build();
    assert_eq!(open(&second).await, "Bearer t1");
    assert_eq!(second.status().expires_at, first.status().expires_at);
    assert_eq!(provider.counts(), (1, 0, 0));

    // Another identity, and a session that says none, share nothing.
    let other = Client {
        who: Some(Identity::new(["other"])),
        ..client.clone()
    };
    assert_eq!(
        open(&other.builder(&clock).store(store.clone()).build()).await,
        "Bearer t2"
    );
    let nobody = Client {
        who: None,
        ..client.clone()
    };
    assert_eq!(
        open(&nobody.builder(&clock).store(store).build()).await,
        "Bearer t3"
    );
    assert_eq!(
        open(&client.builder(&clock).build()).await,
        "Bearer t4",
        "no store"
    );
}

#[tokio::test]
async fn of_many_processes_one_renews_and_no_refresh_token_is_used_twice() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    let sessions: Vec<_> = (0..20)
        .map(|_| client.builder(&clock).store(store.clone()).build())
        .collect();
    let inits = sessions.iter().map(open);
    let tokens = futures_util::future::join_all(inits).await;
    assert_eq!(tokens, ["Bearer t1"; 20]);
    for round in 2..5 {
        clock.advance(HOUR);
        let uses = sessions
            .iter()
            .map(|session| async { bearer(session).await.unwrap() });
        let tokens = futures_util::future::join_all(uses).await;
        assert_eq!(tokens, vec![format!("Bearer t{round}"); 20]);
    }
    assert_eq!(provider.counts(), (1, 3, 0));
}

#[tokio::test]
async fn a_refused_credential_is_not_taken_from_the_store_again() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    let session = client.builder(&clock).store(store.clone()).build();
    open(&session).await;
    let other = client.builder(&clock).store(store).build();
    open(&other).await;
    let (_, receipt) = crate::support::authorize(&session, crate::support::API)
        .await
        .unwrap();
    session.report_refusal(&receipt, &[]).await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t2");
    let (_, receipt) = crate::support::authorize(&other, crate::support::API)
        .await
        .unwrap();
    other.report_refusal(&receipt, &[]).await.unwrap();
    assert_eq!(
        bearer(&other).await.unwrap(),
        "Bearer t2",
        "the other had renewed it"
    );
    assert_eq!(provider.counts(), (1, 1, 0));
}

#[tokio::test]
async fn a_process_that_starts_late_renews_what_it_finds() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    drop({
        let first = client.builder(&clock).store(store.clone()).build();
        open(&first).await;
        first
    });
    clock.advance(2 * HOUR);
    let late = client.builder(&clock).store(store.clone()).build();
    assert_eq!(open(&late).await, "Bearer t2");
    assert_eq!(provider.counts(), (1, 1, 0));

    // What is left behind may be of no use any more; that is no reason to fail.
    provider.issued.fetch_add(1, Ordering::SeqCst);
    clock.advance(2 * HOUR);
    let later = client.builder(&clock).store(store).build();
    assert_eq!(open(&later).await, "Bearer t4");
    assert_eq!(provider.counts(), (2, 2, 1));
}

#[tokio::test]
async fn closing_removes_and_dropping_leaves() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    let who = client.who.clone().unwrap();
    let session = client.builder(&clock).store(store.clone()).build();
    open(&session).await;
    drop(session);
    let stored = store.load(&who).await.unwrap().unwrap();
    assert_eq!(
        stored.credential().kept("refresh_token").unwrap().expose(),
        b"1"
    );
    assert_eq!(stored.obtained_at(), clock.wall());
    assert_eq!(stored.expires_at(), Some(clock.wall() + HOUR));
    assert!(!format!("{stored:?} {store:?}").contains("t1"));
    let session = client.builder(&clock).store(store.clone()).build();
    open(&session).await;
    session.close().await.unwrap();
    assert!(store.load(&who).await.unwrap().is_none());
    assert_eq!(session.status().state, State::Closed);
}

#[tokio::test]
async fn leaving_a_block_leaves_to_others_what_is_stored() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let (client, ended) = (Client::new(&provider), Arc::clone(&provider));
    let who = client.who.clone().unwrap();
    let other = client.builder(&clock).store(store.clone()).build();
    open(&other).await;
    let brief = client.builder(&clock).store(store.clone()).build();
    for _ in 0..2 {
        let inside = brief.enter(async { bearer(&brief).await.unwrap() });
        assert_eq!(inside.await.unwrap(), "Bearer t1");
        assert_eq!(brief.status().state, State::Closed);
    }
    assert!(store.load(&who).await.unwrap().is_some());
    assert_eq!(ended.ends.load(Ordering::SeqCst), 0);
    // Whoever says so ends it for all.
    brief.init().await.unwrap();
    brief.close().await.unwrap();
    assert!(store.load(&who).await.unwrap().is_none());
    assert_eq!(ended.ends.load(Ordering::SeqCst), 1);
    // What no store has, nobody else has.
    let alone = client.builder(&clock).build();
    alone.enter(async {}).await.unwrap();
    assert_eq!(ended.ends.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_stored_and_still_good_serves_in_an_outage() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    let first = client.builder(&clock).store(store.clone()).build();
    open(&first).await;
    // In the window in which it is renewed ahead.
    clock.advance(HOUR - MINUTE);
    provider.is_away.store(true, Ordering::SeqCst);
    let second = client.builder(&clock).store(store.clone()).build();
    assert_eq!(open(&second).await, "Bearer t1");
    clock.advance(MINUTE);
    let third = client.builder(&clock).store(store).build();
    let error = third.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "it has expired");
    provider.is_away.store(false, Ordering::SeqCst);
    assert_eq!(open(&third).await, "Bearer t2");
}

/// A store that tells for how long leases are asked for.
#[derive(Clone, Debug, Default)]
struct Leasing {
    inner: MemoryStore,
    asked: Arc<watch::Sender<Vec<Duration>>>,
}

#[async_trait]
impl Store for Leasing {
    async fn load(&self, who: &Identity) -> Result<Option<Stored>> {
        self.inner.load(who).await
    }
    async fn save(&self, who: &Identity, stored: &Stored) -> Result<()> {
        self.inner.save(who, stored).await
    }
    async fn remove(&self, who: &Identity) -> Result<()> {
        self.inner.remove(who).await
    }
    async fn lease(&self, who: &Identity, time: Duration) -> Result<Lease> {
        self.asked.send_modify(|asked| asked.push(time));
        self.inner.lease(who, time).await
    }
}

#[tokio::test]
async fn a_lease_keeps_others_waiting_until_the_new_credential_is_saved() {
    let (provider, clock, store, gate) = (
        Arc::default(),
        MockClock::new(),
        Leasing::default(),
        Gate::new(),
    );
    let slow = Client {
        gate: Some(gate.clone()),
        ..Client::new(&provider)
    };
    let first = slow.builder(&clock).store(store.clone()).build();
    let second = Client::new(&provider)
        .builder(&clock)
        .store(store.clone())
        .build();
    let mut one = Box::pin(first.init());
    assert!(poll_once(&mut one).is_pending());
    gate.arrived(1).await;
    let two = tokio::spawn(async move { open(&second).await });
    let mut asked = store.asked.subscribe();
    let asked = asked
        .wait_for(|asked| asked.len() == 2)
        .await
        .unwrap()
        .clone();
    // One authentication, and what goes with it.
    assert_eq!(asked, [MINUTE + Duration::from_secs(4); 2]);
    gate.open();
    one.await.unwrap();
    assert_eq!(two.await.unwrap(), "Bearer t1");
    assert_eq!(provider.counts(), (1, 0, 0));
    assert_eq!(format!("{:?}", Lease::new(())), "Lease");
}

/// A store whose disk is full: what is there can be read, and nothing can be saved.
#[derive(Clone, Debug, Default)]
struct Full {
    inner: MemoryStore,
    is_full: Arc<AtomicBool>,
}

#[async_trait]
impl Store for Full {
    async fn load(&self, who: &Identity) -> Result<Option<Stored>> {
        self.inner.load(who).await
    }
    async fn save(&self, who: &Identity, stored: &Stored) -> Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "the disk is full"));
        }
        self.inner.save(who, stored).await
    }
    async fn remove(&self, who: &Identity) -> Result<()> {
        self.inner.remove(who).await
    }
    async fn lease(&self, who: &Identity, time: Duration) -> Result<Lease> {
        self.inner.lease(who, time).await
    }
}

#[tokio::test]
async fn what_is_left_in_a_full_store_is_not_taken_for_news() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Full::default());
    let session = Client::new(&provider)
        .builder(&clock)
        .store(store.clone())
        .build();
    open(&session).await;
    store.is_full.store(true, Ordering::SeqCst);
    for round in 2..4 {
        clock.advance(HOUR);
        assert_eq!(bearer(&session).await.unwrap(), format!("Bearer t{round}"));
    }
    let (_, receipt) = crate::support::authorize(&session, crate::support::API)
        .await
        .unwrap();
    session.report_refusal(&receipt, &[]).await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t4");
    assert_eq!(provider.counts(), (1, 3, 0));
}

/// The refresh token in the store after whoever waited to save has done so.
async fn saved_late(store: &Full) -> Vec<u8> {
    // Whoever tries to save is woken first, and runs before this.
    session_mock::MockSession::bearer("t")
        .handle()
        .init()
        .await
        .unwrap();
    let stored = store.load(&Identity::new(["svc"])).await.unwrap().unwrap();
    let refresh_token = stored.credential().kept("refresh_token").unwrap();
    refresh_token.expose().to_vec()
}

#[tokio::test]
async fn what_could_not_be_saved_is_not_saved_over_its_successor() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Full::default());
    store.is_full.store(true, Ordering::SeqCst);
    let session = Client::new(&provider)
        .builder(&clock)
        .store(store.clone())
        .build();
    open(&session).await;
    clock.sleeper(Duration::from_secs(3)).await;
    store.is_full.store(false, Ordering::SeqCst);
    let (_, receipt) = crate::support::authorize(&session, crate::support::API)
        .await
        .unwrap();
    session.report_refusal(&receipt, &[]).await.unwrap();
    clock.advance(Duration::from_secs(3));
    assert_eq!(saved_late(&store).await, b"2");
}

#[tokio::test]
async fn closing_leaves_what_another_process_got_since() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    let first = client.builder(&clock).store(store.clone()).build();
    open(&first).await;
    let second = client.builder(&clock).store(store.clone()).build();
    open(&second).await;
    clock.advance(HOUR);
    assert_eq!(bearer(&second).await.unwrap(), "Bearer t2");
    first.close().await.unwrap();
    let stored = store.load(&Identity::new(["svc"])).await.unwrap().unwrap();
    assert_eq!(
        stored.credential().kept("refresh_token").unwrap().expose(),
        b"2"
    );

    // The same access token with another refresh token is another credential.
    let (who, now) = (Identity::new(["svc"]), clock.wall());
    let same = Credential::bearer("t2").keep("refresh_token", Secret::new("9"));
    store
        .save(&who, &Stored::new(same, now, None))
        .await
        .unwrap();
    second.close().await.unwrap();
    assert!(store.load(&who).await.unwrap().is_some());
}

#[tokio::test]
async fn dropping_ends_what_no_store_has() {
    let closed = Gate::new();
    let mock = session_mock::MockSession::bearer("t");
    mock.then_close(session_mock::Step::bearer("done").behind(&closed));
    // The mock has no identity, so that nothing of it is ever stored.
    let session = mock.builder().store(MemoryStore::new()).build();
    session.init().await.unwrap();
    drop(session);
    closed.arrived(1).await;
    closed.open();
}

#[tokio::test]
async fn what_the_store_says_of_its_times_counts() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), MemoryStore::new());
    let client = Client::new(&provider);
    let who = client.who.clone().unwrap();
    // The server's clock is a day ahead, and so is the expiry that it told.
    let day = 24 * HOUR;
    let credential = Credential::bearer("stored")
        .expires_in(HOUR)
        .expires_at(clock.wall() + day + HOUR)
        .issued_at(clock.wall() + day);
    for expires_at in [None, Some(clock.wall() + 2 * HOUR)] {
        let stored = Stored::new(credential.clone(), clock.wall(), expires_at);
        store.save(&who, &stored).await.unwrap();
        let session = client.builder(&clock).store(store.clone()).build();
        assert_eq!(open(&session).await, "Bearer stored");
        assert_eq!(session.status().expires_at, expires_at);
    }
    assert_eq!(provider.counts(), (0, 0, 0));
}

#[tokio::test]
async fn what_could_not_be_saved_takes_the_place_of_what_it_replaced() {
    let (provider, clock, store) = (Arc::default(), MockClock::new(), Full::default());
    let session = Client::new(&provider)
        .builder(&clock)
        .store(store.clone())
        .build();
    open(&session).await;
    store.is_full.store(true, Ordering::SeqCst);
    clock.advance(HOUR);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t2");
    clock.sleeper(Duration::from_secs(3)).await;
    store.is_full.store(false, Ordering::SeqCst);
    clock.advance(Duration::from_secs(3));
    assert_eq!(saved_late(&store).await, b"2");
}
