//! The life of a session as who comes from `gs_quant` knows it. In a process of its own: the default is global.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use session_core::{ErrorKind, State, WithSession, current, set_current, with_current};
use session_marquee::{Client, Marquee};
use session_mock::Kind;
use support::{marquee, provider};

/// All that is about the default, one after the other.
#[tokio::test]
async fn use_replaces_what_is_current_and_leaves_it_open() {
    let provider = provider();
    assert_eq!(current().unwrap_err().kind(), ErrorKind::NoSession);
    let [a, b, c] = [(); 3].map(|()| marquee(&provider).open().unwrap());

    // GsSession.use
    assert!(a.install().await.unwrap().is_none());
    Client::current().get("/users/self").send().await.unwrap();
    let displaced = b.install().await.unwrap().unwrap();
    assert!(displaced.is_same(&a));
    assert_eq!(a.status().state, State::Open);
    assert!(current().unwrap().is_same(&b));

    // with c: inside it is current, afterwards b is; whom it displaced is known to who asks before.
    let prior = current().unwrap();
    c.enter(async {
        assert!(current().unwrap().is_same(&c));
        Client::current().get("/users/self").send().await.unwrap();
        assert_eq!(set_current(None).unwrap_err().kind(), ErrorKind::Config);
    })
    .await
    .unwrap();
    assert!(current().unwrap().is_same(&prior));
    assert_eq!(c.status().state, State::Closed, "entered, so closed");

    // A thread sees the default, and a scope only if it is handed over.
    std::thread::spawn(|| with_current(|_| ()).unwrap())
        .join()
        .unwrap();
    let inside = a.scope(async {
        let without = tokio::spawn(async { current() });
        let with = tokio::spawn(async { current() }.with_current_session());
        (
            without.await.unwrap().unwrap(),
            with.await.unwrap().unwrap(),
        )
    });
    let (without, with) = inside.await;
    assert!(without.is_same(&b) && with.is_same(&a));

    // GsSession.current = None; close() of what is current leaves it so, with an error that says what to do.
    set_current(Some(a.clone())).unwrap();
    a.close().await.unwrap();
    a.close().await.unwrap();
    let error = Client::current().get("/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    a.init().await.unwrap();
    a.init().await.unwrap();
    Client::current().get("/x").send().await.unwrap();
    set_current(None).unwrap();
    assert_eq!(current().unwrap_err().kind(), ErrorKind::NoSession);
    assert_eq!(provider.count(Kind::Token), 4, "a, b, c, and a again");
}

#[tokio::test]
async fn what_was_initialized_before_stays_open_and_a_shared_one_is_not_closed_under_anybody() {
    let provider = provider();
    let session = marquee(&provider).open().unwrap();
    session.init().await.unwrap();
    session.enter(async {}).await.unwrap();
    assert_eq!(session.status().state, State::Open);
    session.close().await.unwrap();
    session
        .enter(async {
            session.enter(async {}).await.unwrap();
            assert_eq!(session.status().state, State::Open);
        })
        .await
        .unwrap();
    assert_eq!(session.status().state, State::Closed);
}

#[tokio::test]
async fn a_block_that_panics_is_left_all_the_same() {
    let provider = provider();
    let session = marquee(&provider).open().unwrap();
    let inside = session.clone();
    let task = tokio::spawn(async move { inside.enter(async { panic!("as it may") }).await });
    assert!(task.await.is_err());
    let mut changes = session.changes();
    while session.status().state != State::Closed {
        changes.next().await;
    }
}

#[tokio::test]
async fn the_backend_of_a_handle_is_found_again() {
    let provider = provider();
    let session = marquee(&provider).open().unwrap();
    let found = Marquee::of(&session).unwrap();
    assert_eq!(found.marquee_environment().api_version(), "v1");
    let mock = session_mock::MockSession::bearer("t").handle();
    assert!(Marquee::of(&mock).is_none());
}
