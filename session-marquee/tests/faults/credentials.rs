//! What a session is given to authenticate with.

use std::time::Duration;

use session_core::{Config, ErrorKind, Secret, SecretSource, open};
use session_marquee::{Domain, Marquee, MarqueeEnvironment};
use session_mock::Kind;

use crate::support::{environment, opened, provider, texts};

#[test]
fn a_session_is_written_with_where_its_secrets_are_and_without_them() {
    let prod = MarqueeEnvironment::prod;
    let written = |builder: session_marquee::MarqueeBuilder| builder.build().unwrap().to_toml();
    let secret = || SecretSource::command(["pass", "show", "a \"b\""]);
    assert_eq!(
        written(
            Marquee::client_credentials(prod(), "id", secret())
                .scope("run_analytics")
                .activity(true)
                .timeout(Duration::from_secs(5))
        )
        .unwrap(),
        r#"backend = "marquee"
client_id = "id"
client_secret = { command = ["pass", "show", "a \"b\""] }
scopes = ["run_analytics"]
activity = true
timeout = "5000ms"
environment = "PROD"
"#
    );
    let own = MarqueeEnvironment::custom("own", "https://a.example.com", "https://i.example.com/t")
        .unwrap()
        .domain(Domain::Mds, "https://m.example.com")
        .unwrap()
        .service("reports", "https://r.example.com")
        .unwrap()
        .ca_file("/etc/ca.pem");
    let cookies =
        Marquee::gssso(own, SecretSource::env("GSSSO")).csrf_token(SecretSource::file("/c"));
    let cookies = cookies
        .application("x", "1")
        .api_version("")
        .domain(Domain::Mds);
    for text in [
        written(cookies).unwrap(),
        written(Marquee::token(prod(), SecretSource::env("TOKEN"))).unwrap(),
        written(
            Marquee::marquee_login(MarqueeEnvironment::qa(), SecretSource::env("LOGIN"))
                .api_version("v2"),
        )
        .unwrap(),
    ] {
        // What is written opens, and is written the same again.
        let profile = text.strip_prefix("backend = \"marquee\"\n").unwrap();
        let session = open("marquee", Config::from_toml(profile).unwrap()).unwrap();
        assert_eq!(Marquee::of(&session).unwrap().to_toml().unwrap(), text);
    }
    let given = Marquee::client_credentials(prod(), "id", "s3cr3t");
    let error = written(given).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!texts(&error).contains("s3cr3t"));
}

#[test]
fn credentials_of_two_kinds_are_an_error_and_none_is_dropped_silently() {
    let all = [
        "client_id",
        "token",
        "gssso",
        "marquee_login",
        "kerberos_login",
    ];
    let value = |key: &str| {
        if key == "kerberos_login" {
            "https://sso.example.com/"
        } else {
            "s3cr3t"
        }
    };
    for (at, first) in all.iter().enumerate() {
        for second in &all[at + 1..] {
            let config = Config::new()
                .set(first, value(first))
                .set(second, value(second));
            let error = open("marquee", config.set("client_secret", "s")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = texts(&error);
            assert!(text.contains(first) && text.contains(second) && !text.contains("s3cr3t"));
        }
    }
    for config in [
        Config::new(),
        Config::new().set("client_id", "id"),
        Config::new().set("client_id", "").set("client_secret", "s"),
        Config::new().set("client_secret", "s"),
        Config::new().set("csrf_token", "s"),
        Config::new().set("token", "t").set("client_secret", "s"),
        Config::new().set("token", "t").set("csrf_token", "c"),
        Config::new().set("token", "t").set("scopes", ["x"]),
    ] {
        let error = open("marquee", config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn the_authorization_cannot_be_given_with_a_request() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for name in ["Authorization", "authorization", "X-MARQUEE-CSRF-TOKEN"] {
        let request = client.get("/x").header(name, "own");
        assert_eq!(request.check().unwrap_err().kind(), ErrorKind::Config);
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(provider.count(Kind::Api), 0);
}

#[tokio::test]
async fn a_token_or_cookie_that_none_can_be_is_an_error_before_it_is_sent() {
    let provider = provider();
    for text in ["", "Bearer abc", "a b", "a\r\nX: y", "\u{e9}", "=", "a=b"] {
        let session = Marquee::token(environment(&provider), Secret::new(text));
        let error = session.open().unwrap().init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text:?}");
    }
    let session = Marquee::gssso(environment(&provider), Secret::new(""));
    let error = session.open().unwrap().init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let session = Marquee::token(environment(&provider), Secret::new("aZ0-._~+/=="));
    session.open().unwrap().init().await.unwrap();
    assert!(provider.log().is_empty());
}
