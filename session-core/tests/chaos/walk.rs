//! One step after the other, each looked at.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use fastrand::Rng;
use session_core::{
    BoxFuture, Clock, Error, ErrorKind, Outgoing, Receipt, Result, SessionHandle, State, Status,
};
use session_mock::MockClock;
use tokio::sync::oneshot;
use url::Url;

use crate::{
    backend::{Fickle, Notes},
    each_seed,
    pool::{Pool, Woken},
    store::Shaky,
};

const STEPS: usize = 3000;
const TIME_LIMIT: Duration = Duration::from_secs(5);

#[test]
fn each_step_of_a_walk_keeps_what_the_engine_promises() {
    each_seed(40, |seed| Walk::new(seed, false).go());
}

#[test]
fn no_store_makes_a_step_break_a_promise() {
    each_seed(40, |seed| Walk::new(seed, true).go());
}

struct Walk {
    rng: Rng,
    clock: MockClock,
    pool: Pool,
    backend: Fickle,
    store: Option<Shaky>,
    session: SessionHandle,
    calls: BTreeMap<u64, Call>,
    next_call: u64,
    /// The blocks that run, each with how often the session had been closed when it asked to enter.
    blocks: Arc<Mutex<BTreeMap<u64, u64>>>,
    last_receipt: Option<Arc<Mutex<Receipt>>>,
    before: Status,
    /// An `init` succeeded, and nobody closed the session since.
    is_kept: bool,
    /// Refusals of the credential in use.
    refusals: usize,
}

/// What a user does with the session.
struct Call {
    what: What,
    future: BoxFuture<Result<Option<Receipt>>>,
    woken: Woken,
    /// How many authentications had ended when it began.
    ended_before: usize,
    /// How often the session had been closed.
    closes: u64,
    /// Lets a block end.
    leave: Option<oneshot::Sender<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Init,
    Enter,
    Authorize,
    Refuse,
    Close,
}

impl Walk {
    fn new(seed: u64, with_store: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let clock = MockClock::new();
        let pool = Pool::new(&clock);
        let backend = Fickle::new(rng.fork(), &clock, TIME_LIMIT, with_store);
        let store = with_store.then(|| Shaky::new(rng.fork()));
        let jitter = Mutex::new(rng.fork());
        let mut builder = SessionHandle::builder(backend.clone())
            .clock(clock.clone())
            .executor(pool.clone())
            .time_limit(TIME_LIMIT)
            .keep_warm(rng.bool())
            // A pause of nothing would be no pause.
            .jitter(move || 0.05 + 0.95 * jitter.lock().unwrap().f64());
        if let Some(store) = &store {
            builder = builder.store(store.clone());
        }
        let session = builder.build();
        Self {
            before: session.status(),
            rng,
            clock,
            pool,
            backend,
            store,
            session,
            calls: BTreeMap::new(),
            next_call: 0,
            blocks: Arc::default(),
            last_receipt: None,
            is_kept: false,
            refusals: 0,
        }
    }

    fn go(mut self) {
        for _ in 0..STEPS {
            match self.rng.usize(..100) {
                0..25 => self.call(),
                25..50 => self.go_on(),
                50..75 => drop(self.pool.run_one(&mut self.rng)),
                75..82 => self.cancel(),
                82..90 => self.leave(),
                _ => self.let_time_pass(),
            }
            self.look();
        }
        self.end();
    }

    /// Somebody calls. What can be done at once is.
    fn call(&mut self) {
        let what = match self.rng.usize(..100) {
            0..15 => What::Init,
            15..35 => What::Enter,
            35..75 => What::Authorize,
            75..92 => What::Refuse,
            _ => What::Close,
        };
        let status = self.session.status();
        let number = self.next_call;
        self.next_call += 1;
        let notes = Arc::clone(self.backend.notes());
        match what {
            What::Init => drop(notes.inits.fetch_add(1, Ordering::SeqCst)),
            What::Close => {
                notes.closes.fetch_add(1, Ordering::SeqCst);
                self.is_kept = false;
            }
            _ => {}
        }
        let (future, leave, stale) = self.future(what, number);
        let mut call = Call {
            what,
            future,
            woken: Woken::new(),
            ended_before: ended(&notes),
            closes: notes.closes.load(Ordering::SeqCst),
            leave,
        };
        let polled = call.woken.poll(&mut call.future);
        let (is_open, is_held) = (
            status.state == State::Open,
            matches!(status.state, State::Open | State::Expired),
        );
        match (what, &polled) {
            (What::Authorize, polled) if is_open => {
                assert!(
                    matches!(polled, Poll::Ready(Ok(_))),
                    "waits or fails: {polled:?}"
                );
            }
            (What::Authorize, polled) if is_held => {
                assert!(
                    !matches!(polled, Poll::Ready(Ok(_))),
                    "with an expired credential"
                );
            }
            (What::Authorize | What::Refuse, polled) if !is_held => {
                let closed =
                    matches!(polled, Poll::Ready(Err(error)) if error.kind() == ErrorKind::Closed);
                assert!(closed, "{polled:?}");
            }
            (What::Enter, _) if is_open => {
                assert!(self.blocks.lock().unwrap().contains_key(&number), "waits");
            }
            (What::Refuse, polled) if stale.is_some_and(|stale| stale != status.generation) => {
                assert!(
                    matches!(polled, Poll::Ready(Ok(_))),
                    "a late refusal: {polled:?}"
                );
            }
            (What::Refuse, Poll::Pending) => self.refusals += 1,
            _ => {}
        }
        match polled {
            Poll::Pending => drop(self.calls.insert(number, call)),
            Poll::Ready(outcome) => self.done(call, outcome),
        }
    }

    /// The call itself; what ends it, if it is a block; which generation it refuses, if it does.
    #[expect(clippy::type_complexity, reason = "in one place")]
    fn future(
        &self,
        what: What,
        number: u64,
    ) -> (
        BoxFuture<Result<Option<Receipt>>>,
        Option<oneshot::Sender<()>>,
        Option<u64>,
    ) {
        let session = self.session.clone();
        match (what, self.last_receipt.clone()) {
            (What::Init, _) => (
                Box::pin(async move { session.init().await.map(|()| None) }),
                None,
                None,
            ),
            (What::Close, _) => (
                Box::pin(async move {
                    // That the server failed to end it changes nothing here.
                    drop(session.close().await);
                    Ok(None)
                }),
                None,
                None,
            ),
            (What::Enter, _) => {
                let (leave, left) = oneshot::channel();
                let closes = self.backend.notes().closes.load(Ordering::SeqCst);
                let inside = Inside::new(&self.blocks, number);
                let block = async move {
                    inside.begin(closes);
                    // Whoever lets go of the other end lets it leave, too.
                    drop(left.await);
                    drop(inside);
                };
                let enter = async move { session.enter(block).await.map(|()| None) };
                (Box::pin(enter), Some(leave), None)
            }
            (What::Refuse, Some(receipt)) => {
                let generation = receipt.lock().unwrap().generation();
                let refuse = async move {
                    let report = {
                        let receipt = receipt.lock().unwrap();
                        session.report_refusal(&receipt, &[])
                    };
                    report.await.map(|()| None)
                };
                (Box::pin(refuse), None, Some(generation))
            }
            (What::Authorize | What::Refuse, _) => (
                Box::pin(async move { authorize(&session).await.map(Some) }),
                None,
                None,
            ),
        }
    }

    /// Somebody who was woken goes on.
    fn go_on(&mut self) {
        let woken = self.calls.iter().filter(|(_, call)| call.woken.is_set());
        let woken: Vec<_> = woken.map(|(number, _)| *number).collect();
        let Some(number) = self.rng.choice(woken) else {
            return;
        };
        let mut call = self.calls.remove(&number).unwrap();
        match call.woken.poll(&mut call.future) {
            Poll::Pending => drop(self.calls.insert(number, call)),
            Poll::Ready(outcome) => self.done(call, outcome),
        }
    }

    fn done(&mut self, call: Call, outcome: Result<Option<Receipt>>) {
        let Call {
            what,
            future,
            woken,
            ended_before,
            closes,
            ..
        } = call;
        drop(future);
        assert!(woken.is_forgotten(), "{what:?} has ended and is remembered");
        let notes = self.backend.notes();
        match outcome {
            Ok(receipt) => {
                let is_current = closes == notes.closes.load(Ordering::SeqCst);
                self.is_kept |= what == What::Init && is_current;
                if let Some(receipt) = receipt {
                    self.last_receipt = Some(Arc::new(Mutex::new(receipt)));
                }
            }
            Err(error) => {
                let is_shared = failure_number(&error).is_none_or(|number| {
                    // It ended after the call began, or had the engine pause then.
                    number >= ended_before
                });
                assert!(is_shared, "{what:?} got an old failure: {error}");
            }
        }
    }

    /// Somebody goes away.
    fn cancel(&mut self) {
        let Some(number) = self
            .rng
            .choice(self.calls.keys().copied().collect::<Vec<_>>())
        else {
            return;
        };
        let Call {
            what,
            future,
            woken,
            ..
        } = self.calls.remove(&number).unwrap();
        drop(future);
        assert!(woken.is_forgotten(), "{what:?} is gone and is remembered");
    }

    /// Some block comes to its end.
    fn leave(&mut self) {
        let inside: Vec<_> = self.blocks.lock().unwrap().keys().copied().collect();
        if let Some(number) = self.rng.choice(inside)
            && let Some(call) = self.calls.get_mut(&number)
        {
            call.leave = None;
        }
    }

    fn let_time_pass(&mut self) {
        let time = match self.rng.usize(..10) {
            0 => self.rng.u64(1000..30_000),
            _ => self.rng.u64(1..700),
        };
        self.clock.advance(Duration::from_millis(time));
    }

    /// Whether all is as it should be, after each step.
    fn look(&mut self) {
        let notes = self.backend.notes();
        notes.check();
        let now = self.session.status();
        let before = std::mem::replace(&mut self.before, now.clone());
        let is_same = now.generation == before.generation;
        match (before.state, now.state) {
            (State::Open, State::Expired) if is_same => {
                let expired = now.expires_at.is_some_and(|at| at <= self.clock.wall());
                assert!(expired, "{before:?} became {now:?}");
            }
            (State::Open | State::Expired, State::Closed | State::Opening) => {
                let closes = notes.closes.load(Ordering::SeqCst);
                let blocks = self.blocks.lock().unwrap();
                let is_used = blocks.values().any(|entered| *entered == closes);
                assert!(!is_used && !self.is_kept, "closed under somebody");
            }
            (State::Expired, State::Open) => assert!(!is_same, "{now:?} rose again"),
            _ => {}
        }
        assert!(now.generation >= before.generation);
        assert!(notes.refused() <= self.refusals, "a refusal counted twice");
    }

    /// All is well again: whoever waits gets an answer, the session works, closes, and leaves nothing behind.
    fn end(mut self) {
        self.backend.notes().check_pauses(self.store.is_some());
        self.backend.calm_down();
        if let Some(store) = &self.store {
            store.calm_down();
        }
        // Everything that hangs comes to its end, and every pause.
        for _ in 0..100 {
            self.clock.advance(TIME_LIMIT);
            self.run();
        }
        let waiting: Vec<_> = self.calls.values().map(|call| call.what).collect();
        assert!(
            waiting.iter().all(|what| *what == What::Enter),
            "{waiting:?} wait for ever"
        );
        for call in self.calls.values_mut() {
            call.leave = None;
        }
        self.run();
        assert!(self.calls.is_empty(), "a block does not end");
        assert!(!self.backend.notes().is_authenticating());

        let Some(Ok(())) = self.finish(|session| async move { session.init().await }) else {
            panic!("no `init` although all is well");
        };
        let authorized = self.finish(|session| async move { authorize(&session).await });
        assert!(matches!(authorized, Some(Ok(_))), "{authorized:?}");
        let closed = self.finish(|session| async move { session.close().await });
        assert!(matches!(closed, Some(Ok(()))), "{closed:?}");
        assert_eq!(self.session.status().state, State::Closed);
        let last = self.backend.notes().authentications().len();
        if self.store.is_none() {
            assert!(self.backend.notes().is_ended(last));
        }
        self.backend.notes().check_ended();
        // Whoever tries to save something in the background gives up at last.
        self.clock.advance(Duration::from_secs(3600));
        self.run();
        assert_eq!(self.pool.len(), 0, "a task is left");
        self.last_receipt = None;
        assert_eq!(self.backend.notes().held(), 0, "a credential is left");
    }

    /// Has all go on until nobody can.
    fn run(&mut self) {
        loop {
            let is_anybody_woken = self.calls.values().any(|call| call.woken.is_set());
            if is_anybody_woken {
                self.go_on();
            }
            if !self.pool.run_one(&mut self.rng) && !is_anybody_woken {
                return;
            }
        }
    }

    /// What comes of a call when all else goes on, without time passing.
    fn finish<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &mut self,
        call: impl FnOnce(SessionHandle) -> F,
    ) -> Option<T> {
        let mut future: BoxFuture<T> = Box::pin(call(self.session.clone()));
        let woken = Woken::new();
        while woken.is_set() {
            if let Poll::Ready(outcome) = woken.poll(&mut future) {
                self.run();
                return Some(outcome);
            }
            self.run();
        }
        None
    }
}

/// Whether a block runs, from the outside.
struct Inside {
    blocks: Arc<Mutex<BTreeMap<u64, u64>>>,
    number: u64,
}

impl Inside {
    fn new(blocks: &Arc<Mutex<BTreeMap<u64, u64>>>, number: u64) -> Self {
        Self {
            blocks: Arc::clone(blocks),
            number,
        }
    }

    fn begin(&self, closes: u64) {
        self.blocks.lock().unwrap().insert(self.number, closes);
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.blocks.lock().unwrap().remove(&self.number);
    }
}

pub(crate) async fn authorize(session: &SessionHandle) -> Result<Receipt> {
    let url = Url::parse("https://api.mock.test/orders").unwrap();
    let (mut parts, ()) = http::Request::new(()).into_parts();
    session.authorize(Outgoing::new(&url, &mut parts)).await
}

fn ended(notes: &Notes) -> usize {
    let authentications = notes.authentications();
    authentications
        .iter()
        .filter(|one| one.ended.is_some())
        .count()
}

/// Which authentication failed with this error, if it is one of the backend's.
fn failure_number(error: &Error) -> Option<usize> {
    let text = error.to_string();
    let (_, number) = text.split_once("failure #")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
