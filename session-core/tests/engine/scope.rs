//! What is current, where. No test here touches the process-wide default.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::support::poll_once;
use session_core::{
    ErrorKind, SessionHandle, WithSession, current, current_named, in_current_scope, set_current,
    set_current_named, with_current,
};
use session_mock::{Call, MockSession};

fn session(name: &str) -> SessionHandle {
    SessionHandle::builder(MockSession::bearer("t"))
        .name(name)
        .build()
}

fn here() -> String {
    with_current(|session| session.name().to_owned()).unwrap_or_else(|_| "none".into())
}

#[test]
fn without_any_there_is_an_error_that_tells_what_to_do() {
    let error = current().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSession);
    for remedy in [
        "install",
        "enter",
        "with_current_session",
        "in_current_scope",
    ] {
        assert!(error.to_string().contains(remedy), "{error}");
    }
}

#[test]
fn scopes_nest_and_end() {
    let (a, b) = (session("a"), session("b"));
    a.in_scope(|| {
        assert_eq!(here(), "a");
        b.in_scope(|| assert_eq!(here(), "b"));
        assert_eq!(here(), "a");
        assert!(current().unwrap().is_same(&a));
    });
    assert_eq!(here(), "none");
}

#[test]
fn a_scope_ends_with_a_panic() {
    let a = session("a");
    let panicked = catch_unwind(AssertUnwindSafe(|| a.in_scope(|| panic!("inside"))));
    assert!(panicked.is_err());
    assert_eq!(here(), "none");
}

#[test]
fn looking_at_the_current_session_allows_anything() {
    let (a, b) = (session("a"), session("b"));
    a.in_scope(|| {
        with_current(|current| {
            assert_eq!(current.name(), "a");
            b.in_scope(|| assert_eq!(here(), "b"));
            assert_eq!(here(), "a");
        })
        .unwrap();
    });
}

#[tokio::test]
async fn a_future_has_its_scope_whenever_it_is_polled() {
    let (a, b) = (session("a"), session("b"));
    let names = |count| async move {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(here());
            tokio::task::yield_now().await;
        }
        names
    };
    let seen = tokio::join!(a.scope(names(3)), names(3), names(3).with_session(&b));
    assert_eq!(
        seen,
        (
            vec!["a".to_owned(); 3],
            vec!["none".into(); 3],
            vec!["b".into(); 3]
        )
    );
}

#[tokio::test]
async fn scoping_sends_nothing() {
    let mock = MockSession::bearer("t");
    let handle = mock.handle();
    handle.scope(async {}).await;
    handle.in_scope(|| {});
    assert_eq!(mock.calls(), [] as [Call; 0]);
}

#[tokio::test]
async fn spawned_work_inherits_a_scope_only_when_asked() {
    let a = session("a");
    a.scope(async {
        let plain = tokio::spawn(async { here() }).await.unwrap();
        let asked = tokio::spawn(async { here() }.with_current_session())
            .await
            .unwrap();
        assert_eq!((plain.as_str(), asked.as_str()), ("none", "a"));
    })
    .await;
    assert_eq!(async { here() }.with_current_session().await, "none");
}

#[test]
fn threads_inherit_a_scope_only_when_asked() {
    session("a").in_scope(|| {
        let plain = std::thread::spawn(here).join().unwrap();
        let asked = std::thread::spawn(in_current_scope(here)).join().unwrap();
        assert_eq!((plain.as_str(), asked.as_str()), ("none", "a"));
    });
    assert_eq!(in_current_scope(here)(), "none");
}

#[test]
fn a_carried_scope_has_all_levels() {
    let inside = session("a").in_scope(|| {
        session("b").in_scope(|| in_current_scope(|| (here(), current_named("a").is_ok())))
    });
    let seen = std::thread::spawn(inside).join().unwrap();
    assert_eq!(seen, ("b".to_owned(), true));
}

#[tokio::test]
async fn a_carried_scope_keeps_its_levels_in_order_from_poll_to_poll() {
    let seen = async {
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push((here(), current_named("a").is_ok()));
            tokio::task::yield_now().await;
        }
        seen
    };
    let [a, b] = ["a", "b"].map(session);
    let carried = a.in_scope(|| b.in_scope(|| seen.with_current_session()));
    assert_eq!(carried.await, vec![("b".to_owned(), true); 3]);
}

#[test]
fn names_find_the_innermost_scope_of_that_name() {
    let (outer, inner, other) = (session("risk"), session("risk"), session("data"));
    outer.in_scope(|| {
        inner.in_scope(|| {
            other.in_scope(|| {
                assert!(current_named("risk").unwrap().is_same(&inner));
                assert!(current_named("data").unwrap().is_same(&other));
                let error = current_named("orders").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NoSession);
                assert!(error.to_string().contains("`orders`"), "{error}");
            });
        });
        assert!(current_named("risk").unwrap().is_same(&outer));
    });
}

#[tokio::test]
async fn nothing_is_installed_inside_a_scope_and_nothing_sent() {
    let mock = MockSession::bearer("t");
    let handle = mock.handle();
    session("a")
        .scope(async {
            let errors = [
                handle.install().await.unwrap_err(),
                handle.install_as("x").await.unwrap_err(),
                set_current(Some(handle.clone())).unwrap_err(),
                set_current_named("x", Some(handle.clone())).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::Config);
                assert!(error.to_string().contains("session `a`"), "{error}");
            }
        })
        .await;
    assert_eq!(mock.calls(), []);
    assert!(current().is_err());
}

#[tokio::test]
async fn what_a_future_holds_is_dropped_inside_its_scope() {
    struct Witness(Arc<AtomicBool>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.store(here() == "a", Ordering::SeqCst);
        }
    }
    let a = session("a");
    let hold = |seen: &Arc<AtomicBool>| {
        let witness = Witness(Arc::clone(seen));
        async move {
            let _witness = witness;
            std::future::pending::<()>().await;
        }
    };
    let (unpolled, polled, done) = <(Arc<AtomicBool>, Arc<AtomicBool>, Arc<AtomicBool>)>::default();
    drop(a.scope(hold(&unpolled)));
    assert!(unpolled.load(Ordering::SeqCst));

    let mut pending = Box::pin(a.scope(hold(&polled)));
    assert!(poll_once(&mut pending).is_pending());
    drop(pending);
    assert!(polled.load(Ordering::SeqCst));

    let witness = Witness(Arc::clone(&done));
    // Held by the future itself, not by its body: it is still there when the body has ended.
    let future = std::future::poll_fn(move |_| {
        let _ = &witness;
        std::task::Poll::Ready(())
    });
    a.scope(future).await;
    assert!(done.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_future_may_change_threads() {
    let a = session("a");
    let mut future = Box::pin(a.scope(async {
        let first = here();
        tokio::task::yield_now().await;
        (first, here())
    }));
    assert!(poll_once(&mut future).is_pending());
    assert_eq!(here(), "none");
    let elsewhere = std::thread::spawn(move || {
        let polled = poll_once(&mut future);
        assert_eq!(here(), "none");
        polled
    });
    let seen = elsewhere.join().unwrap();
    assert_eq!(
        seen,
        std::task::Poll::Ready(("a".to_owned(), "a".to_owned()))
    );
}

#[tokio::test]
#[should_panic(expected = "polled after completion")]
async fn polling_after_the_end_is_a_bug_that_shows() {
    let mut future = Box::pin(session("a").scope(async {}));
    future.as_mut().await;
    future.await;
}
