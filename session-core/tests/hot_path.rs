//! What a request with a valid credential costs. A program of its own, because it replaces the allocator by one that
//! counts, and sets the process-wide default.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Waker},
    thread,
    time::Duration,
};

use allocation_counter::measure;
use http::{Request, header::AUTHORIZATION};
use session_core::{Credential, Outgoing, SessionHandle, set_current, with_current};
use session_mock::{MockSession, Step};
use url::Url;

async fn open() -> SessionHandle {
    let credential = Credential::bearer("t0k3n").expires_in(Duration::from_secs(3600));
    let session = MockSession::scripted([Step::credential(credential)]).handle();
    session.init().await.unwrap();
    session
}

/// How often a call allocates, once whatever is made only once has been made.
fn allocations(mut call: impl FnMut()) -> u64 {
    // The first call that uses a session on a thread may get a copy of its headers on the next.
    (0..3).for_each(|_| call());
    measure(|| (0..100).for_each(|_| call())).count_total
}

fn on_this_thread_and_another(call: impl Fn() -> u64 + Sync) {
    assert_eq!(call(), 0, "on the first thread");
    let another = thread::scope(|scope| scope.spawn(&call).join().unwrap());
    assert_eq!(another, 0, "on a thread with a copy of its own");
}

#[tokio::test]
async fn a_valid_credential_costs_a_request_no_allocation() {
    let session = open().await;
    on_this_thread_and_another(|| {
        allocations(|| {
            let header = session.header_now(&AUTHORIZATION);
            assert!(black_box(header).is_some());
        })
    });

    let url: Url = "https://api.mock.test/orders".parse().unwrap();
    on_this_thread_and_another(|| {
        // The map of the request has room: what that costs is the caller's.
        let (mut parts, ()) = Request::new(()).into_parts();
        allocations(|| {
            parts.headers.clear();
            let request = pin!(session.authorize(Outgoing::new(&url, &mut parts)));
            let polled = request.poll(&mut Context::from_waker(Waker::noop()));
            assert!(black_box(polled).is_ready());
        })
    });
}

#[tokio::test]
async fn looking_at_the_current_session_allocates_nothing() {
    let session = open().await;
    let look = || {
        let header = with_current(|current| current.header_now(&AUTHORIZATION).is_some());
        assert!(black_box(header).unwrap());
    };
    // Threads are in no scope that they do not enter themselves.
    on_this_thread_and_another(|| session.in_scope(|| allocations(look)));
    set_current(Some(session.clone())).unwrap();
    on_this_thread_and_another(|| allocations(look));
    set_current(None).unwrap();
}

#[tokio::test]
async fn polling_in_a_scope_allocates_nothing() {
    let session = open().await;
    let mut scoped = Box::pin(session.scope(std::future::pending::<()>()));
    let poll = || {
        let polled = scoped
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    };
    assert_eq!(allocations(poll), 0);
}

#[test]
fn an_allocation_would_be_counted() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 100);
}
