//! The plain types: secrets, credentials, services, identities, challenges, errors.

use std::{
    error::Error as _,
    time::{Duration, SystemTime},
};

use session_core::{
    BasicEnvironment, Challenge, Credential, Environment, Error, ErrorKind, Identity, Secret,
    Services, Transport,
};
use session_mock::MockSession;
use url::Url;

#[test]
fn secrets_are_for_exposing_only_on_purpose() {
    let secret = Secret::new("hunter2");
    assert_eq!(secret.expose(), b"hunter2");
    assert_eq!(secret.expose_str(), Some("hunter2"));
    assert_eq!(Secret::new([0xff]).expose_str(), None);
    assert_eq!(Secret::prefixed("Bearer ", "t").expose(), b"Bearer t");
    assert_eq!(Secret::from("x").expose(), b"x");
    assert!(Secret::new("").is_empty());
    assert!(!secret.is_empty());
    assert_eq!(format!("{:?}", secret.clone()), "Secret(..)");
}

#[test]
fn a_credential_keeps_what_it_is_given() {
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
    let credential = Credential::bearer("t")
        .expires_in(Duration::from_secs(5))
        .expires_at(until)
        .keep("refresh_token", Secret::new("old"))
        .keep("refresh_token", Secret::new("new"))
        .keep("other", Secret::new("o"))
        .scopes(["read", "write"]);
    assert_eq!(credential.lifetime(), Some(Duration::from_secs(5)));
    assert_eq!(credential.expiry(), Some(until));
    assert_eq!(credential.kept("refresh_token").unwrap().expose(), b"new");
    assert_eq!(credential.kept("other").unwrap().expose(), b"o");
    assert!(credential.kept("none").is_none());
    assert_eq!(credential.granted_scopes(), ["read", "write"]);
    assert_eq!(
        credential
            .header(&http::header::AUTHORIZATION)
            .unwrap()
            .expose(),
        b"Bearer t"
    );
    assert!(credential.header(&http::header::COOKIE).is_none());
    assert_eq!(credential.iter_headers().count(), 1);
    assert!(!credential.is_per_request());
    assert!(credential.state::<u8>().is_none());

    let per_request = Credential::per_request(5_u8);
    assert!(per_request.is_per_request());
    assert_eq!(per_request.state::<u8>(), Some(&5));
    assert!(per_request.state::<u16>().is_none());
    let debug = format!("{credential:?}");
    assert!(
        debug.contains("authorization") && debug.contains("refresh_token"),
        "{debug}"
    );
    // Scopes are the server's words.
    assert!(
        debug.contains("scopes: 2") && !debug.contains("write"),
        "{debug}"
    );
}

#[test]
fn services_are_absolute_encrypted_and_without_passwords() {
    let mut services = Services::new();
    for good in [
        "https://a.test",
        "wss://a.test/x",
        "http://127.1.2.3:80/",
        "http://[::1]/",
        "ws://localhost:9/",
    ] {
        services.insert("s", good).expect(good);
    }
    assert_eq!(services.iter().count(), 1, "a name is there once");
    assert_eq!(services.get("s").unwrap().as_str(), "ws://localhost:9/");
    assert_eq!(services.get("t"), None);
    for bad in [
        "a.test",
        "/x",
        "",
        "http://a.test/",
        "ws://a.test",
        "ftp://a.test/",
        "file:///etc/passwd",
        "http://localhost.evil.test/",
        "http://128.0.0.1/",
        "http://[::2]/",
        "mailto:a@b.test",
    ] {
        let error = services.insert("api", bad).expect_err(bad);
        assert_eq!(error.kind(), ErrorKind::Config, "{bad}");
        assert!(error.to_string().contains("`api`"), "{error}");
    }
    let error = services
        .insert("api", "http://a.test/k3y?t0k3n#fr4gment")
        .unwrap_err();
    for secret in ["k3y", "t0k3n", "fr4gment"] {
        assert!(!error.to_string().contains(secret), "{error}");
    }
    for bad in [
        "https://u:hunter2@a.test/",
        "https://hunter2@a.test/",
        "https://:hunter2@a.test/",
    ] {
        let text = services.insert("api", bad).expect_err(bad).to_string();
        assert!(
            text.contains("leave it out") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn origins_are_scheme_host_and_port() {
    let mut services = Services::new();
    services.insert("a", "https://a.test/v1/").unwrap();
    services.insert("w", "wss://w.test:8443/").unwrap();
    let contains = |url: &str| services.contains_origin(&Url::parse(url).unwrap());
    assert!(contains("https://a.test:443/other"));
    assert!(contains("wss://a.test/"));
    assert!(contains("https://w.test:8443/"));
    assert!(!contains("https://a.test:8443/"));
    assert!(!contains("http://a.test:443/"));
    assert!(!contains("https://b.a.test/"));
    assert!(!contains("https://w.test/"));
    assert!(!contains("data:,x"));
    assert!(!Services::default().contains_origin(&Url::parse("data:,x").unwrap()));
}

#[test]
fn an_environment_is_its_parts() {
    let plain = BasicEnvironment::new("qa")
        .service("api", "https://a.test/")
        .unwrap();
    assert_eq!(plain.name(), "qa");
    assert_eq!(plain.url("api").unwrap().as_str(), "https://a.test/");
    assert_eq!(plain.url("mds"), None);
    assert!(plain.allows(&Url::parse("https://a.test/x").unwrap()));
    assert!(!plain.allows(&Url::parse("https://b.test/x").unwrap()));
    assert_eq!(plain.transport(), Transport::DEFAULT);
    assert_eq!(plain.transport().ca_file(), None);
    let private = plain.ca_file("ca.pem");
    assert_eq!(
        private.transport().ca_file().unwrap().to_str(),
        Some("ca.pem")
    );
}

#[test]
fn identities_keep_their_parts_apart() {
    assert_eq!(Identity::new(["a", "bc"]), Identity::new(["a", "bc"]));
    assert_ne!(Identity::new(["a", "bc"]), Identity::new(["ab", "c"]));
    assert_ne!(Identity::new(["a", ""]), Identity::new(["a"]));
    assert_eq!(Identity::new(["a", "bc"]).as_str(), "1:a2:bc");
    let session = MockSession::bearer("t").handle();
    assert_eq!(session.session().identity(), None);
}

#[test]
fn challenges_compare_without_case_and_hide_values() {
    let challenge = Challenge::new("Bearer")
        .with_parameter("Error", "invalid_token")
        .with_parameter("error", "second")
        .with_token68("c2VjcmV0");
    assert!(challenge.is("bEARER"));
    assert!(!challenge.is("Basic"));
    assert_eq!(challenge.scheme(), "Bearer");
    assert_eq!(challenge.parameter("error"), Some("invalid_token"));
    assert_eq!(challenge.parameter("scope"), None);
    let all = [("Error", "invalid_token"), ("error", "second")];
    assert!(challenge.parameters().eq(all));
    assert_eq!(challenge.token68().unwrap().expose(), b"c2VjcmV0");
    let debug = format!("{challenge:?}");
    assert_eq!(
        debug,
        "Challenge { scheme: \"bearer\", token68: Some(Secret(..)), parameters: 2 }"
    );
    let echo = format!("{:?}", Challenge::new("t0k3n").with_parameter("t0k3n", "x"));
    assert!(
        echo.contains("unknown") && !echo.contains("t0k3n"),
        "{echo}"
    );
}

#[test]
fn errors_carry_what_a_caller_acts_on() {
    let cause = std::io::Error::other("disk full");
    let error = Error::new(ErrorKind::Unavailable, "it failed")
        .with_source(cause)
        .with_retry_after(Duration::from_secs(3))
        .with_challenges(vec![Challenge::new("Negotiate")]);
    let same = error.clone();
    assert_eq!(same.kind(), ErrorKind::Unavailable);
    assert_eq!(same.retry_after(), Some(Duration::from_secs(3)));
    assert_eq!(same.challenges()[0].scheme(), "Negotiate");
    assert_eq!(same.to_string(), "it failed");
    assert_eq!(same.source().unwrap().to_string(), "disk full");
    let debug = format!("{same:?}");
    for part in ["Unavailable", "it failed", "3s", "negotiate", "disk full"] {
        assert!(debug.contains(part), "{debug}");
    }
    let other = same.clone().with_retry_after(Duration::from_secs(4));
    assert_eq!(other.retry_after(), Some(Duration::from_secs(4)));
    assert_eq!(other.source().unwrap().to_string(), "disk full");
    assert_eq!(
        same.retry_after(),
        Some(Duration::from_secs(3)),
        "a clone stays as it is"
    );
    let plain = format!("{:?}", Error::new(ErrorKind::Config, "x"));
    assert_eq!(plain, "Error { kind: Config, message: \"x\" }");
}
