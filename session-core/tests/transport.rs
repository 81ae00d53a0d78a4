//! How an environment is connected to: in code, and in a profile.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;

use async_trait::async_trait;
use session_core::{
    Backend, BasicEnvironment, Config, Credential, Environment, Error, ErrorKind, Key, Profiles,
    Proxy, Result, SecretSource, Session, TlsVersion, Transport, register_backend,
};
use url::Url;

register_backend! {
    static PLAIN: Backend = Backend::new(
        "plain",
        "for tests",
        &[Key::url("environment.api", "where the API is")],
        |config| Ok(Box::new(Plain(config.environment()?))),
    );
}

#[derive(Debug)]
struct Plain(BasicEnvironment);

#[async_trait]
impl Session for Plain {
    fn scheme(&self) -> &'static str {
        "plain"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer("t"))
    }
}

/// The transport of a profile with this in its environment.
fn profile(environment: &str) -> Result<Transport> {
    let text = format!(
        "[profiles.p]\nbackend = 'plain'\n[profiles.p.environment]\napi = 'https://a.test/'\n{environment}\n"
    );
    let session = Profiles::from_toml(&text, "etc/sessions.toml")?.open("p")?;
    Ok(session.environment().transport().clone())
}

#[track_caller]
fn refused(environment: &str) -> Error {
    let error = profile(environment).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    error
}

fn carries(proxy: &Proxy, url: &str) -> bool {
    proxy.carries(&Url::parse(url).unwrap())
}

#[test]
fn a_profile_has_all_of_it() {
    let transport = profile(
        r#"
        ca_file = "ca.pem"
        client_certificate = "tls/client.pem"
        client_key = "/run/client.key"
        min_tls = "1.3"
        http1_only = true
        proxy.url = "http://proxy.test:3128"
        proxy.user = "orders"
        proxy.password = { env = "PROXY_PASSWORD" }
        proxy.bypass = ["intra.test", "10.0.0.0/8"]
        "#,
    )
    .unwrap();
    let proxy = Proxy::new("http://proxy.test:3128")
        .unwrap()
        .with_credentials("orders", SecretSource::env("PROXY_PASSWORD"))
        .unwrap()
        .with_bypass(["intra.test", "10.0.0.0/8"])
        .unwrap();
    let expected = BasicEnvironment::new("e")
        .ca_file("etc/ca.pem")
        .client_certificate("etc/tls/client.pem", Some("/run/client.key"))
        .proxy(proxy)
        .min_tls(TlsVersion::Tls13)
        .http1_only(true);
    assert_eq!(&transport, expected.transport());
    assert_eq!(transport.client_key(), Some(Path::new("/run/client.key")));
    assert_eq!(transport.proxy().unwrap().user(), Some("orders"));
}

#[test]
fn without_a_word_of_it_nothing_is_special() {
    assert_eq!(&profile("").unwrap(), Transport::DEFAULT);
    assert_eq!(Transport::DEFAULT, &Transport::default());
    assert_eq!(Transport::DEFAULT.min_tls(), TlsVersion::Tls12);
    assert_eq!(profile("min_tls = '1.2'").unwrap(), *Transport::DEFAULT);
    assert!(Transport::DEFAULT.proxy().is_none() && !Transport::DEFAULT.http1_only());
}

#[test]
fn a_proxy_may_be_its_address_alone() {
    let transport = profile("proxy = 'https://proxy.test'").unwrap();
    let proxy = transport.proxy().unwrap();
    assert_eq!(proxy.url().as_str(), "https://proxy.test/");
    assert!(proxy.user().is_none() && proxy.password().is_none());
    assert_eq!(
        profile("proxy = { url = 'https://proxy.test' }").unwrap(),
        transport
    );
    let config = Config::new().set("environment.proxy", "https://proxy.test");
    assert_eq!(config.transport().unwrap(), transport);
}

#[test]
fn it_may_be_the_session_that_logs_in_to_a_proxy() {
    let proxy = |text| profile(text).unwrap().proxy().cloned().unwrap();
    let found = proxy("proxy = { url = 'http://p.test', session_login = true }");
    let expected = Proxy::new("http://p.test").unwrap();
    assert!(found.has_session_login() && !expected.has_session_login());
    assert_eq!(
        proxy("proxy = { url = 'http://p.test', session_login = false }"),
        expected
    );
    assert_eq!(found, expected.with_session_login());
    let both = refused(
        "proxy = { url = 'http://p.test', user = 'me', password = 'hunter2', session_login = true }",
    );
    assert!(both.to_string().contains("two ways to log in"), "{both}");
    // In code, one takes the place of the other.
    let password = SecretSource::env("X");
    let with_password = found.with_credentials("me", password).unwrap();
    assert!(!with_password.has_session_login());
    assert!(with_password.with_session_login().user().is_none());
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (environment, line, key, problem) in [
        (
            "client_key = 'a.key'",
            5,
            "client_key",
            "add `environment.client_certificate`",
        ),
        (
            "min_tls = '1.1'",
            5,
            "min_tls",
            "expected one of \"1.2\", \"1.3\"",
        ),
        (
            "min_tls = 1.3",
            5,
            "min_tls",
            "expected one of \"1.2\", \"1.3\"",
        ),
        ("http1_only = 'yes'", 5, "http1_only", "true or false"),
        ("proxy = 7", 5, "proxy", "expected an absolute URL"),
        ("proxy = 'proxy.test:3128'", 5, "proxy", "http or https"),
        ("proxy = 'socks5://proxy.test'", 5, "proxy", "http or https"),
        (
            "proxy = 'http://me:hunter2@proxy.test'",
            5,
            "proxy",
            "leave them out",
        ),
        (
            "proxy = 'http://proxy.test/hunter2'",
            5,
            "proxy",
            "leave out what follows",
        ),
        (
            "proxy = 'http://proxy.test?hunter2'",
            5,
            "proxy",
            "leave out what follows",
        ),
        ("proxy = {}", 5, "proxy.url", "is missing"),
        (
            "[profiles.p.environment.proxy]\nuser = 'me'",
            5,
            "proxy.url",
            "is missing",
        ),
        (
            "proxy = { url = 'http://p.test', user = 'me' }",
            5,
            "proxy.user",
            "add `environment.proxy.password`",
        ),
        (
            "proxy = { url = 'http://p.test', password = 'hunter2' }",
            5,
            "proxy.password",
            "add `environment.proxy.user`",
        ),
        (
            "proxy = { url = 'http://p.test', user = 'a:b', password = 'hunter2' }",
            5,
            "proxy.user",
            "a colon",
        ),
        (
            "proxy = { url = 'http://p.test', user = '', password = 'hunter2' }",
            5,
            "proxy.user",
            "is empty",
        ),
        (
            "proxy = { url = 'http://p.test', bypass = ['a.test', '*'] }",
            5,
            "proxy.bypass",
            "wildcards",
        ),
        (
            "proxy = { url = 'http://p.test', bypass = ['10.0.0.0/99'] }",
            5,
            "proxy.bypass",
            "no network",
        ),
        (
            "proxy = { url = 'http://p.test', passwort = 'hunter2' }",
            5,
            "proxy.passwort",
            "did you mean `environment.proxy.password`",
        ),
    ] {
        let error = refused(environment).to_string();
        let place = format!("etc/sessions.toml:{line}: profile `p`: `environment.{key}`: ");
        assert!(
            error.starts_with(&place) && error.contains(problem),
            "{environment}: {error}"
        );
    }
}

#[test]
fn code_is_told_the_same() {
    for url in [
        "",
        "proxy.test:3128",
        "http://me:hunter2@p.test",
        "ftp://p.test",
        "http://p.test/hunter2",
    ] {
        let error = Proxy::new(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let proxy = Proxy::new("http://p.test").unwrap();
    for user in ["", "a:b", "a\nb"] {
        let outcome = proxy.clone().with_credentials(user, SecretSource::env("X"));
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Config);
    }
    let outcome = proxy.with_bypass(["a.test", "https://b.test"]);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_proxy_carries_what_is_encrypted_and_elsewhere() {
    let proxy = Proxy::new("http://proxy.test").unwrap();
    let proxy = proxy
        .with_bypass(["intra.test"])
        .unwrap()
        .with_bypass(["192.0.2.0/24"])
        .unwrap();
    for url in [
        "https://a.test/",
        "wss://a.test/",
        "https://198.51.100.1/",
        "https://127.0.0.1.test/",
    ] {
        assert!(carries(&proxy, url), "{url}");
    }
    for url in [
        "http://a.test/",
        "http://localhost/",
        "https://localhost/",
        "https://127.0.0.2:8443/",
        "https://[::1]/",
        "wss://localhost/",
        "https://intra.test/",
        "https://a.intra.test:8443/",
        "https://192.0.2.7/",
    ] {
        assert!(!carries(&proxy, url), "{url}");
    }
}

#[test]
fn nothing_of_it_shows_credentials() {
    let proxy = Proxy::new("http://proxy.test:3128").unwrap();
    let proxy = proxy
        .with_credentials("hunter1", SecretSource::literal("hunter2"))
        .unwrap();
    let transport = Transport::default()
        .with_client_certificate("c.pem", Some("c.key"))
        .with_proxy(proxy.clone());
    let environment = BasicEnvironment::new("e").with_transport(transport.clone());
    let shown = format!("{transport:?} {environment:?} {proxy:#?}");
    assert!(
        shown.contains("http://proxy.test:3128/") && shown.contains("c.key"),
        "{shown}"
    );
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn passwords_are_not_compared() {
    let proxy = Proxy::new("http://proxy.test").unwrap();
    let with = |password: &SecretSource| {
        proxy
            .clone()
            .with_credentials("me", password.clone())
            .unwrap()
    };
    let password = SecretSource::literal("hunter2");
    assert_eq!(with(&password), with(&password));
    assert_ne!(with(&password), with(&SecretSource::literal("hunter2")));
    assert_ne!(with(&password), with(&SecretSource::env("hunter2")));
    assert_eq!(with(&SecretSource::env("A")), with(&SecretSource::env("A")));
    assert_ne!(with(&SecretSource::env("A")), with(&SecretSource::env("B")));
    assert_eq!(
        with(&SecretSource::file("A")),
        with(&SecretSource::file("A"))
    );
    assert_eq!(
        with(&SecretSource::command(["a"])),
        with(&SecretSource::command(["a"]))
    );
}
