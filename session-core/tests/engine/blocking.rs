//! Sessions without async.

use session_core::{ErrorKind, State, current};
use session_mock::{Call, MockSession, Step};

#[test]
fn the_whole_life_without_a_runtime() {
    let mock = MockSession::scripted([Step::fail(ErrorKind::Denied), Step::bearer("t")]);
    let session = mock.handle();
    let blocking = session.blocking();
    assert_eq!(blocking.init().unwrap_err().kind(), ErrorKind::Denied);
    blocking.init().unwrap();
    let credential = blocking.credential().unwrap();
    assert_eq!(
        credential
            .header(&http::header::AUTHORIZATION)
            .unwrap()
            .expose(),
        b"Bearer t"
    );
    blocking.close().unwrap();
    assert_eq!(blocking.credential().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(mock.calls(), [Call::Init, Call::Init, Call::Close]);
}

#[test]
fn a_block_opens_and_closes() {
    let mock = MockSession::bearer("t");
    let session = mock.handle();
    let inside = session.blocking().enter(|| {
        assert!(current().unwrap().is_same(&session));
        session.blocking().enter(|| ()).unwrap();
        session.status().state
    });
    assert_eq!(inside.unwrap(), State::Open);
    assert!(current().is_err());
    assert_eq!(mock.calls(), [Call::Init, Call::Close]);
}

#[test]
fn a_block_that_cannot_open_does_not_run() {
    let session = MockSession::scripted([Step::fail(ErrorKind::Denied)]).handle();
    let entered: Result<(), _> = session.blocking().enter(|| panic!("not open"));
    assert_eq!(entered.unwrap_err().kind(), ErrorKind::Denied);
}

#[test]
fn a_failed_close_does_not_replace_the_value() {
    let mock = MockSession::bearer("t");
    mock.then_close(Step::panic());
    assert_eq!(mock.handle().blocking().enter(|| 42).unwrap(), 42);
}

#[test]
fn a_panicking_block_leaves() {
    let session = MockSession::bearer("t").handle();
    let handle = session.clone();
    let thread = std::thread::spawn(move || handle.blocking().enter(|| panic!("the block's own")));
    assert!(thread.join().is_err());
    assert_eq!(session.status().state, State::Closed);
}

#[tokio::test]
async fn it_works_inside_a_current_thread_runtime() {
    let session = MockSession::bearer("t").handle();
    session.blocking().init().unwrap();
    assert_eq!(session.blocking().enter(|| 1).unwrap(), 1);
    session.close().await.unwrap();
}
