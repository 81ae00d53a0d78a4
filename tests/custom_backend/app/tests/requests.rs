//! Requests of a session of the custom backend have its credential on them.

use acme_session as _;
use session_kit::{Config, ErrorKind, Outgoing};

#[tokio::test]
async fn the_key_goes_to_the_api_and_nowhere_else() {
    let config = Config::new()
        .set("key", "k-123")
        .set("environment.api", "https://api.acme.example/v1/");
    let session = session_kit::open("acme", config).unwrap();
    session.init().await.unwrap();

    let (mut head, ()) = http::Request::new(()).into_parts();
    let url = session.environment().url("api").unwrap().join("orders").unwrap();
    session.authorize(Outgoing::new(&url, &mut head)).await.unwrap();
    assert_eq!(head.headers["x-acme-key"], "k-123");
    assert!(head.headers["x-acme-key"].is_sensitive());

    let elsewhere = "https://acme.example/".parse().unwrap();
    let refused = session.authorize(Outgoing::new(&elsewhere, &mut head)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);
}
