//! What is said of failures.

use std::time::Duration;

use http::StatusCode;
use session_core::ErrorKind;
use session_marquee::Failure;
use session_mock::{Kind, Outage};

use crate::support::{marquee, opened, provider, texts};

#[tokio::test]
async fn a_web_page_is_never_in_a_message() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let disguised = [
        "<!doctype html><h1>s3cr3t",
        "\u{feff}<html>s3cr3t",
        "Error: <html>s3cr3t",
        "<!-- first --><html>s3cr3t",
        r#"{"message": "\u003cHTML>s3cr3t"}"#,
    ];
    let plain = disguised.map(|page| Outage::json(StatusCode::BAD_GATEWAY, page));
    let long = format!("<html>{}", "s3cr3t".repeat(4000));
    let long = Outage::json(StatusCode::BAD_GATEWAY, long);
    let open = [Outage::html(StatusCode::BAD_GATEWAY), long];
    for outage in plain.into_iter().chain(open) {
        provider.fail_next(Kind::Api, 1, outage);
        let error = client.post("/x").send().await.unwrap_err();
        assert!(!texts(&error).contains('<'), "{}", texts(&error));
        assert_eq!(Failure::of(&error).unwrap().explanation(), None);
    }
}

#[tokio::test]
async fn no_body_of_an_answer_is_in_a_message() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    let body = r#"{"messages": ["client_secret=s3cr3t was wrong"]}"#;
    provider.fail_next(Kind::Api, 1, Outage::json(StatusCode::BAD_REQUEST, body));
    let error = client.get("/x?token=s3cr3t").send().await.unwrap_err();
    assert!(!texts(&error).contains("s3cr3t"), "{}", texts(&error));
    assert_eq!(Failure::of(&error).unwrap().explanation(), Some(body));

    let session = marquee(&provider).open().unwrap();
    let echo = format!(
        r#"{{"error": "invalid_client", "echo": "client_secret={}"}}"#,
        provider.client_secret()
    );
    provider.fail_next(Kind::Token, 1, Outage::json(StatusCode::BAD_REQUEST, echo));
    let error = session.init().await.unwrap_err();
    assert!(
        !texts(&error).contains(provider.client_secret()),
        "{}",
        texts(&error)
    );
}

#[tokio::test]
async fn retry_after_is_read() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for status in [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let outage = Outage::status(status).header(http::header::RETRY_AFTER, 7);
        provider.fail_next(Kind::Api, 1, outage);
        let error = client.post("/x").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    }
    let session = marquee(&provider).open().unwrap();
    let outage = Outage::status(StatusCode::TOO_MANY_REQUESTS);
    provider.fail_next(Kind::Token, 1, outage.header(http::header::RETRY_AFTER, 7));
    let error = session.init().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn of_a_long_explanation_there_is_the_beginning() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    // The limit is in the middle of a character.
    let body = format!("\u{feff}{}", "é".repeat(20_000));
    provider.fail_next(Kind::Api, 1, Outage::json(StatusCode::BAD_REQUEST, body));
    let error = client.get("/x").send().await.unwrap_err();
    let explanation = Failure::of(&error).unwrap().explanation().unwrap();
    assert!(explanation.chars().all(|c| c == 'é'));
    assert_eq!(explanation.len(), (16 << 10) - "\u{feff}".len() - 1);
}
