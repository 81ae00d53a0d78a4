//! Tokens that are replaced.

use std::{
    fs,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use http::StatusCode;
use serde_json::json;
use session_core::{ErrorKind, SecretSource, SessionHandle};
use session_marquee::{Client, Marquee};
use session_mock::{Kind, MockClock, Provider};

use crate::support::{environment, header, marquee, opened, provider, requests};

#[tokio::test]
async fn no_bearer_goes_to_the_token_endpoint() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    provider.refuse();
    let request = client.post("/things").json(&json!({ "a": 1 }));
    request.send().await.unwrap();
    let asked = requests(&provider, Kind::Token);
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert_eq!(header(&request, "authorization"), None);
        assert_eq!(request.status(), Some(StatusCode::OK));
    }
}

#[tokio::test]
async fn expiry_is_known_and_no_call_is_refused_for_it() {
    let clock = MockClock::new();
    let client =
        session_mock::Client::new(crate::support::ID, "s").scopes(session_marquee::Scope::ALL);
    let provider = Provider::builder().client(client).clock(clock.clone());
    let provider = provider.lifetime(Duration::from_secs(60)).start().unwrap();
    let session = marquee(&provider).build().unwrap();
    let session = SessionHandle::builder(session).clock(clock.clone()).build();
    session.init().await.unwrap();
    let client = Client::new(&session);
    for _ in 0..5 {
        clock.advance(Duration::from_secs(61));
        client.post("/upload").body("large").send().await.unwrap();
    }
    let statuses: Vec<_> = requests(&provider, Kind::Api)
        .iter()
        .map(session_mock::Entry::status)
        .collect();
    assert_eq!(statuses, [Some(StatusCode::OK); 5]);
    assert_eq!(provider.count(Kind::Token), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_concurrent_401s_are_one_renewal() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    provider.refuse();
    // All are refused before any can know of a renewal.
    let hold = provider.hold(Kind::Api);
    let calls: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.post("/x").body("b").send()))
        .collect();
    provider
        .wait_for(|log| log.iter().filter(|it| it.kind() == Kind::Api).count() == 50)
        .await;
    hold.release();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(provider.count(Kind::Token), 2);
    assert_eq!(provider.count(Kind::Api), 100);
}

#[test]
fn fifty_threads_that_init_are_one_authentication_and_no_call_goes_without() {
    let provider = provider();
    let session = marquee(&provider).open().unwrap();
    let start = Arc::new(Barrier::new(50));
    let threads: Vec<_> = (0..50)
        .map(|_| {
            let (session, start) = (session.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                session.blocking().init().unwrap();
                let client = session_marquee::blocking::Client::new(&session);
                client.get("/x").send().unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(provider.count(Kind::Token), 1);
    for request in requests(&provider, Kind::Api) {
        assert!(header(&request, "authorization").is_some());
        assert_eq!(request.status(), Some(StatusCode::OK));
    }
}

#[tokio::test]
async fn a_refused_token_is_not_sent_again_and_a_new_one_is() {
    let provider = provider();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "dead").unwrap();
    let session = Marquee::token(environment(&provider), SecretSource::file(&file));
    let session = session.open().unwrap();
    session.init().await.unwrap();
    let client = Client::new(&session);
    let error = client.get("/x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(provider.count(Kind::Api), 1, "the dead token went out once");

    let (other, _) = opened(&provider).await;
    let token = other.credential().await.unwrap();
    let token = token.header(&http::header::AUTHORIZATION).unwrap();
    let token = token.expose_str().unwrap().strip_prefix("Bearer ").unwrap();
    fs::write(&file, token).unwrap();
    session.init().await.unwrap();
    client.get("/x").send().await.unwrap();
}
