//! Init, close, and what a session answers in between.

use crate::support::{API, authorize, bearer, poll_once};
use session_core::{ErrorKind, SessionHandle, State};
use session_mock::{Call, Gate, MockSession, Step};

#[tokio::test]
async fn nothing_happens_before_init() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(mock.calls(), []);

    session.scope(async {}).await;
    session.in_scope(|| {});
    let unauthorized = authorize(&session, API).await;
    assert_eq!(unauthorized.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(
        session.credential().await.unwrap_err().kind(),
        ErrorKind::Closed
    );
    drop(session.init());
    drop(session.enter(async {}));
    assert_eq!(mock.calls(), [], "futures that are not polled do nothing");

    session.init().await.unwrap();
    assert_eq!(mock.calls(), [Call::Init]);
    assert_eq!(session.status().state, State::Open);
}

#[tokio::test]
async fn init_is_idempotent() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    session.init().await.unwrap();
    session.clone().init().await.unwrap();
    assert_eq!(mock.calls(), [Call::Init]);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t");
}

#[tokio::test]
async fn after_a_failed_init_the_next_one_really_tries_again() {
    let mock = MockSession::scripted([
        Step::fail(ErrorKind::Denied),
        Step::fail(ErrorKind::Unavailable),
        Step::bearer("t"),
    ]);
    let session = mock.handle();
    assert_eq!(session.init().await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(
        session.init().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t");
    assert_eq!(mock.count(Call::Init), 3);
}

#[tokio::test]
async fn close_is_idempotent_and_asks_for_a_new_init() {
    let mock = MockSession::scripted([Step::bearer("a"), Step::bearer("b")]);
    let session = mock.handle();
    session.close().await.unwrap();
    assert_eq!(mock.calls(), [], "a closed session has nothing to close");

    session.init().await.unwrap();
    session.close().await.unwrap();
    session.close().await.unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(
        bearer(&session).await.unwrap_err().kind(),
        ErrorKind::Closed
    );

    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::Close, Call::Init]);
}

#[tokio::test]
async fn a_failed_close_says_so_and_closes_all_the_same() {
    let mock = MockSession::bearer("a");
    let session = mock.handle();
    session.init().await.unwrap();
    mock.then_close(Step::fail(ErrorKind::Unavailable));
    assert_eq!(
        session.close().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(session.status().state, State::Closed);
    session.close().await.unwrap();
    assert_eq!(mock.count(Call::Close), 1);
}

#[tokio::test]
async fn callers_of_a_close_under_way_share_its_outcome() {
    let gate = Gate::new();
    let mock = MockSession::bearer("a");
    mock.then_close(Step::fail(ErrorKind::Unavailable).behind(&gate));
    let session = mock.handle();
    session.init().await.unwrap();

    let mut first = Box::pin(session.close());
    assert!(poll_once(&mut first).is_pending());
    gate.arrived(1).await;
    let mut second = Box::pin(session.close());
    assert!(
        poll_once(&mut second).is_pending(),
        "the end is not there yet"
    );
    gate.open();
    assert_eq!(first.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(second.await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(mock.count(Call::Close), 1);
}

#[tokio::test]
async fn an_init_after_close_waits_for_the_end_of_that_close() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("a"), Step::bearer("b")]);
    mock.then_close(Step::bearer("done").behind(&gate));
    let session = mock.handle();
    session.init().await.unwrap();

    let mut close = Box::pin(session.close());
    assert!(poll_once(&mut close).is_pending());
    gate.arrived(1).await;
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    assert_eq!(session.status().state, State::Opening);
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
    gate.open();
    close.await.unwrap();
    init.await.unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Close, Call::Init]);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer b");
}

#[tokio::test]
async fn an_authentication_that_ends_after_close_is_closed_at_the_server() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::bearer("late").behind(&gate), Step::bearer("new")]);
    let session = mock.handle();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    gate.arrived(1).await;
    assert_eq!(session.status().state, State::Opening);

    let mut close = Box::pin(session.close());
    assert!(
        poll_once(&mut close).is_pending(),
        "there will be something to close"
    );
    assert_eq!(init.await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(session.status().state, State::Closed);

    // Somebody wants it again, while the old authentication still runs: it is not run twice at once.
    let mut again = Box::pin(session.init());
    assert!(poll_once(&mut again).is_pending());
    assert_eq!(mock.calls(), [Call::Init]);
    gate.open();
    close.await.unwrap();
    again.await.unwrap();
    assert_eq!(mock.calls(), [Call::Init, Call::Close, Call::Init]);
    assert_eq!(bearer(&session).await.unwrap(), "Bearer new");
    assert_eq!(
        session.status().generation,
        1,
        "the late one was never in use"
    );
}

#[tokio::test]
async fn a_failed_authentication_after_close_leaves_nothing_to_close() {
    let gate = Gate::new();
    let mock = MockSession::scripted([Step::fail(ErrorKind::Denied).behind(&gate)]);
    let session = mock.handle();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    gate.arrived(1).await;
    let mut close = Box::pin(session.close());
    assert!(poll_once(&mut close).is_pending());
    gate.open();
    close.await.unwrap();
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn a_panicking_backend_is_an_error_and_poisons_nothing() {
    let mock = MockSession::scripted([Step::panic(), Step::bearer("t")]);
    let session = mock.handle();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("`init` panicked"), "{error}");
    session.init().await.unwrap();
    assert_eq!(bearer(&session).await.unwrap(), "Bearer t");

    mock.then_close(Step::panic());
    let error = session.close().await.unwrap_err();
    assert!(error.to_string().contains("`close` panicked"), "{error}");
    session.init().await.unwrap();
}

#[tokio::test]
async fn a_credential_that_no_header_can_carry_fails_the_init() {
    let mock = MockSession::bearer("line\nbreak");
    let error = mock.handle().init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("`authorization`"), "{error}");
}

#[tokio::test]
async fn a_session_dropped_open_is_closed_in_the_background() {
    let closed = Gate::new();
    let mock = MockSession::bearer("t");
    mock.then_close(Step::bearer("done").behind(&closed));
    let session = mock.handle();
    session.init().await.unwrap();
    let clone = session.clone();
    drop(session);
    assert_eq!(mock.count(Call::Close), 0, "a handle is left");
    drop(clone);
    closed.arrived(1).await;
    closed.open();
    assert_eq!(mock.count(Call::Close), 1);
}

#[tokio::test]
async fn a_failed_close_of_a_dropped_session_reaches_nobody() {
    let closed = Gate::new();
    let mock = MockSession::bearer("t");
    mock.then_close(Step::panic().behind(&closed));
    let session = mock.handle();
    session.init().await.unwrap();
    drop(session);
    closed.arrived(1).await;
    closed.open();
    let other = MockSession::bearer("u").handle();
    other.init().await.unwrap();
}

#[tokio::test]
async fn handles_know_their_session() {
    let mock = MockSession::bearer("t");
    let (a, b) = (mock.handle(), mock.handle());
    assert!(a.is_same(&a.clone()));
    assert!(!a.is_same(&b));
    assert_eq!(a.id(), a.clone().id());
    assert_ne!(a.id(), b.id());
    assert_eq!(a.name(), "mock");
    assert_eq!(a.environment().name(), "mock");
    assert_eq!(a.session().scheme(), "mock");
    let named = SessionHandle::builder(mock).name("risk").build();
    assert_eq!(named.name(), "risk");
    let status = named.status();
    assert_eq!(
        (status.name.as_str(), status.scheme.as_str()),
        ("risk", "mock")
    );
    assert_eq!(status.environment, "mock");
    assert_eq!(status.generation, 0);
    let builder = format!(
        "{:?}",
        SessionHandle::builder(MockSession::bearer("t")).name("risk")
    );
    assert!(
        builder.contains("risk") && builder.contains("time_limit: 60s"),
        "{builder}"
    );
    let debug = format!("{named:?}");
    assert!(
        debug.contains("risk") && debug.contains("Closed"),
        "{debug}"
    );
}

#[test]
fn states_read_as_words_that_align() {
    let words = [State::Closed, State::Opening, State::Open, State::Expired];
    assert_eq!(
        words.map(|state| state.to_string()),
        ["closed", "opening", "open", "expired"]
    );
    assert_eq!(
        format!("{:>8}|{:<8}|", State::Open, State::Closed),
        "    open|closed  |"
    );
}
