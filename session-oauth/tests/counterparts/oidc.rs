//! oidc-provider, which is certified.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use session_core::{BasicEnvironment, ErrorKind, SessionHandle};
use session_http::{Client, reqwest};
use session_mock::MockClock;
use session_oauth::{AuthorizationServer, ClientAuth, OAuth};

use crate::{
    counterpart::{failure, token},
    oidc_server::Oidc,
};

#[tokio::test]
async fn discovery_basic_api_revocation() {
    let oidc = Oidc::shared().await;
    let session = oidc
        .client(oidc.issuer(), "cc-basic")
        .scope("read_content")
        .open()
        .unwrap();
    session.init().await.unwrap();
    assert_eq!(
        session.credential().await.unwrap().granted_scopes(),
        ["read_content"]
    );
    let answer = Client::new(&session).get("orders").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["claims"]["client_id"], "cc-basic");

    let token = token(&session).await;
    assert_eq!(oidc.status_of(&token).await, StatusCode::OK);
    session.close().await.unwrap();
    assert_eq!(
        oidc.status_of(&token).await,
        StatusCode::UNAUTHORIZED,
        "it was revoked"
    );
}

#[tokio::test]
async fn basic_with_special_characters() {
    let oidc = Oidc::shared().await;
    let session = oidc
        .client(oidc.token_endpoint(), "cc basic:special+id")
        .open()
        .unwrap();
    session.init().await.unwrap();
    assert_eq!(
        Client::new(&session)
            .get("orders")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn post() {
    let oidc = Oidc::shared().await;
    let builder = oidc.client(oidc.token_endpoint(), "cc-post");
    let session = builder.client_auth(ClientAuth::SecretPost).open().unwrap();
    session.init().await.unwrap();
    assert_eq!(
        Client::new(&session)
            .get("orders")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_profile_that_it_prints() {
    let oidc = Oidc::shared().await;
    let session = oidc.provider.profile();
    session.init().await.unwrap();
    assert_eq!(
        Client::new(&session)
            .get("orders")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
    session.close().await.unwrap();
}

#[tokio::test]
async fn plain_http_on_this_machine() {
    let oidc = Oidc::shared().await;
    let issuer = AuthorizationServer::issuer(oidc.provider.text("/issuer_http"));
    let session = OAuth::client_credentials(issuer, "cc-basic", oidc.secret("cc-basic"))
        .open()
        .unwrap();
    session.init().await.unwrap();
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_token_that_cannot_be_revoked_is_left_to_expire() {
    let oidc = Oidc::shared().await;
    let session = oidc
        .client(oidc.issuer(), "cc-basic")
        .resource("urn:session:api")
        .open()
        .unwrap();
    session.init().await.unwrap();
    let token = token(&session).await;
    assert_eq!(token.split('.').count(), 3, "a JWT");
    session.close().await.unwrap();
    assert_eq!(oidc.status_of(&token).await, StatusCode::OK);
}

#[tokio::test]
async fn refusals() {
    let oidc = Oidc::shared().await;
    let wrong = OAuth::client_credentials(oidc.issuer(), "cc-basic", "not the secret");
    let unknown = OAuth::client_credentials(oidc.issuer(), "nobody", "not the secret");
    let post = |id| {
        oidc.client(oidc.issuer(), id)
            .client_auth(ClientAuth::SecretPost)
    };
    for (builder, kind, text) in [
        (
            wrong.environment(oidc.environment()),
            ErrorKind::Denied,
            "401 Unauthorized, `invalid_client`",
        ),
        (
            unknown.environment(oidc.environment()),
            ErrorKind::Denied,
            "`invalid_client`",
        ),
        (
            post("cc-narrow").scope("run_analytics"),
            ErrorKind::Denied,
            "`invalid_scope`",
        ),
        (
            post("cc-post").resource("urn:of:nobody"),
            ErrorKind::Denied,
            "`invalid_target`",
        ),
        // It has no such grant.
        (
            oidc.client(oidc.issuer(), "web"),
            ErrorKind::Config,
            "400 Bad Request",
        ),
    ] {
        let (found, message) = failure(&builder.open().unwrap()).await;
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn certificates_that_prove_nothing() {
    let oidc = Oidc::shared().await;
    let path = oidc.provider.text("/token_path");
    let bad = |name: &str| format!("{}{path}", oidc.provider.text(&format!("/bad_tls/{name}")));
    for (endpoint, text) in [
        (bad("wrong_host"), "certificate not valid for name"),
        (bad("expired"), "certificate expired"),
        (bad("self_signed"), "invalid peer certificate"),
    ] {
        let (kind, message) =
            failure(&oidc.client(endpoint.into(), "cc-basic").open().unwrap()).await;
        assert_eq!(kind, ErrorKind::Config, "{message}");
        assert!(message.contains(text), "{message}");
    }
    let other = BasicEnvironment::new("loopback").ca_file(oidc.provider.text("/other_ca_pem"));
    for environment in [other, BasicEnvironment::new("loopback")] {
        let session = oidc
            .client(oidc.issuer(), "cc-basic")
            .environment(environment)
            .open()
            .unwrap();
        let (kind, message) = failure(&session).await;
        assert_eq!(kind, ErrorKind::Config, "{message}");
    }
}

#[tokio::test]
async fn a_short_lifetime_is_honoured() {
    let oidc = Oidc::shared().await;
    let clock = MockClock::new();
    let short = oidc
        .client(oidc.issuer(), "cc-short")
        .client_auth(ClientAuth::SecretPost);
    let session = SessionHandle::builder(short.build().unwrap())
        .clock(clock.clone())
        .build();
    session.init().await.unwrap();
    let first = token(&session).await;
    let lifetime = session.credential().await.unwrap().lifetime().unwrap();
    let announced = oidc.provider.0["clients"]["cc-short"]["access_ttl"]
        .as_u64()
        .unwrap();
    assert_eq!(lifetime, Duration::from_secs(announced));
    clock.advance(lifetime);
    assert_ne!(token(&session).await, first);
}

#[tokio::test]
async fn a_revoked_token_is_replaced_at_its_next_use() {
    let oidc = Oidc::shared().await;
    let session = oidc.client(oidc.issuer(), "cc-basic").open().unwrap();
    session.init().await.unwrap();
    let revoked = token(&session).await;
    oidc.revoke(&revoked, "cc-basic").await;
    assert_eq!(oidc.status_of(&revoked).await, StatusCode::UNAUTHORIZED);
    let answer = Client::new(&session).get("orders").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_ne!(token(&session).await, revoked);
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn faults_are_survived() {
    let oidc = Oidc::alone().await;
    let path = oidc.provider.text("/token_path");
    for (fault, kind, text) in [
        (
            json!({ "action": "status", "status": 503, "headers": { "retry-after": "7" } }),
            ErrorKind::Unavailable,
            "503 Service Unavailable",
        ),
        (
            json!({ "action": "status", "status": 403 }),
            ErrorKind::Denied,
            "403 Forbidden",
        ),
        (
            json!({ "action": "status", "status": 302, "headers": { "location": "https://idp.example.com/x" } }),
            ErrorKind::Config,
            "302 Found to https://idp.example.com; a redirect is not followed",
        ),
        (
            json!({ "action": "status", "status": 200, "body": "<html>" }),
            ErrorKind::Protocol,
            "web page",
        ),
        (json!({ "action": "reset" }), ErrorKind::Unavailable, ""),
        (json!({ "action": "truncate" }), ErrorKind::Unavailable, ""),
        (
            json!({ "action": "drop_response" }),
            ErrorKind::Unavailable,
            "",
        ),
    ] {
        let mut fault = fault;
        fault["path"] = json!(path);
        // Connections that were kept are tried again on a new one: also there.
        fault["times"] = json!(1);
        oidc.fault(fault.clone()).await;
        let session = oidc.client(oidc.issuer(), "cc-basic").open().unwrap();
        let error = session.init().await.expect_err(&fault.to_string());
        assert_eq!(error.kind(), kind, "{fault}: {error}");
        assert!(error.to_string().contains(text), "{fault}: {error}");
        let is_timed = fault["status"] == 503;
        assert_eq!(
            error.retry_after(),
            is_timed.then_some(Duration::from_secs(7)),
            "{fault}"
        );
        session.init().await.unwrap();
    }
}

#[tokio::test]
async fn a_hanging_token_endpoint_is_given_up() {
    let oidc = Oidc::alone().await;
    oidc.fault(json!({ "action": "hang", "path": oidc.provider.text("/token_path") }))
        .await;
    let builder = oidc.client(oidc.token_endpoint(), "cc-basic");
    let (kind, message) = failure(
        &builder
            .time_limit(Duration::from_millis(200))
            .open()
            .unwrap(),
    )
    .await;
    assert_eq!(kind, ErrorKind::Unavailable, "{message}");
    assert!(message.contains("in time"), "{message}");
    oidc.control(reqwest::Method::DELETE, "/faults", String::new())
        .await;
}

#[tokio::test]
async fn discovery_falls_back_to_openid() {
    let oidc = Oidc::alone().await;
    oidc.fault(json!({ "action": "status", "status": 404, "path": "/.well-known/oauth-authorization-server" })).await;
    oidc.client(oidc.issuer(), "cc-basic")
        .open()
        .unwrap()
        .init()
        .await
        .unwrap();
    oidc.control(reqwest::Method::DELETE, "/faults", String::new())
        .await;
}
