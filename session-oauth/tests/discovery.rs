//! Finding an issuer's endpoints.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use http::{
    HeaderValue, StatusCode,
    header::{LOCATION, RETRY_AFTER},
};
use session_core::{ErrorKind, Session, SessionHandle};
use session_mock::{Client, Kind, MockClock, Outage, Provider};
use session_oauth::{AuthorizationServer, OAuth, OAuthBuilder};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

fn oauth(provider: &Provider) -> OAuthBuilder {
    let server = AuthorizationServer::issuer(provider.issuer().as_str());
    OAuth::client_credentials(server, provider.client_id(), provider.client_secret())
}

fn session(provider: &Provider) -> SessionHandle {
    oauth(provider).open().unwrap()
}

fn paths(provider: &Provider) -> Vec<String> {
    provider
        .log()
        .iter()
        .map(|entry| entry.path().to_owned())
        .collect()
}

fn metadata(provider: &Provider, endpoints: &str) -> Outage {
    let issuer = provider.issuer();
    Outage::json(
        StatusCode::OK,
        format!(r#"{{"issuer":"{issuer}"{endpoints}}}"#),
    )
}

#[tokio::test]
async fn the_endpoints_are_found_once_and_used_to_the_end() {
    let provider = Provider::start().unwrap();
    let clock = MockClock::new();
    let session = SessionHandle::builder(oauth(&provider).build().unwrap())
        .clock(clock.clone())
        .build();
    session.init().await.unwrap();
    clock.advance(Duration::from_secs(3600));
    session.credential().await.unwrap();
    session.close().await.unwrap();
    assert_eq!(paths(&provider), [OAUTH, "/token", "/token", "/revoke"]);
}

#[tokio::test]
async fn openid_is_where_to_look_next() {
    let provider = Provider::start().unwrap();
    // Dropped, they would be closed in the background, and show up in the log.
    let mut open = Vec::new();
    for unusable in [
        Outage::status(StatusCode::NOT_FOUND),
        Outage::status(StatusCode::INTERNAL_SERVER_ERROR),
        Outage::html(StatusCode::OK),
        Outage::oversized(10 << 20),
        Outage::status(StatusCode::FOUND).header(LOCATION, HeaderValue::from_static("/elsewhere")),
        Outage::json(
            StatusCode::OK,
            r#"{"issuer":"https://other.example.com","token_endpoint":"https://other.example.com/token"}"#,
        ),
        Outage::json(StatusCode::OK, "[]"),
        metadata(&provider, ""),
    ] {
        provider.fail_next(Kind::Discovery, 1, unusable.clone());
        let before = provider.log().len();
        open.push(session(&provider));
        open[open.len() - 1].init().await.unwrap();
        assert_eq!(
            paths(&provider)[before..],
            [OAUTH, OPENID, "/token"],
            "{unusable:?}"
        );
    }
}

#[tokio::test]
async fn what_was_found_is_looked_up_anew_after_a_failure() {
    let provider = Provider::start().unwrap();
    let session = session(&provider);
    provider.fail_next(Kind::Token, 1, Outage::status(StatusCode::NOT_FOUND));
    session.init().await.unwrap_err();
    session.init().await.unwrap();
    assert_eq!(paths(&provider), [OAUTH, "/token", OAUTH, "/token"]);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let provider = Provider::start().unwrap();
    let [issuer, token] = [provider.issuer(), provider.token_endpoint()].map(url::Url::as_str);
    let without_slash = issuer.strip_suffix('/').unwrap();
    for other in [
        without_slash,
        "https://other.example.com",
        &issuer.replace("http", "HTTP"),
    ] {
        let body = format!(r#"{{"issuer":"{other}","token_endpoint":"{token}"}}"#);
        provider.fail(Kind::Discovery, Outage::json(StatusCode::OK, body));
        let error = session(&provider).init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(
            error
                .to_string()
                .contains(&format!("is about an issuer `{other}`")),
            "{error}"
        );
    }
    assert_eq!(provider.count(Kind::Token), 0);
}

#[tokio::test]
async fn endpoints_that_would_give_secrets_away_are_refused() {
    let provider = Provider::start().unwrap();
    let token = provider.token_endpoint();
    for endpoints in [
        r#","token_endpoint":"http://idp.example.com/token""#.to_owned(),
        r#","token_endpoint":"/token""#.to_owned(),
        r#","token_endpoint":"https://user:pass@idp.example.com/token""#.to_owned(),
        r#","token_endpoint":null"#.to_owned(),
        r#","token_endpoint":7"#.to_owned(),
        format!(r#","token_endpoint":"{token}?{}""#, "x".repeat(2048)),
        format!(
            r#","token_endpoint":"{token}","revocation_endpoint":"http://idp.example.com/revoke""#
        ),
    ] {
        provider.fail(Kind::Discovery, metadata(&provider, &endpoints));
        let error = session(&provider).init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{endpoints}: {error}");
    }
    assert_eq!(provider.count(Kind::Token), 0);
}

/// Such as `127.0.0.1-dev-secret`, or the company's name in both.
#[tokio::test]
async fn a_secret_may_have_letters_in_common_with_the_addresses() {
    for secret in ["127.0.0.1-dev-secret", "/token-/revoke-secret", "127.0.0.1"] {
        let provider = Provider::builder()
            .client(Client::new("svc", secret))
            .start()
            .unwrap();
        let server = AuthorizationServer::issuer(provider.issuer().as_str());
        let session = OAuth::client_credentials(server, "svc", secret)
            .open()
            .unwrap();
        session.init().await.unwrap();
        session.close().await.unwrap();
        assert_eq!(paths(&provider), [OAUTH, "/token", "/revoke"], "{secret}");
    }
}

#[tokio::test]
async fn of_an_endpoint_that_repeats_the_secret_the_origin_is_shown() {
    let provider = Provider::builder()
        .client(Client::new("svc", "127.0.0.1-dev-secret"))
        .start()
        .unwrap();
    let issuer = provider.issuer();
    let origin = issuer.as_str().trim_end_matches('/');
    for (path, shown) in [("/dev-secret", ""), ("/127.0.0.1", "/127.0.0.1")] {
        let endpoints = format!(r#","token_endpoint":"{origin}{path}?k=1""#);
        provider.fail_next(Kind::Discovery, 1, metadata(&provider, &endpoints));
        let server = AuthorizationServer::issuer(issuer.as_str());
        let session = OAuth::client_credentials(server, "svc", "127.0.0.1-dev-secret")
            .open()
            .unwrap();
        let error = session.init().await.unwrap_err().to_string();
        assert_eq!(paths(&provider).pop().as_deref(), Some(path));
        assert!(
            error.starts_with(&format!("{origin}{shown} refused")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_issuer_without_metadata_is_a_matter_of_configuration() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Discovery, Outage::status(StatusCode::NOT_FOUND));
    let error = session(&provider).init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in [OAUTH, OPENID, "404 Not Found", "token_endpoint instead"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_busy_is_worth_another_try() {
    let provider = Provider::start().unwrap();
    provider.fail_next(
        Kind::Discovery,
        1,
        Outage::status(StatusCode::SERVICE_UNAVAILABLE).header(RETRY_AFTER, 7),
    );
    provider.fail_next(Kind::Discovery, 1, Outage::status(StatusCode::NOT_FOUND));
    let session = session(&provider);
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    session.init().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_asked_twice() {
    let provider = Provider::start().unwrap();
    provider.fail(Kind::Discovery, Outage::reset());
    let error = session(&provider).init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(paths(&provider), [OAUTH]);
}

#[tokio::test]
async fn endpoints_with_doubled_slashes_are_taken_as_they_are() {
    let provider = Provider::start().unwrap();
    let issuer = provider.issuer();
    let endpoints = format!(r#","token_endpoint":"{issuer}/api//token""#);
    provider.fail(Kind::Discovery, metadata(&provider, &endpoints));
    session(&provider).init().await.unwrap_err();
    assert_eq!(paths(&provider)[1], "//api//token");
}

/// It comes from a store.
#[tokio::test]
async fn what_another_process_got_is_revoked_too() {
    let provider = Provider::start().unwrap();
    let credential = oauth(&provider).build().unwrap().init().await.unwrap();
    let here = oauth(&provider).build().unwrap();
    here.close(&credential).await.unwrap();
    assert_eq!(paths(&provider), [OAUTH, "/token", OAUTH, "/revoke"]);
}

#[tokio::test]
async fn a_revocation_endpoint_that_was_given_stays() {
    let provider = Provider::start().unwrap();
    let other = Provider::start().unwrap();
    let server = AuthorizationServer::issuer(provider.issuer().as_str())
        .revocation_endpoint(other.revocation_endpoint().as_str());
    let session = OAuth::client_credentials(server, provider.client_id(), provider.client_secret())
        .open()
        .unwrap();
    session.init().await.unwrap();
    // The other server does not know the client.
    assert_eq!(session.close().await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(provider.count(Kind::Revoke), 0);
    assert_eq!(other.count(Kind::Revoke), 1);
}
