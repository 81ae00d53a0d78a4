//! glewlwyd, which deviates from the standards here and there.

use std::time::Duration;

use session_core::{BasicEnvironment, ErrorKind};
use session_oauth::{AuthorizationServer, ClientAuth, OAuth, OAuthBuilder};

use crate::counterpart::{Counterpart, failure};

fn provider() -> Counterpart {
    Counterpart::of("SESSION_TEST_GLEWLWYD")
}

fn client(provider: &Counterpart, secret: &str) -> OAuthBuilder {
    let issuer = AuthorizationServer::issuer(provider.text("/issuer"));
    OAuth::client_credentials(issuer, provider.text("/client_id"), secret)
        .environment(provider.environment())
}

/// Its metadata have `//` in their addresses, and its token type is in lower case.
#[tokio::test]
async fn discovery_basic_revocation() {
    let provider = provider();
    let secret = provider.text("/client_secret");
    let session = client(&provider, secret)
        .scope("read_content")
        .open()
        .unwrap();
    session.init().await.unwrap();
    let credential = session.credential().await.unwrap();
    assert_eq!(credential.granted_scopes(), ["read_content"]);
    let announced = provider.0["access_ttl"].as_u64().unwrap();
    assert_eq!(credential.lifetime(), Some(Duration::from_secs(announced)));
    session.close().await.unwrap();
}

#[tokio::test]
async fn post_to_a_token_endpoint_that_was_given() {
    let provider = provider();
    let session = OAuth::client_credentials(
        provider.text("/token_endpoint"),
        provider.text("/client_id"),
        provider.text("/client_secret"),
    );
    let session = session
        .environment(provider.environment())
        .client_auth(ClientAuth::SecretPost);
    session
        .scope("run_analytics")
        .open()
        .unwrap()
        .init()
        .await
        .unwrap();
}

#[tokio::test]
async fn the_profile_that_it_prints() {
    let session = provider().profile();
    session.init().await.unwrap();
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_is_a_403_with_an_empty_body() {
    let provider = provider();
    let session = client(&provider, "not the secret")
        .scope("read_content")
        .open()
        .unwrap();
    let (kind, message) = failure(&session).await;
    assert_eq!(kind, ErrorKind::Denied, "{message}");
    assert!(
        message.contains("403 Forbidden; check client_id"),
        "{message}"
    );
}

#[tokio::test]
async fn a_scope_that_is_unknown_is_scope_invalid() {
    let provider = provider();
    let session = client(&provider, provider.text("/client_secret"))
        .scope("of_nobody")
        .open()
        .unwrap();
    let (kind, message) = failure(&session).await;
    assert_eq!(kind, ErrorKind::Denied, "{message}");
    assert!(
        message.contains("`scope_invalid`; check the scopes"),
        "{message}"
    );
}

#[tokio::test]
async fn an_authority_that_is_not_the_private_one_is_not_trusted() {
    let provider = provider();
    let session =
        client(&provider, provider.text("/client_secret")).environment(BasicEnvironment::new("x"));
    let (kind, message) = failure(&session.open().unwrap()).await;
    assert_eq!(kind, ErrorKind::Config, "{message}");
}
