//! Where an answer sends a request on to.

use http::{HeaderValue, StatusCode, header::LOCATION};
use serde_json::json;
use session_core::ErrorKind;
use session_marquee::Client;
use session_mock::{Kind, Outage};

use crate::support::{header, last, marquee, opened, provider, with_cookies};

#[tokio::test]
async fn no_redirect_reposts_the_secret_or_brings_a_token_from_elsewhere() {
    for status in [302, 307, 308] {
        let (provider, other) = (provider(), provider());
        let elsewhere = HeaderValue::from_str(other.token_endpoint().as_str()).unwrap();
        let redirect = Outage::status(StatusCode::from_u16(status).unwrap());
        provider.fail(Kind::Token, redirect.header(LOCATION, elsewhere));
        let session = marquee(&provider).open().unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(other.log().is_empty());
    }
}

#[tokio::test]
async fn nothing_of_the_session_and_no_body_follows_a_redirect_to_another_origin() {
    let (provider, other) = (provider(), provider());
    other.fail(Kind::Api, Outage::json(StatusCode::OK, "{}"));
    let landed = HeaderValue::from_str(other.api().join("landed").unwrap().as_str()).unwrap();
    let redirect = |status| Outage::status(status).header(LOCATION, landed.clone());
    let cookies = with_cookies(&provider).open().unwrap();
    cookies.init().await.unwrap();
    for client in [opened(&provider).await.1, Client::new(&cookies)] {
        provider.fail_next(Kind::Api, 1, redirect(StatusCode::FOUND));
        let request = client.get("/cross").header("Accept", "text/csv");
        request.header("x-own", "1").send().await.unwrap();
        for name in [
            "authorization",
            "cookie",
            "x-marquee-csrf-token",
            "x-application",
            "x-version",
            "x-own",
        ] {
            assert_eq!(header(&last(&other), name), None);
        }
        assert_eq!(header(&last(&other), "accept"), Some("text/csv"));
        let before = other.log().len();
        provider.fail_next(Kind::Api, 1, redirect(StatusCode::TEMPORARY_REDIRECT));
        let request = client.post("/cross").json(&json!({ "position": "secret" }));
        assert_eq!(
            request.send().await.unwrap_err().kind(),
            ErrorKind::Forbidden
        );
        assert_eq!(other.log().len(), before);
    }
}
