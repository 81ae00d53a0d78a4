//! The backend by its name and configuration.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use http::StatusCode;
use session_core::{Config, ErrorKind, open};
use session_mock::{ClientAuthMethod, Kind, Outage, Provider};
use session_oauth::OAUTH;

fn config(provider: &Provider) -> Config {
    Config::new()
        .set("client_id", provider.client_id())
        .set("client_secret", provider.client_secret())
        .set(
            "environment.token_endpoint",
            provider.token_endpoint().as_str(),
        )
}

#[test]
fn it_is_registered_with_its_keys() {
    assert!(session_core::backends().any(|backend| std::ptr::eq(backend, &raw const OAUTH)));
    assert_eq!(OAUTH.name(), "oauth");
    let required: Vec<_> = OAUTH
        .keys()
        .filter(|key| key.is_required())
        .map(session_core::Key::name)
        .collect();
    assert_eq!(required, ["client_id", "client_secret"]);
}

#[tokio::test]
async fn every_key_arrives() {
    let provider = Provider::start().unwrap();
    let session = open(
        "oauth",
        config(&provider)
            .set("grant", "client_credentials")
            .set("client_auth", "client_secret_post")
            .set("scopes", ["read", "write"])
            .set("resources", ["urn:a"])
            .set("audience", "orders")
            .set("environment.name", "qa")
            .set(
                "environment.revocation_endpoint",
                provider.revocation_endpoint().as_str(),
            )
            .set("environment.api", provider.api().as_str()),
    )
    .unwrap();
    assert_eq!(session.environment().name(), "qa");
    assert_eq!(session.environment().url("api"), Some(provider.api()));
    session.init().await.unwrap();
    session.close().await.unwrap();

    let log = provider.log();
    assert_eq!(
        log[0].auth_method(),
        Some(ClientAuthMethod::ClientSecretPost)
    );
    let body = std::str::from_utf8(log[0].body()).unwrap();
    assert!(
        body.starts_with("grant_type=client_credentials&scope=read+write&client_id="),
        "{body}"
    );
    assert!(
        body.ends_with("&resource=urn%3Aa&audience=orders"),
        "{body}"
    );
    assert_eq!(log[1].kind(), Kind::Revoke);
}

#[tokio::test]
async fn the_least_that_works() {
    let provider = Provider::start().unwrap();
    let session = open("oauth", config(&provider)).unwrap();
    session.init().await.unwrap();
    assert_eq!(
        provider.log()[0].auth_method(),
        Some(ClientAuthMethod::ClientSecretBasic)
    );
    assert_eq!(session.environment().name(), "default");
}

/// Letter by letter: as a URL it would get a slash.
#[tokio::test]
async fn the_issuer_is_kept_as_it_was_written() {
    let provider = Provider::start().unwrap();
    let issuer = provider.issuer().as_str().strip_suffix('/').unwrap();
    let metadata = format!(
        r#"{{"issuer":"{issuer}","token_endpoint":"{}"}}"#,
        provider.token_endpoint()
    );
    provider.fail_next(Kind::Discovery, 1, Outage::json(StatusCode::OK, metadata));
    let config = Config::new()
        .set("client_id", provider.client_id())
        .set("client_secret", provider.client_secret())
        .set("environment.issuer", issuer);
    open("oauth", config).unwrap().init().await.unwrap();
}

#[test]
fn errors_name_the_key_and_the_remedy() {
    let base = "client_id = 'svc'\nclient_secret = 'hunter2'\n";
    for (toml, key, problem) in [
        ("", "environment.issuer", "give one of them"),
        (
            "environment.issuer = 'https://idp.example.com'\nenvironment.token_endpoint = 'https://idp.example.com/token'",
            "environment.token_endpoint",
            "remove this",
        ),
        (
            "grant = 'password'",
            "grant",
            "expected one of client_credentials",
        ),
        (
            "client_auth = 'none'",
            "client_auth",
            "client_secret_basic, client_secret_post",
        ),
        ("scope = ['read']", "scope", "did you mean `scopes`?"),
        (
            "environment.token_endpoint = 'http://idp.example.com/token'",
            "environment.token_endpoint",
            "unencrypted",
        ),
    ] {
        let config = Config::from_toml(&format!("{base}{toml}")).unwrap();
        let error = open("oauth", config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&format!("`{key}`")) && text.contains(problem),
            "{toml}: {text}"
        );
        assert!(!format!("{error:?}").contains("hunter2"), "{text}");
    }
}
