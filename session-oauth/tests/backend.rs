//! The backend by its name and configuration.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST},
};
use session_core::{Config, ErrorKind, open};
use session_mock::{ClientAuthMethod, Kind, Outage, Provider};
use session_oauth::{AuthorizationServer, OAUTH, OAuth};

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
        body.starts_with("grant_type=client_credentials&client_id="),
        "{body}"
    );
    assert!(
        body.ends_with("&scope=read+write&resource=urn%3Aa&audience=orders"),
        "{body}"
    );
    assert_eq!(log[1].kind(), Kind::Revoke);
}

#[tokio::test]
async fn a_header_of_the_builder_is_on_every_request_and_none_that_authenticates_can_be() {
    let provider = Provider::start().unwrap();
    let builder = || {
        let server = AuthorizationServer::issuer(provider.issuer().as_str());
        OAuth::client_credentials(server, provider.client_id(), provider.client_secret())
    };
    let value = HeaderValue::from_static;
    let session = builder()
        .header(HeaderName::from_static("x-program"), value("orders"))
        .header(ACCEPT, value("*/*"))
        .open()
        .unwrap();
    session.init().await.unwrap();
    let log = provider.log();
    assert!(log.len() > 1, "{log:?}");
    for request in log {
        assert_eq!(request.header("x-program"), Some(&value("orders")));
        assert_eq!(request.header("accept"), Some(&value("*/*")));
    }
    for name in [AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST] {
        let error = builder().header(name, value("x")).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

/// As it is with [`OAuth`](session_oauth::OAuth)'s builder.
#[test]
fn the_token_goes_to_services_and_not_to_the_authorization_server() {
    let [idp, other, api] =
        ["idp", "revoke", "api"].map(|host| format!("https://{host}.example.com/"));
    let base = || {
        Config::new()
            .set("client_id", "svc")
            .set("client_secret", "hunter2")
            .set("environment.revocation_endpoint", other.as_str())
            .set("environment.api", api.as_str())
    };
    for key in ["environment.issuer", "environment.token_endpoint"] {
        let session = open("oauth", base().set(key, idp.as_str())).unwrap();
        let allows = |address: &str| session.environment().allows(&address.parse().unwrap());
        assert!(allows(&api), "{key}");
        assert!(!allows(&idp) && !allows(&other), "{key}");
    }
    // Unless it has an API too, and that is said.
    let both = base().set("environment.issuer", idp.as_str());
    let both = both.set("environment.services.userinfo", idp.as_str());
    let session = open("oauth", both).unwrap();
    assert!(session.environment().allows(&idp.parse().unwrap()));
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
            "expected one of \"client_credentials\"",
        ),
        (
            "client_auth = 'none'",
            "client_auth",
            "\"client_secret_basic\", \"client_secret_post\"",
        ),
        ("scope = ['read']", "scope", "did you mean `scopes`?"),
        (
            "environment.token_endpoint = 'http://idp.example.com/token'",
            "environment.token_endpoint",
            "line 3: `environment.token_endpoint`: is not encrypted; use https",
        ),
        (
            "environment.issuer = 'https://idp.example.com/?tenant=a'",
            "environment.issuer",
            "has a query",
        ),
        (
            "environment.revocation_endpoint = 'https://idp.example.com/#revoke'",
            "environment.revocation_endpoint",
            "has a fragment",
        ),
        (
            "environment.issuer = 'https://svc:hunter2@idp.example.com'",
            "environment.issuer",
            "password",
        ),
        (
            "environment.issuer = 'idp hunter2'",
            "environment.issuer",
            "URL",
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
