//! The process-wide default. One test, because a default is one for the whole process.

use session_core::{
    ErrorKind, State, WithSession, current, current_named, in_current_scope, set_current,
    set_current_named, with_current,
};
use session_mock::{Call, MockSession, Step};

fn here() -> Option<String> {
    with_current(|session| session.status().name).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_serves_all_unscoped_code() {
    let failing = MockSession::scripted([Step::fail(ErrorKind::Denied)]);
    assert_eq!(
        failing.handle().install().await.unwrap_err().kind(),
        ErrorKind::Denied
    );
    assert!(current().is_err(), "a failed install never becomes current");

    let (first, second) = (MockSession::bearer("1"), MockSession::bearer("2"));
    let (a, b) = (first.handle(), second.handle());
    assert!(a.install().await.unwrap().is_none());
    assert_eq!(first.calls(), [Call::Init]);
    assert!(current().unwrap().is_same(&a));

    // Threads and tasks see it without being asked.
    assert!(std::thread::spawn(|| current().is_ok()).join().unwrap());
    assert!(tokio::spawn(async { current().is_ok() }).await.unwrap());

    // A scope covers it, and what leaves the scope sees the default again.
    b.scope(async {
        assert!(current().unwrap().is_same(&b));
        let spawned = tokio::spawn(async { current().unwrap() }).await.unwrap();
        assert!(spawned.is_same(&a));
        let error = set_current(None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    })
    .await;

    // What carries "the current scope" does not carry the default, which stays live.
    let live = in_current_scope(here);
    let task = async { current().unwrap() }.with_current_session();

    // Replacing gives back whom it displaced, still open.
    let displaced = b.install().await.unwrap().unwrap();
    assert!(displaced.is_same(&a));
    assert_eq!(displaced.status().state, State::Open);
    assert!(task.await.is_same(&b));
    assert_eq!(live(), Some("mock".into()));

    // The same without I/O.
    let displaced = set_current(Some(a.clone())).unwrap().unwrap();
    assert!(displaced.is_same(&b));
    assert_eq!(second.calls(), [Call::Init]);

    // A closed default stays the default: `init` opens it again.
    a.close().await.unwrap();
    assert!(current().unwrap().is_same(&a));
    assert_eq!(
        current().unwrap().credential().await.unwrap_err().kind(),
        ErrorKind::Closed
    );
    a.init().await.unwrap();

    // Names are apart from the default.
    assert!(b.install_as("risk").await.unwrap().is_none());
    assert!(current().unwrap().is_same(&a));
    assert!(current_named("risk").unwrap().is_same(&b));
    let error = current_named("data").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSession);
    assert!(error.to_string().contains("[risk]"), "{error}");
    assert!(
        set_current_named("risk", Some(a.clone()))
            .unwrap()
            .unwrap()
            .is_same(&b)
    );
    assert!(
        set_current_named("risk", None)
            .unwrap()
            .unwrap()
            .is_same(&a)
    );
    assert!(current_named("risk").is_err());
    let failed = failing.handle().install_as("risk").await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Denied);
    assert!(current_named("risk").is_err());

    // Without async the same.
    assert!(b.blocking().install().unwrap().unwrap().is_same(&a));
    assert!(set_current(None).unwrap().unwrap().is_same(&b));
    assert_eq!(here(), None);
}
