//! However many ask at once, the authorization server is asked once.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{pin::pin, sync::Arc, task::Poll, time::Duration};

use session_core::{Clock, SessionHandle};
use session_mock::{Kind, MockClock, Provider};
use session_oauth::{AuthorizationServer, OAuth};
use tokio::sync::Semaphore;

const CROWD: u32 = 10_000;

fn session(provider: &Provider, clock: impl Clock) -> SessionHandle {
    let server = AuthorizationServer::token_endpoint(provider.token_endpoint().as_str())
        .revocation_endpoint(provider.revocation_endpoint().as_str());
    let session = OAuth::client_credentials(server, provider.client_id(), provider.client_secret());
    SessionHandle::builder(session.build().unwrap())
        .clock(clock)
        .build()
}

/// Spawns all, and lets the server answer when each of them waits; then each must succeed.
async fn all_wait<F: Future<Output = bool> + Send + 'static>(
    provider: &Provider,
    call: impl Fn() -> F,
) {
    let hold = provider.hold_tokens();
    let waiting = Arc::new(Semaphore::new(0));
    let tasks: Vec<_> = (0..CROWD)
        .map(|_| {
            let (call, waiting) = (call(), Arc::clone(&waiting));
            tokio::spawn(async move {
                let mut call = pin!(call);
                let first = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
                assert!(
                    first.is_pending(),
                    "nothing can be done before the server answers"
                );
                waiting.add_permits(1);
                call.await
            })
        })
        .collect();
    let everybody = waiting.acquire_many(CROWD).await.unwrap();
    drop(everybody);
    hold.release();
    for task in tasks {
        assert!(task.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_init() {
    let provider = Provider::start().unwrap();
    let session = session(&provider, MockClock::new());
    all_wait(&provider, || {
        let session = session.clone();
        async move { session.init().await.is_ok() }
    })
    .await;
    assert_eq!(provider.count(Kind::Token), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_enter() {
    let provider = Provider::start().unwrap();
    let session = session(&provider, MockClock::new());
    all_wait(&provider, || {
        let session = session.clone();
        async move {
            let inside = async { session_core::current().is_ok() };
            session.enter(inside).await.unwrap_or(false)
        }
    })
    .await;
    assert_eq!(provider.count(Kind::Token), 1);
    assert_eq!(
        provider.count(Kind::Revoke),
        1,
        "the last to leave closes it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_find_it_expired() {
    let provider = Provider::start().unwrap();
    let clock = MockClock::new();
    let session = session(&provider, clock.clone());
    session.init().await.unwrap();
    clock.advance(Duration::from_secs(3600));
    all_wait(&provider, || {
        let session = session.clone();
        async move { session.credential().await.is_ok() }
    })
    .await;
    assert_eq!(provider.count(Kind::Token), 2);
}
