//! The client credentials grant from the first token to the revocation of the last.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{StatusCode, header::AUTHORIZATION};
use session_core::{Credential, ErrorKind, Secret, SecretSource, Session, SessionHandle, State};
use session_mock::{Client, ClientAuthMethod, Entry, Kind, MockClock, Outage, Provider};
use session_oauth::{AuthorizationServer, ClientAuth, OAuth, OAuthBuilder};

fn oauth(provider: &Provider) -> OAuthBuilder {
    OAuth::client_credentials(
        provider.token_endpoint(),
        provider.client_id(),
        provider.client_secret(),
    )
}

/// With an address for revocation.
fn revocable(provider: &Provider) -> OAuthBuilder {
    let server = AuthorizationServer::token_endpoint(provider.token_endpoint().as_str())
        .revocation_endpoint(provider.revocation_endpoint().as_str());
    OAuth::client_credentials(server, provider.client_id(), provider.client_secret())
}

fn requests(provider: &Provider, kind: Kind) -> Vec<Entry> {
    provider
        .log()
        .into_iter()
        .filter(|entry| entry.kind() == kind)
        .collect()
}

fn body(entry: &Entry) -> &str {
    std::str::from_utf8(entry.body()).unwrap()
}

fn header(credential: &Credential) -> &str {
    credential
        .header(&AUTHORIZATION)
        .unwrap()
        .expose_str()
        .unwrap()
}

#[tokio::test]
async fn a_session_authenticates_once_and_holds_the_token() {
    let provider = Provider::start().unwrap();
    let session = oauth(&provider).scope("read").open().unwrap();
    assert_eq!(session.name(), "oauth");
    assert!(provider.log().is_empty(), "making a session sends nothing");

    session.init().await.unwrap();
    session.init().await.unwrap();
    let credential = session.credential().await.unwrap();
    assert_eq!(
        header(&credential),
        format!("Bearer {}", provider.issued()[0])
    );
    assert_eq!(credential.granted_scopes(), ["read"]);
    assert_eq!(credential.lifetime(), Some(Duration::from_secs(3600)));
    assert_eq!(provider.count(Kind::Token), 1);

    let request = &requests(&provider, Kind::Token)[0];
    assert_eq!(body(request), "grant_type=client_credentials&scope=read");
    assert_eq!(
        request.auth_method(),
        Some(ClientAuthMethod::ClientSecretBasic)
    );
    assert_eq!(
        request.header("content-type").unwrap(),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(request.header("accept").unwrap(), "application/json");
}

/// RFC 6749 §2.3.1: form-encoded, then joined, then base64.
#[tokio::test]
async fn special_characters_survive_both_kinds_of_client_authentication() {
    let (id, secret) = ("cc basic:special+id", "p%40ss w:+/=&?#~*é\"");
    let provider = Provider::builder()
        .client(Client::new(id, secret))
        .start()
        .unwrap();
    for auth in [ClientAuth::SecretBasic, ClientAuth::SecretPost] {
        oauth(&provider)
            .client_auth(auth)
            .open()
            .unwrap()
            .init()
            .await
            .unwrap();
    }
    let [basic, post] = &requests(&provider, Kind::Token)[..] else {
        panic!("two requests")
    };
    let credentials = "cc+basic%3Aspecial%2Bid:p%2540ss+w%3A%2B%2F%3D%26%3F%23%7E*%C3%A9%22";
    assert_eq!(
        basic.header("authorization").unwrap(),
        &format!("Basic {}", STANDARD.encode(credentials))
    );
    assert_eq!(body(basic), "grant_type=client_credentials");
    assert!(post.header("authorization").is_none());
    assert_eq!(
        body(post),
        "grant_type=client_credentials&client_id=cc+basic%3Aspecial%2Bid\
         &client_secret=p%2540ss+w%3A%2B%2F%3D%26%3F%23%7E*%C3%A9%22"
    );
}

#[tokio::test]
async fn what_the_token_is_for_is_asked_for() {
    let provider = Provider::start().unwrap();
    let session = oauth(&provider)
        .scopes(["read", "write"])
        .resource("https://api.example.com/")
        .audience("orders")
        .open()
        .unwrap();
    session.init().await.unwrap();
    assert_eq!(
        body(&requests(&provider, Kind::Token)[0]),
        "grant_type=client_credentials&scope=read+write&resource=https%3A%2F%2Fapi.example.com%2F\
         &audience=orders"
    );
}

#[tokio::test]
async fn a_secret_that_was_rotated_in_its_place_is_used() {
    let provider = Provider::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, format!("{}\n", provider.client_secret())).unwrap();
    let clock = MockClock::new();
    let session = OAuth::client_credentials(
        provider.token_endpoint(),
        provider.client_id(),
        SecretSource::file(&path),
    );
    let session = SessionHandle::builder(session.build().unwrap())
        .clock(clock.clone())
        .build();
    session.init().await.unwrap();

    provider.add_client(Client::new(provider.client_id(), "the-next-secret"));
    clock.advance(Duration::from_secs(3600));
    assert_eq!(
        session.credential().await.unwrap_err().kind(),
        ErrorKind::Denied
    );
    std::fs::write(&path, "the-next-secret").unwrap();
    // A refusal is not asked about again for a while.
    clock.advance(Duration::from_secs(60));
    session.credential().await.unwrap();
}

#[tokio::test]
async fn a_secret_that_cannot_be_used_is_a_matter_of_configuration() {
    let provider = Provider::start().unwrap();
    for secret in [Secret::new(""), Secret::new(b"\xff\xfe".to_vec())] {
        let session = OAuth::client_credentials(provider.token_endpoint(), "svc", secret)
            .open()
            .unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
    assert!(provider.log().is_empty());
}

#[tokio::test]
async fn an_expired_token_is_replaced_by_asking_again() {
    let provider = Provider::start().unwrap();
    let clock = MockClock::new();
    let session = SessionHandle::builder(oauth(&provider).build().unwrap())
        .clock(clock.clone())
        .build();
    session.init().await.unwrap();
    clock.advance(Duration::from_secs(3599));
    session.credential().await.unwrap();
    assert_eq!(provider.count(Kind::Token), 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(session.status().state, State::Expired);
    let credential = session.credential().await.unwrap();
    assert_eq!(
        header(&credential),
        format!("Bearer {}", provider.issued()[1])
    );
    assert_eq!(
        body(&requests(&provider, Kind::Token)[1]),
        "grant_type=client_credentials"
    );
}

/// RFC 6749 §6.
#[tokio::test]
async fn a_refresh_that_tells_no_scopes_is_for_those_that_were_granted() {
    let provider = Provider::start().unwrap();
    let clock = MockClock::new();
    let oauth = oauth(&provider).scopes(["read", "write"]);
    let session = SessionHandle::builder(oauth.build().unwrap())
        .clock(clock.clone())
        .build();
    for (answer, scopes) in [
        (
            r#"{"access_token":"a1","expires_in":60,"scope":"read","refresh_token":"r1"}"#,
            vec!["read"],
        ),
        (r#"{"access_token":"a2","expires_in":60}"#, vec!["read"]),
        (
            r#"{"access_token":"a3","expires_in":60,"scope":""}"#,
            vec![],
        ),
        (r#"{"access_token":"a4","expires_in":60}"#, vec![]),
    ] {
        provider.fail_next(Kind::Token, 1, Outage::json(StatusCode::OK, answer));
        session.init().await.unwrap();
        let credential = session.credential().await.unwrap();
        assert_eq!(credential.granted_scopes(), scopes, "{answer}");
        clock.advance(Duration::from_secs(60));
    }
    // Anew, it is for what was asked for.
    let refused = Outage::json(StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#);
    provider.fail_next(Kind::Token, 1, refused);
    let answer = Outage::json(StatusCode::OK, r#"{"access_token":"a5"}"#);
    provider.fail_next(Kind::Token, 1, answer);
    let credential = session.credential().await.unwrap();
    assert_eq!(credential.granted_scopes(), ["read", "write"]);
}

#[tokio::test]
async fn a_refresh_token_is_used_and_its_successor_kept() {
    let provider = Provider::start().unwrap();
    let clock = MockClock::new();
    let session = SessionHandle::builder(revocable(&provider).scope("read").build().unwrap())
        .clock(clock.clone())
        .build();
    let answers = [
        r#"{"access_token":"a1","token_type":"Bearer","expires_in":60,"refresh_token":"r1"}"#,
        // Not rotated: the old one stays.
        r#"{"access_token":"a2","token_type":"Bearer","expires_in":60}"#,
        r#"{"access_token":"a3","token_type":"Bearer","expires_in":60,"refresh_token":"r2"}"#,
        r#"{"access_token":"a4","token_type":"Bearer","expires_in":60}"#,
    ];
    for answer in answers {
        provider.fail_next(Kind::Token, 1, Outage::json(StatusCode::OK, answer));
    }
    session.init().await.unwrap();
    for expected in ["Bearer a2", "Bearer a3", "Bearer a4"] {
        clock.advance(Duration::from_secs(60));
        assert_eq!(header(&session.credential().await.unwrap()), expected);
    }
    // Refused, the client's own credentials get the next token.
    for refusal in ["invalid_grant", "unsupported_grant_type"] {
        let outage = Outage::json(
            StatusCode::BAD_REQUEST,
            format!(r#"{{"error":"{refusal}"}}"#),
        );
        provider.fail_next(Kind::Token, 1, outage);
        provider.fail_next(Kind::Token, 1, Outage::json(StatusCode::OK, answers[0]));
        clock.advance(Duration::from_secs(60));
        assert_eq!(header(&session.credential().await.unwrap()), "Bearer a1");
    }
    // A server that cannot answer is not asked twice.
    provider.fail_next(
        Kind::Token,
        1,
        Outage::status(StatusCode::SERVICE_UNAVAILABLE),
    );
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        session.credential().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );

    let log = requests(&provider, Kind::Token);
    let asked: Vec<_> = log.iter().map(body).collect();
    let refresh = |token| format!("grant_type=refresh_token&refresh_token={token}");
    assert_eq!(
        asked,
        [
            "grant_type=client_credentials&scope=read",
            &refresh("r1"),
            &refresh("r1"),
            &refresh("r2"),
            &refresh("r2"),
            "grant_type=client_credentials&scope=read",
            &refresh("r1"),
            "grant_type=client_credentials&scope=read",
            &refresh("r1"),
        ]
    );

    session.close().await.unwrap();
    let log = requests(&provider, Kind::Revoke);
    let revoked: Vec<_> = log.iter().map(body).collect();
    assert_eq!(
        revoked,
        [
            "token=r1&token_type_hint=refresh_token",
            "token=a1&token_type_hint=access_token"
        ]
    );
}

#[tokio::test]
async fn closing_revokes_the_token() {
    let provider = Provider::start().unwrap();
    let session = revocable(&provider)
        .client_auth(ClientAuth::SecretPost)
        .open()
        .unwrap();
    session.init().await.unwrap();
    session.close().await.unwrap();
    let revocation = &requests(&provider, Kind::Revoke)[0];
    assert_eq!(revocation.token(), Some(1));
    assert_eq!(
        revocation.auth_method(),
        Some(ClientAuthMethod::ClientSecretPost)
    );
    assert_eq!(session.status().state, State::Closed);
}

#[tokio::test]
async fn closing_sends_nothing_where_no_revocation_endpoint_is_known() {
    let provider = Provider::start().unwrap();
    let session = oauth(&provider).open().unwrap();
    session.init().await.unwrap();
    session.close().await.unwrap();
    assert_eq!(provider.count(Kind::Revoke), 0);
}

/// Finding it may start a program, or bother a person.
#[tokio::test]
async fn closing_asks_for_no_secret_where_there_is_nothing_to_revoke() {
    let provider = Provider::start().unwrap();
    let [issuer, token] = [provider.issuer(), provider.token_endpoint()].map(url::Url::as_str);
    let metadata = format!(r#"{{"issuer":"{issuer}","token_endpoint":"{token}"}}"#);
    provider.fail(Kind::Discovery, Outage::json(StatusCode::OK, metadata));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for server in [
        AuthorizationServer::token_endpoint(token),
        AuthorizationServer::issuer(issuer),
    ] {
        std::fs::write(&path, provider.client_secret()).unwrap();
        let session =
            OAuth::client_credentials(server, provider.client_id(), SecretSource::file(&path))
                .open()
                .unwrap();
        session.init().await.unwrap();
        std::fs::remove_file(&path).unwrap();
        session.close().await.unwrap();
    }
    assert_eq!(provider.count(Kind::Revoke), 0);
    assert_eq!(provider.count(Kind::Discovery), 1);
}

#[tokio::test]
async fn a_revocation_that_fails_is_told_and_the_session_closed() {
    let provider = Provider::start().unwrap();
    let unsupported = r#"{"error":"unsupported_token_type"}"#;
    for (outage, expected) in [
        (Outage::json(StatusCode::BAD_REQUEST, unsupported), None),
        (
            Outage::json(StatusCode::SERVICE_UNAVAILABLE, unsupported),
            None,
        ),
        (Outage::status(StatusCode::NO_CONTENT), None),
        (Outage::html(StatusCode::OK), None),
        (
            Outage::status(StatusCode::SERVICE_UNAVAILABLE),
            Some(ErrorKind::Unavailable),
        ),
        (
            Outage::json(StatusCode::OK, r#"{"error":"invalid_client"}"#),
            Some(ErrorKind::Denied),
        ),
        (Outage::status(StatusCode::FOUND), Some(ErrorKind::Config)),
        (Outage::reset(), Some(ErrorKind::Unavailable)),
    ] {
        let session = revocable(&provider).open().unwrap();
        session.init().await.unwrap();
        provider.fail_next(Kind::Revoke, 1, outage.clone());
        let outcome = session.close().await;
        assert_eq!(
            outcome.err().map(|error| error.kind()),
            expected,
            "{outage:?}"
        );
        assert_eq!(session.status().state, State::Closed);
    }
}

#[tokio::test]
async fn one_revocation_that_fails_does_not_spare_the_other_token() {
    let provider = Provider::start().unwrap();
    let answer = r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r"}"#;
    provider.fail_next(Kind::Token, 1, Outage::json(StatusCode::OK, answer));
    let session = revocable(&provider).open().unwrap();
    session.init().await.unwrap();
    provider.fail_next(
        Kind::Revoke,
        1,
        Outage::status(StatusCode::SERVICE_UNAVAILABLE),
    );
    assert_eq!(
        session.close().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(provider.count(Kind::Revoke), 2);
}

#[test]
fn identities_tell_apart_what_credentials_cannot_share() {
    let of = |builder: OAuthBuilder| builder.build().unwrap().identity().unwrap();
    let token = "https://idp.example.com/token";
    let base = || OAuth::client_credentials(token, "svc", "s").scopes(["a", "b"]);
    assert_eq!(
        of(base()),
        of(OAuth::client_credentials(token, "svc", "another").scopes(["b", "a"]))
    );
    let others = [
        OAuth::client_credentials("https://idp.example.com/token2", "svc", "s").scopes(["a", "b"]),
        OAuth::client_credentials(AuthorizationServer::issuer(token), "svc", "s")
            .scopes(["a", "b"]),
        OAuth::client_credentials(token, "svc2", "s").scopes(["a", "b"]),
        base().scope("c"),
        base().client_auth(ClientAuth::SecretPost),
        base().resource("urn:a"),
        base().audience("a"),
    ];
    let mut all: Vec<_> = others.into_iter().map(of).chain([of(base())]).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn the_environment_is_given_or_made_of_the_api() {
    let builder = || OAuth::client_credentials("https://idp.example.com/token", "svc", "s");
    let session = builder().api("https://api.example.com/v1/").open().unwrap();
    assert_eq!(
        session.environment().url("api").unwrap().as_str(),
        "https://api.example.com/v1/"
    );
    assert!(
        !session
            .environment()
            .allows(&"https://idp.example.com/".parse().unwrap())
    );

    let qa = || session_core::BasicEnvironment::new("qa");
    assert_eq!(
        builder()
            .environment(qa())
            .open()
            .unwrap()
            .environment()
            .name(),
        "qa"
    );
    let error = builder()
        .environment(qa())
        .api("https://api.example.com/")
        .open()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn addresses_are_checked_before_anything_is_sent() {
    for (server, expected) in [
        (
            AuthorizationServer::from("idp.example.com"),
            "`token_endpoint` is not an absolute URL",
        ),
        (
            AuthorizationServer::from("http://idp.example.com/token"),
            "`token_endpoint` is not encrypted",
        ),
        (
            AuthorizationServer::from("https://user:hunter2@idp.example.com/"),
            "`token_endpoint` holds a user",
        ),
        (
            AuthorizationServer::issuer("http://idp.example.com"),
            "`issuer` is not encrypted",
        ),
        (
            AuthorizationServer::issuer("https://idp.example.com/?a"),
            "`issuer` has a query",
        ),
        (
            AuthorizationServer::from("https://idp.example.com/token")
                .revocation_endpoint("/revoke"),
            "`revocation_endpoint` is not an absolute URL",
        ),
    ] {
        let builder = OAuth::client_credentials(server, "svc", "s");
        assert!(!format!("{builder:?}").contains("hunter2"));
        let error = builder.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let error = OAuth::client_credentials("https://idp.example.com/token", "", "s")
        .open()
        .unwrap_err();
    assert!(
        error.to_string().starts_with("`client_id` is empty"),
        "{error}"
    );
}
