//! One run of chaos.

use std::{
    collections::HashSet,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use fastrand::Rng;
use http::StatusCode;
use session_core::{Clock, Error, ErrorKind, Outgoing, Receipt, Result, SessionHandle, State};
use session_http::Client;
use session_mock::{Hold, Kind, MockClock, MockExecutor, Provider};
use session_oauth::{AuthorizationServer, OAuth};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    presented,
    watched::{Calls, Outcome, Watched},
    ways::Way,
};

const CALLERS: u32 = 1000;
const STEPS: usize = 80;

/// More than the token requests of all steps.
const SCRIPTED: usize = 2000;

const LIFETIME: Duration = Duration::from_secs(1);

/// The engine's, for one authentication, by the mock clock.
const TIME_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Storm {
    rng: Rng,
    clock: MockClock,
    provider: Provider,
    /// What each token request meets, in the order of their arrival.
    ways: Vec<Way>,
    session: SessionHandle,
    calls: Calls,
    executor: MockExecutor,
    /// How long to wait, by the error that callers got last.
    told_to_wait: Option<Duration>,
    /// The credential that the API refuses.
    refused: Option<u64>,
    /// Up to which token request hanging ones were given up.
    given_up: usize,
    has_refresh_tokens: bool,
    seen: Seen,
}

/// What happened, so that it is known to have been put to the test.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) ways: HashSet<Way>,
    /// Steps in which all went on with a credential, while the provider held a token request back.
    pub(crate) went_on: usize,
    pub(crate) waited: usize,
    pub(crate) failed_at_once: usize,
    pub(crate) gave_up: usize,
    pub(crate) abandoned: usize,
    pub(crate) refused: usize,
    pub(crate) closed: usize,
    /// How often a refresh token was found used up.
    pub(crate) started_over: usize,
}

/// What one of the crowd got.
struct Called<T> {
    waited: bool,
    outcome: Result<T>,
}

impl Storm {
    pub(crate) fn new(seed: u64, refresh_tokens: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let clock = MockClock::new();
        let provider = Provider::builder().clock(clock.clone()).lifetime(LIFETIME);
        let provider = provider.start().unwrap();
        provider.set_refresh_tokens(refresh_tokens);
        let ways = Way::script(&mut rng, SCRIPTED, &provider);

        let server = AuthorizationServer::token_endpoint(provider.token_endpoint().as_str())
            .revocation_endpoint(provider.revocation_endpoint().as_str());
        let (id, secret) = (provider.client_id(), provider.client_secret());
        let backend = OAuth::client_credentials(server, id, secret)
            .api(provider.api().as_str())
            // By real time, so it never comes: hanging requests are the engine's to end.
            .time_limit(Duration::from_secs(24 * 60 * 60))
            .build()
            .unwrap();
        let (calls, executor) = (Calls::default(), MockExecutor::new(&clock));
        let jitter = Mutex::new(rng.fork());
        let session = SessionHandle::builder(Watched::new(backend, &clock, &calls))
            .clock(clock.clone())
            .executor(executor.clone())
            .time_limit(TIME_LIMIT)
            // A pause of nothing would be no pause.
            .jitter(move || 0.05 + 0.95 * jitter.lock().unwrap().f64())
            .build();
        Self {
            rng,
            clock,
            provider,
            ways,
            session,
            calls,
            executor,
            told_to_wait: None,
            refused: None,
            given_up: 0,
            has_refresh_tokens: refresh_tokens,
            seen: Seen::default(),
        }
    }

    pub(crate) async fn weather(mut self) -> Seen {
        self.open().await;
        for _ in 0..STEPS {
            self.step().await;
        }
        self.calm().await;
        self.end().await
    }

    async fn step(&mut self) {
        let hold = (self.rng.f64() < 0.25).then(|| self.provider.hold_tokens());
        self.let_time_pass();
        match self.rng.usize(..20) {
            0 if !self.calls.is_authenticating() => {
                drop(hold);
                self.close_and_open().await;
            }
            1 | 2 if self.is_open() => {
                drop(hold);
                self.refuse().await;
            }
            3 | 4 => {
                self.abandon();
                drop(hold);
            }
            _ => self.call(hold).await,
        }
        self.settle().await;
        assert_eq!(self.calls.most_at_once(), 1, "calls of the backend overlap");
    }

    fn let_time_pass(&mut self) {
        let some = Duration::from_millis(self.rng.u64(20..400));
        let left = self.told_to_wait.take().filter(|_| self.rng.bool());
        self.clock.advance(left.unwrap_or(some));
    }

    /// All call at once: nobody waits or fails while there is a valid credential, and else they share what comes.
    async fn call(&mut self, hold: Option<Hold>) {
        if self.is_open() {
            let called = self.crowd(hold, |session| async move { authorize(&session).await });
            let called = called.await;
            assert!(
                called.iter().all(|one| !one.waited && one.outcome.is_ok()),
                "somebody waited or failed, and there was a valid credential"
            );
        } else {
            let before = self.calls.authentications().len();
            let was_under_way = self.calls.is_authenticating();
            let called = self.crowd(hold, |session| async move { authorize(&session).await });
            let called = called.await;
            self.seen.waited += usize::from(called.iter().any(|one| one.waited));
            let error = shared(&called);
            self.told_to_wait = error.as_ref().and_then(Error::retry_after);
            let attempted = was_under_way || self.calls.authentications().len() > before;
            self.seen.failed_at_once += usize::from(!attempted);
            self.expect_fair(error.as_ref(), attempted);
        }
    }

    /// A thousand late 401s for one credential are one renewal.
    async fn refuse(&mut self) {
        // What is issued from now on is issued after the refusal.
        let hold = Some(self.provider.hold_tokens());
        let before = self.calls.authentications().len();
        let was_under_way = self.calls.is_authenticating();
        let receipt = authorize(&self.session).await.unwrap();
        self.provider.refuse();
        self.refused = Some(receipt.generation());
        let generation = receipt.generation();
        let receipt = Arc::new(Mutex::new(receipt));
        let called = self.crowd(hold, |session| {
            // An exchange in it, if there were one, could not be shared.
            let receipt = Arc::clone(&receipt);
            async move {
                let report = {
                    let receipt = receipt.lock().unwrap();
                    session.report_refusal(&receipt, &[])
                };
                report.await
            }
        });
        let called = called.await;
        let error = shared(&called);
        let began = self.calls.authentications().len() - before;
        assert!(
            began <= usize::from(!was_under_way),
            "{began} renewals for one refusal"
        );
        if error.is_none() {
            assert!(self.session.status().generation > generation);
        }
        self.seen.refused += 1;
    }

    /// All call at once, and all go away: nothing is left of them, and what they started goes on.
    fn abandon(&mut self) {
        // Nothing ends meanwhile, or whoever ends it would have them woken.
        let hold = self.provider.hold_tokens();
        let counted = Arc::new(Nobody);
        let waker = Waker::from(Arc::clone(&counted));
        let mut calls: Vec<_> = (0..CALLERS)
            .map(|_| Box::pin(authorize(&self.session)))
            .collect();
        for call in &mut calls {
            drop(call.as_mut().poll(&mut Context::from_waker(&waker)));
        }
        drop((calls, waker));
        assert_eq!(Arc::strong_count(&counted), 1, "who left is remembered");
        self.seen.abandoned += usize::from(self.session.status().is_renewing);
        drop(hold);
    }

    async fn close_and_open(&mut self) {
        self.session.close().await.unwrap();
        assert_eq!(self.session.status().state, State::Closed);
        self.executor.idle().await;
        self.told_to_wait = None;
        self.seen.closed += 1;
        self.open().await;
    }

    async fn open(&mut self) {
        while self.session.status().state == State::Closed {
            self.crowd(None, |session| async move { session.init().await })
                .await;
        }
    }

    /// The provider is well again: so is the session, after the pause at the latest.
    async fn calm(&mut self) {
        self.provider.recover(Kind::Token);
        self.ways.truncate(self.provider.count(Kind::Token));
        if self.is_hanging() {
            self.give_up();
            self.settle().await;
        }
        let now = self.clock.monotonic();
        self.clock.advance(self.latest_pause().saturating_sub(now));
        for _ in 0..2 {
            self.crowd(None, |session| async move { authorize(&session).await })
                .await
                .iter()
                .for_each(|one| assert!(one.outcome.is_ok(), "{:?}", one.outcome));
            self.settle().await;
            self.clock.advance(LIFETIME);
        }
        let before = self.provider.count(Kind::Token);
        self.crowd(None, |session| async move { authorize(&session).await })
            .await;
        assert_eq!(self.provider.count(Kind::Token), before + 1);
        let status = self.session.status();
        assert!(status.failure.is_none() && status.state == State::Open);
    }

    async fn end(mut self) -> Seen {
        self.session.close().await.unwrap();
        self.executor.idle().await;
        assert_eq!(self.calls.most_at_once(), 1);
        assert_eq!(
            self.provider.most_at_once(Kind::Token),
            1,
            "token requests overlap"
        );
        self.expect_pauses();
        let log = self.provider.log();
        if self.has_refresh_tokens {
            self.seen.started_over = presented::check(&log);
        }
        let last = log.last().unwrap();
        assert_eq!(
            (last.kind(), last.status()),
            (Kind::Revoke, Some(StatusCode::OK))
        );
        self.seen.ways = self.ways.iter().copied().collect();
        self.seen
    }

    /// Whoever fails does so because the provider failed just now, or is to be left alone.
    fn expect_fair(&self, error: Option<&Error>, attempted: bool) {
        let authentications = self.calls.authentications();
        let (_, outcome) = authentications.last().unwrap().ended.as_ref().unwrap();
        match (error, outcome) {
            (None, Outcome::Done) => assert!(attempted),
            (Some(_), Outcome::Failed(_) | Outcome::GivenUp) => assert!(
                attempted || self.clock.monotonic() < self.latest_pause(),
                "nobody asked the provider, and the pause is over"
            ),
            other => panic!("{other:?} do not belong together"),
        }
    }

    /// No pause was cut short, but by an `init`.
    fn expect_pauses(&self) {
        let mut earliest = Duration::ZERO;
        let mut failures = 0;
        for authentication in self.calls.authentications() {
            assert!(
                authentication.is_init || authentication.began >= earliest,
                "{authentication:?} came before {earliest:?}"
            );
            let pause = authentication.pause(failures);
            failures = pause.map_or(0, |_| failures + 1);
            earliest = pause.map_or(Duration::ZERO, |[earliest, _]| earliest);
        }
    }

    /// When the engine tries again at the latest.
    fn latest_pause(&self) -> Duration {
        let mut failures = 0;
        let mut latest = Duration::ZERO;
        for authentication in self.calls.authentications() {
            let pause = authentication.pause(failures);
            failures = pause.map_or(0, |_| failures + 1);
            latest = pause.map_or(Duration::ZERO, |[_, latest]| latest);
        }
        latest
    }

    /// Has all of them call at once. With a valid credential they are through before the provider answers anybody; else
    /// it answers once all have asked, and what hangs is given up.
    async fn crowd<T, F>(
        &mut self,
        hold: Option<Hold>,
        call: impl Fn(SessionHandle) -> F,
    ) -> Vec<Called<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let asked = Arc::new(Semaphore::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..CALLERS {
            let (call, asked) = (call(self.session.clone()), Arc::clone(&asked));
            tasks.spawn(async move {
                let mut call = pin!(call);
                let first = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
                asked.add_permits(1);
                match first {
                    Poll::Ready(outcome) => Called {
                        waited: false,
                        outcome,
                    },
                    Poll::Pending => Called {
                        waited: true,
                        outcome: call.await,
                    },
                }
            });
        }
        drop(asked.acquire_many(CALLERS).await.unwrap());
        let is_open = self.is_open();
        if is_open {
            self.call_api().await;
            let is_held_back = hold.is_some() && self.session.status().is_renewing;
            self.seen.went_on += usize::from(is_held_back);
        }
        drop(hold);
        let mut all = pin!(tasks.join_all());
        loop {
            let hangs = self.provider.wait_for(|_| self.is_hanging());
            tokio::select! {
                biased;
                called = &mut all => return called,
                () = hangs => {}
            }
            self.give_up();
        }
    }

    /// Whoever sends requests is served by the API too.
    async fn call_api(&self) {
        if self.refused == Some(self.session.status().generation) {
            return;
        }
        let client = Client::new(&self.session);
        for _ in 0..3 {
            let answer = client.get("orders").send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
        }
    }

    /// Whatever was started has ended, or hangs.
    async fn settle(&self) {
        let mut changes = self.session.changes();
        while self.session.status().is_renewing && !self.is_hanging() {
            tokio::select! {
                _ = changes.next() => {}
                () = self.provider.wait_for(|_| self.is_hanging()) => {}
            }
        }
    }

    fn is_open(&self) -> bool {
        self.session.status().state == State::Open
    }

    /// Whether the engine waits for an answer that will not come.
    fn is_hanging(&self) -> bool {
        let received = self.provider.count(Kind::Token);
        received > self.given_up
            && self.ways.get(received - 1) == Some(&Way::Hang)
            && self.calls.is_authenticating()
    }

    /// Lets as much time pass as an authentication may take.
    fn give_up(&mut self) {
        self.given_up = self.provider.count(Kind::Token);
        self.clock.advance(TIME_LIMIT);
        self.seen.gave_up += 1;
    }
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.ways.extend(other.ways);
        self.went_on += other.went_on;
        self.waited += other.waited;
        self.failed_at_once += other.failed_at_once;
        self.gave_up += other.gave_up;
        self.abandoned += other.abandoned;
        self.refused += other.refused;
        self.closed += other.closed;
        self.started_over += other.started_over;
    }

    pub(crate) fn expect_all(&self) {
        let all = [
            self.went_on,
            self.waited,
            self.failed_at_once,
            self.gave_up,
            self.abandoned,
            self.refused,
            self.closed,
        ];
        let is_all = Way::ALL.iter().all(|way| self.ways.contains(way));
        assert!(
            is_all && all.iter().all(|count| *count > 0),
            "a storm should have more in it: {self:?}"
        );
    }
}

async fn authorize(session: &SessionHandle) -> Result<Receipt> {
    let url = session.environment().url("api").cloned().unwrap();
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let receipt = session.authorize(Outgoing::new(&url, &mut parts)).await?;
    assert!(parts.headers.contains_key(http::header::AUTHORIZATION));
    Ok(receipt)
}

/// The error that all of them got, or that none did.
fn shared<T>(called: &[Called<T>]) -> Option<Error> {
    let errors: Vec<_> = called
        .iter()
        .filter_map(|one| one.outcome.as_ref().err())
        .collect();
    let first = *errors.first()?;
    assert_eq!(errors.len(), called.len(), "some failed, others did not");
    let told = |error: &Error| (error.kind(), error.to_string());
    assert!(errors.iter().all(|error| told(error) == told(first)));
    assert_ne!(first.kind(), ErrorKind::Closed);
    Some(first.clone())
}

/// Wakes nobody.
struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}
