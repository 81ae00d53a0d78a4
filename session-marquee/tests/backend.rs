//! The backend by its name and configuration.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use session_core::{Config, ErrorKind, Profiles, open};
use session_marquee::{Client, MARQUEE, Marquee, MarqueeEnvironment};
use session_mock::{Kind, Provider};
use support::{header, last, provider, requests, text};

fn config(provider: &Provider) -> Config {
    Config::new()
        .set("client_id", support::ID)
        .set("client_secret", provider.client_secret())
        .set("environment.name", "test")
        .set("environment.api", provider.api().as_str())
        .set("environment.auth", provider.token_endpoint().as_str())
}

#[test]
fn it_is_registered_and_needs_no_key_of_itself() {
    assert!(session_core::backends().any(|backend| std::ptr::eq(backend, &raw const MARQUEE)));
    assert_eq!(MARQUEE.name(), "marquee");
    assert!(MARQUEE.keys().all(|key| !key.is_required()));
}

#[tokio::test]
async fn every_key_arrives() {
    let provider = provider();
    let session = open(
        "marquee",
        config(&provider)
            .set("scopes", ["run_analytics"])
            .set("application", "x")
            .set("application_version", "1")
            .set("api_version", "v2")
            .set("domain", "mds")
            .set("environment.mds", provider.api().join("mds/").unwrap())
            .set("environment.mds-web", "https://mds-web.example.com")
            .set("environment.web", "https://web.example.com")
            .set(
                "environment.services.reports",
                "https://reports.example.com",
            )
            .set("timeout", std::time::Duration::from_secs(5)),
    )
    .unwrap();
    assert_eq!(session.environment().name(), "test");
    session.init().await.unwrap();
    assert!(text(&provider.log()[0]).ends_with("+run_analytics"));
    Client::new(&session).get("/x").send().await.unwrap();
    let request = last(&provider);
    assert_eq!(request.path(), "/api/mds/v2/x");
    assert_eq!(header(&request, "x-application"), Some("x"));
    assert_eq!(header(&request, "x-version"), Some("1"));
    let written = Marquee::of(&session).unwrap().to_toml().unwrap_err();
    assert_eq!(
        written.kind(),
        ErrorKind::Config,
        "the secret was given as itself"
    );
    for url in [
        "https://mds-web.example.com/",
        "https://web.example.com/",
        "https://reports.example.com/",
    ] {
        session.check(&url.parse().unwrap()).unwrap();
    }
    assert!(
        session.check(provider.token_endpoint()).is_ok(),
        "of the same origin here"
    );
}

#[tokio::test]
async fn a_notice_is_sent_where_the_profile_says_so() {
    let provider = provider();
    let session = open("marquee", config(&provider).set("activity", true)).unwrap();
    session.init().await.unwrap();
    provider
        .wait_for(|log| log.iter().any(|entry| entry.kind() == Kind::Api))
        .await;
    assert_eq!(
        requests(&provider, Kind::Api)[0].path(),
        "/api/v1/activities"
    );
}

#[test]
fn environments_are_known_by_name_in_any_case() {
    for (name, host) in [
        ("PROD", "api.gs.com"),
        ("prod", "api.gs.com"),
        ("Qa", "api.marquee-qa.gs.com"),
        ("DEV", "api.marquee-dev-ext.web.gs.com"),
    ] {
        for key in ["environment", "environment.name"] {
            let config = Config::new().set("token", "t").set(key, name);
            let session = open("marquee", config).unwrap();
            let api = session.environment().url("api").unwrap();
            assert_eq!(api.host_str(), Some(host));
            assert_eq!(api.path(), "/v1/");
        }
    }
    let session = open("marquee", [("token", "t")]).unwrap();
    assert_eq!(session.environment().name(), MarqueeEnvironment::NAMES[0]);
}

#[test]
fn a_profile_says_where_it_is_wrong() {
    for (line, key) in [
        ("environment = \"production\"", "environment"),
        ("environment = \"https://api.gs.com\"", "environment"),
        (
            "environment.api = \"https://a.example.com\"",
            "environment.auth",
        ),
        (
            "environment.auth = \"https://a.example.com\"",
            "environment.api",
        ),
        ("environment.name = \"UAT\"", "environment"),
        (
            "environment.mds = \"https://a.example.com\"",
            "environment.mds",
        ),
        (
            "environment.name = \"QA\"\nenvironment.web = \"https://a.example.com\"",
            "environment.web",
        ),
        ("domain = \"auth\"", "domain"),
        ("gssso = \"s\"", "gssso"),
        ("csrf_token = \"s\"", "csrf_token"),
        ("scopes = [\"x\"]", "scopes"),
        ("api_version = \"../x\"", "api_version"),
        ("application = \"\"", "application"),
        ("application = \"café\"", "application"),
        ("application_version = \"a\\nb\"", "application_version"),
        ("application_version = \"1é\"", "application_version"),
        ("timeout = 0", "timeout"),
        (
            "domain = \"mds\"\nenvironment.api = \"https://a.example.com\"\nenvironment.auth = \"https://b.example.com\"",
            "domain",
        ),
        (
            "environment.api = \"https://a.example.com?k=1\"\nenvironment.auth = \"https://b.example.com\"",
            "environment.api",
        ),
        (
            "environment.api = \"https://a.example.com\"\nenvironment.auth = \"https://b.example.com#f\"",
            "environment.auth",
        ),
    ] {
        let text = format!("[profiles.m]\nbackend = \"marquee\"\ntoken = \"s3cr3t\"\n{line}\n");
        let profiles = Profiles::from_toml(&text, "sessions.toml").unwrap();
        let error = profiles.open("m").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{line}");
        let shown = error.to_string();
        assert!(
            shown.contains("sessions.toml:") && shown.contains(&format!("`{key}`")),
            "{line}: {shown}"
        );
        assert!(!shown.contains("s3cr3t"));
    }
}

#[test]
fn a_scope_that_is_none_is_found_where_it_stands() {
    for scopes in ["[\"\"]", "[\"read_content\", \"a  b\"]", "[\"a\\\"b\"]"] {
        let text = format!(
            "[profiles.m]\nbackend = \"marquee\"\nclient_id = \"c\"\nclient_secret = \"s3cr3t\"\nscopes = {scopes}\n"
        );
        let profiles = Profiles::from_toml(&text, "sessions.toml").unwrap();
        let shown = profiles.open("m").unwrap_err().to_string();
        assert!(
            shown.contains("sessions.toml:5") && shown.contains("`scopes`"),
            "{shown}"
        );
    }
}

#[cfg(not(feature = "kerberos"))]
#[test]
fn without_the_feature_kerberos_it_says_which_one_is_missing() {
    let error = open("marquee", [("kerberos_login", "https://sso.example.com/")]).unwrap_err();
    assert!(error.to_string().contains("`kerberos`"), "{error}");
}

#[cfg(feature = "kerberos")]
#[test]
fn a_page_that_takes_a_ticket_is_a_kind_of_credential() {
    let session = open("marquee", [("kerberos_login", "https://sso.example.com/")]).unwrap();
    let marquee = Marquee::of(&session).unwrap();
    let written = marquee.to_toml().unwrap();
    assert!(written.contains("kerberos_login = \"https://sso.example.com/\""));
    let error = open("marquee", [("kerberos_login", "http://sso.example.com/")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}
