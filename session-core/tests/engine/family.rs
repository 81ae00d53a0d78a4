//! Sessions for many identities.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use session_core::{BoxFuture, Error, ErrorKind, Executor, Family, FamilyBuilder, State};
use session_mock::{Call, Gate, MockClock, MockExecutor, MockSession, Step};

const MINUTE: Duration = Duration::from_secs(60);

/// A family of mocks that counts how many it has made.
fn family(made: &Arc<AtomicUsize>) -> FamilyBuilder<u32> {
    let made = Arc::clone(made);
    Family::builder(move |key: &u32| {
        made.fetch_add(1, Ordering::SeqCst);
        Ok(MockSession::bearer(&key.to_string()).handle())
    })
}

#[test]
fn there_is_one_session_for_a_key() {
    let made = Arc::default();
    let users = family(&made).build();
    assert!(users.is_empty());
    let (a, b) = (users.get(&1).unwrap(), users.get(&2).unwrap());
    assert!(users.clone().get(&1).unwrap().is_same(&a));
    assert!(!a.is_same(&b));
    assert_eq!(users.len(), 2);
    assert!(!users.is_empty());
    assert_eq!(made.load(Ordering::SeqCst), 2);
    assert!(users.remove(&1).unwrap().is_same(&a));
    assert!(users.remove(&1).is_none());
    assert!(!users.get(&1).unwrap().is_same(&a));
    assert!(format!("{users:?}").contains("capacity: 1000"));
    assert!(format!("{:?}", family(&made)).contains("idle: 3600s"));
}

#[test]
fn many_who_ask_for_one_key_get_one_session() {
    const THREADS: usize = 8;
    let made = Arc::default();
    let users = family(&made).build();
    let start = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (users, start) = (users.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                users.get(&7).unwrap()
            })
        })
        .collect();
    let sessions: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    assert!(sessions.iter().all(|session| session.is_same(&sessions[0])));
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[test]
fn one_that_cannot_be_made_is_tried_again() {
    let tries = AtomicUsize::new(0);
    let users = Family::builder(move |_: &u32| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => Err(Error::new(ErrorKind::Config, "no such user")),
        1 => panic!("the maker's own bug"),
        _ => Ok(MockSession::bearer("t").handle()),
    })
    .build();
    assert_eq!(users.get(&1).unwrap_err().kind(), ErrorKind::Config);
    assert!(users.is_empty());
    let other = users.clone();
    assert!(std::thread::spawn(move || other.get(&1)).join().is_err());
    users.get(&1).unwrap();
    assert_eq!(users.len(), 1);
}

#[test]
fn the_one_not_asked_for_the_longest_goes_first() {
    let made = Arc::default();
    let users = family(&made).capacity(3).build();
    let first: Vec<_> = (1..=3).map(|key| users.get(&key).unwrap()).collect();
    users.get(&1).unwrap();
    users.get(&4).unwrap();
    assert_eq!(users.len(), 3);
    assert!(users.get(&1).unwrap().is_same(&first[0]));
    assert!(users.get(&3).unwrap().is_same(&first[2]));
    assert!(!users.get(&2).unwrap().is_same(&first[1]), "it went");
    assert_eq!(
        family(&made).capacity(0).build().get(&1).unwrap().name(),
        "mock"
    );
}

#[test]
fn one_asked_for_again_stays_before_another() {
    let made = Arc::default();
    let users = family(&made).capacity(2).build();
    let first = users.get(&1).unwrap();
    for key in [2, 1, 3] {
        users.get(&key).unwrap();
    }
    assert!(users.get(&1).unwrap().is_same(&first));
}

#[test]
fn there_are_never_more_than_there_may_be() {
    let made = Arc::default();
    let users = family(&made).capacity(3).build();
    for key in 1..50 {
        users.get(&key).unwrap();
        users.get(&(key - 1)).unwrap();
        users.get(&key).unwrap();
        assert!(users.len() <= 3, "{}", users.len());
    }
}

#[tokio::test]
async fn one_that_goes_closes_when_nobody_uses_it_any_more() {
    let closed = Gate::new();
    let (mock, gate) = (MockSession::bearer("t"), closed.clone());
    mock.then_close(Step::bearer("done").behind(&gate));
    let maker = mock.clone();
    let users = Family::builder(move |_: &u32| Ok(maker.handle()))
        .capacity(1)
        .build();
    let session = users.get(&1).unwrap();
    session.init().await.unwrap();
    users.get(&2).unwrap();
    assert_eq!(session.status().state, State::Open, "it is in use");
    drop(session);
    closed.arrived(1).await;
    closed.open();
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[tokio::test]
async fn idle_ones_go_by_themselves() {
    let (clock, made) = (MockClock::new(), Arc::default());
    let users = family(&made)
        .idle(MINUTE)
        .clock(clock.clone())
        .executor(MockExecutor::new(&clock))
        .build();
    let old = users.get(&1).unwrap();
    clock.sleeper(MINUTE).await;
    clock.advance(MINUTE / 2);
    let young = users.get(&2).unwrap();
    clock.advance(MINUTE / 2);
    // The sweeper waits again once it has looked.
    clock.sleeper(MINUTE).await;
    assert_eq!(users.len(), 1);
    assert!(users.get(&2).unwrap().is_same(&young));
    clock.advance(MINUTE);
    let mut left = users.len();
    while left > 0 {
        tokio::task::yield_now().await;
        left = users.len();
    }
    assert!(!users.get(&1).unwrap().is_same(&old));
    clock.sleeper(MINUTE).await;
}

#[tokio::test]
async fn a_sweeper_that_an_executor_drops_has_a_successor() {
    #[derive(Clone, Debug)]
    struct DropsTheFirst(MockExecutor, Arc<AtomicUsize>);
    impl Executor for DropsTheFirst {
        fn spawn(&self, task: BoxFuture<()>) {
            match self.1.fetch_add(1, Ordering::SeqCst) {
                0 => drop(task),
                _ => self.0.spawn(task),
            }
        }
        fn sleep(&self, time: Duration) -> BoxFuture<()> {
            self.0.sleep(time)
        }
    }
    let (clock, made) = (MockClock::new(), Arc::default());
    let executor = DropsTheFirst(MockExecutor::new(&clock), Arc::default());
    let spawned = Arc::clone(&executor.1);
    let users = family(&made)
        .idle(MINUTE)
        .clock(clock.clone())
        .executor(executor)
        .build();
    users.get(&1).unwrap();
    users.get(&2).unwrap();
    clock.sleeper(MINUTE).await;
    users.get(&3).unwrap();
    assert_eq!(spawned.load(Ordering::SeqCst), 2, "one sweeper is enough");
}

#[tokio::test]
async fn closing_the_family_closes_all() {
    let mock = MockSession::bearer("t");
    let maker = mock.clone();
    let users = Family::builder(move |_: &u32| Ok(maker.handle())).build();
    let sessions: Vec<_> = (0..3).map(|key| users.get(&key).unwrap()).collect();
    for session in &sessions {
        session.init().await.unwrap();
    }
    mock.then_close(Step::fail(ErrorKind::Unavailable));
    assert_eq!(
        users.close().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert!(users.is_empty());
    assert_eq!(mock.count(Call::Close), 3);
    assert!(
        sessions
            .iter()
            .all(|session| session.status().state == State::Closed)
    );
    users.close().await.unwrap();
}
