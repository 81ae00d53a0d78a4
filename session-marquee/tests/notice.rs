//! The notice that Marquee gets of a session, where it is asked for: it is the session's least concern.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::time::Duration;

use http::StatusCode;
use session_core::{SessionHandle, State};
use session_marquee::{Client, MarqueeBuilder};
use session_mock::{Entry, Kind, MockClock, MockExecutor, Outage, Provider};
use support::{header, marquee, provider, text};

fn telling(provider: &Provider) -> MarqueeBuilder {
    marquee(provider).activity(true).application("x", "1.2")
}

/// A session, and the executor that has what it does in the background.
fn session(builder: MarqueeBuilder) -> (SessionHandle, MockExecutor) {
    let clock = MockClock::new();
    let executor = MockExecutor::new(&clock);
    let session = SessionHandle::builder(builder.build().unwrap());
    let session = session.clock(clock).executor(executor.clone());
    (session.build(), executor)
}

fn notices(log: &[Entry]) -> impl Iterator<Item = &Entry> {
    let is_one = |entry: &&Entry| entry.path().ends_with("/activities");
    log.iter().filter(is_one)
}

#[tokio::test]
async fn the_notice_is_sent_when_asked_for_and_its_failure_does_not_matter() {
    let provider = provider();
    let (silent, executor) = session(marquee(&provider));
    silent.init().await.unwrap();
    executor.idle().await;
    assert_eq!(provider.count(Kind::Api), 0);

    let (told, executor) = session(telling(&provider));
    told.init().await.unwrap();
    executor.idle().await;
    let notice = support::last(&provider);
    assert_eq!(notice.path(), "/api/v1/activities");
    assert_eq!(notice.status(), Some(StatusCode::OK));
    assert_eq!(
        text(&notice),
        r#"{"action": "Initiated", "kpis": [{"id": "gsqInitiated", "value": 1}], "resource": "GSQuant", "parameters": {"featureApplication": "x", "gsQuantVersion": "1.2"}}"#
    );
    assert_eq!(header(&notice, "x-application"), Some("x"));
    provider.refuse();
    Client::new(&told).get("/x").send().await.unwrap();
    executor.idle().await;
    let count = notices(&provider.log()).count();
    assert_eq!(count, 1, "a renewal is no beginning");

    for (told, outage) in [
        (2, Outage::status(StatusCode::INTERNAL_SERVER_ERROR)),
        (3, Outage::reset()),
    ] {
        provider.fail(Kind::Api, outage);
        let (session, executor) = session(telling(&provider));
        session.init().await.unwrap();
        executor.idle().await;
        assert_eq!(session.status().state, State::Open);
        assert!(session.status().failure.is_none());
        assert_eq!(notices(&provider.log()).count(), told);
    }
}

#[tokio::test]
async fn a_notice_that_hangs_does_not_hang_the_session() {
    let provider = provider();
    let _hold = provider.hold(Kind::Api);
    let (session, executor) = session(telling(&provider));
    session.init().await.unwrap();
    provider.wait_for(|log| notices(log).count() == 1).await;
    assert_eq!(session.status().state, State::Open);
    // A renewal is not held up either.
    let token = session.credential().await.unwrap();
    provider.refuse();
    let receipt = {
        let mut head = http::Request::new(()).into_parts().0;
        let outgoing = session_core::Outgoing::new(provider.api(), &mut head);
        session.authorize(outgoing).await.unwrap()
    };
    session.report_refusal(&receipt, &[]).await.unwrap();
    let renewed = session.credential().await.unwrap();
    let name = http::header::AUTHORIZATION;
    assert_ne!(
        renewed.header(&name).unwrap().expose(),
        token.header(&name).unwrap().expose()
    );
    // Nor is the end; and then there is nobody left who waits for an answer.
    session.close().await.unwrap();
    executor.idle().await;
    assert_eq!(notices(&provider.log()).count(), 1);
}

#[tokio::test]
async fn a_notice_is_given_up_after_as_long_as_a_request_may_take() {
    let provider = provider();
    let _hold = provider.hold(Kind::Api);
    let (session, executor) = session(telling(&provider).timeout(Duration::from_millis(1)));
    session.init().await.unwrap();
    executor.idle().await;
    assert_eq!(session.status().state, State::Open);
}

#[test]
fn a_notice_that_hangs_does_not_hang_a_program_without_async_either() {
    let provider = provider();
    let _hold = provider.hold(Kind::Api);
    let session = telling(&provider).open().unwrap();
    let told = session.blocking().enter(|| {
        let patience = Duration::from_secs(60);
        provider.blocking_wait_for(patience, |log| notices(log).count() == 1)
    });
    assert!(told.unwrap());
    assert_eq!(session.status().state, State::Closed);
}
