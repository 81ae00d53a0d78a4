//! Requests with tokens.

use std::collections::HashSet;

use http::{HeaderMap, Request, StatusCode, Version, header::AUTHORIZATION, request::Parts};
use session_core::{ErrorKind, Incoming, Outgoing, SessionHandle};
use session_http::{Client, Connections, Dialogue, Next};
use session_kerberos::{ChannelBindings, Delegation, Kerberos, Mutual};
use url::Url;

use crate::realm::{Realm, request, user};

async fn opened(builder: session_kerberos::KerberosBuilder) -> SessionHandle {
    let session = builder.open().unwrap();
    session.init().await.unwrap();
    session
}

fn head() -> Parts {
    Request::new(()).into_parts().0
}

#[tokio::test]
async fn every_request_has_a_token_of_its_own() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    let url = session.environment().url("api").unwrap();
    let mut tokens = HashSet::new();
    for _ in 0..10 {
        let mut head = head();
        session
            .authorize(Outgoing::new(url, &mut head))
            .await
            .unwrap();
        let token = &head.headers[AUTHORIZATION];
        assert!(token.is_sensitive());
        tokens.insert(token.clone());
    }
    assert_eq!(tokens.len(), 10);
}

#[tokio::test]
async fn an_answer_without_proof_is_not_taken_where_proof_is_required() {
    let realm = Realm::shared();
    let session = opened(realm.by_keytab("svc")).await;
    let error = request(&session, "root", "open.json").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(
        error.to_string().contains("does not prove who it is"),
        "{error}"
    );
    // What a server has not found it need not prove.
    let answer = request(&session, "root", "nowhere.json").await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    for mutual in [Mutual::IfPresent, Mutual::Off] {
        let session = opened(realm.by_keytab("svc").mutual(mutual)).await;
        let answer = request(&session, "root", "open.json").await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(user(&session, "api", "").await, "svc@EXAMPLE.TEST");
    }
}

#[tokio::test]
async fn an_answer_with_another_requests_proof_is_not_taken() {
    for mutual in [Mutual::Required, Mutual::IfPresent] {
        let session = opened(Realm::shared().by_keytab("svc").mutual(mutual)).await;
        let url = session.environment().url("api").unwrap().clone();
        let (_, headers) = {
            let head = head();
            let mut dialogue = Dialogue::new(&session, &url, &head);
            send(&url, dialogue.authorize(None).await.unwrap()).await
        };
        let head = head();
        let mut dialogue = Dialogue::new(&session, &url, &head);
        let _ = dialogue.authorize(None).await.unwrap();
        let answer = Incoming::new(StatusCode::OK, &headers);
        let error = dialogue.received(answer).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.to_string().contains("do not trust it"), "{error}");
    }
}

async fn send(url: &Url, headers: HeaderMap) -> (StatusCode, HeaderMap) {
    let environment = Realm::shared().environment();
    let connections = Connections::new(session_core::Environment::transport(&environment));
    let request = connections.client(url).await.unwrap().get(url.clone());
    let answer = request.headers(headers).send().await.unwrap();
    (answer.status(), answer.headers().clone())
}

#[tokio::test]
async fn a_replayed_token_is_refused_and_a_fresh_one_taken() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    let url = session.environment().url("api").unwrap().clone();
    let head = head();
    let mut dialogue = Dialogue::new(&session, &url, &head);
    let headers = dialogue.authorize(None).await.unwrap();
    let (status, _) = send(&url, headers.clone()).await;
    assert_eq!(status, StatusCode::OK);
    let (status, answer) = send(&url, headers).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let next = dialogue.received(Incoming::new(status, &answer)).await;
    let Next::Resend(headers) = next.unwrap() else {
        panic!("nothing is tried");
    };
    let (status, _) = send(&url, headers).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn who_is_known_and_may_not_is_told_so_and_nothing_is_renewed() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    let answer = request(&session, "root", "forbidden/").await.unwrap();
    assert!(answer.status().is_client_error());
    assert_eq!(session.status().generation, 1);
}

#[tokio::test]
async fn a_server_without_any_keytab_is_asked_twice_and_no_more() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    let answer = request(&session, "root", "keyless/").await;
    match answer {
        Ok(answer) => assert!(answer.status().as_u16() >= 400),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Denied, "{error}"),
    }
    assert!(session.status().generation <= 2);
}

#[tokio::test]
async fn servers_that_authenticate_a_connection_or_by_cookie() {
    let realm = Realm::shared();
    for mutual in [Mutual::Required, Mutual::IfPresent] {
        let session = opened(realm.by_keytab("svc").mutual(mutual)).await;
        for service in ["root", "http2"] {
            for path in ["connection/", "cookie/", "basic/"] {
                for _ in 0..3 {
                    assert_eq!(user(&session, service, path).await, "svc@EXAMPLE.TEST");
                }
            }
        }
    }
}

/// Whoever has a cookie of such a server, or its connection, is let in without a token, and then there is no proof.
#[tokio::test]
async fn what_a_cookie_lets_in_has_a_proof_all_the_same_for_there_is_a_token() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    let first = request(&session, "root", "cookie/").await.unwrap();
    let cookie = first.headers()["set-cookie"].to_str().unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    let url = session.environment().url("root").unwrap();
    let url = url.join("cookie/").unwrap();
    let with_cookie = Client::new(&session)
        .get(url.as_str())
        .header("cookie", cookie);
    let answer = with_cookie.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn by_http2_each_of_many_requests_at_once_has_its_own_proof() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move {
                let answer = request(&session, "http2", "api/").await.unwrap();
                assert_eq!(answer.version(), Version::HTTP_2);
                answer.status()
            })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(session.status().generation, 1);
}

#[tokio::test]
async fn where_a_server_does_not_want_http2_the_error_says_what_to_set() {
    let realm = Realm::shared();
    let session = opened(realm.by_keytab("svc").mutual(Mutual::IfPresent)).await;
    let error = request(&session, "http2", "http1/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("`http1_only`"), "{error}");
    let environment = realm.environment().http1_only(true);
    let session = opened(realm.by_keytab("svc").environment(environment)).await;
    let answer = request(&session, "http2", "api/").await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_11);
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn delegation_gives_a_credential_where_the_ticket_allows_it() {
    let realm = Realm::shared();
    let delegated = |name: &str| {
        let files = std::fs::read_dir(realm.folder().join("delegated")).unwrap();
        files
            .filter_map(Result::ok)
            .any(|file| file.file_name().to_string_lossy().contains(name))
    };
    let off = opened(realm.by_password("bob")).await;
    assert_eq!(user(&off, "root", "delegated/").await, "bob@EXAMPLE.TEST");
    assert!(!delegated("bob"));
    // The realm does not approve of this server.
    let policy = opened(realm.by_password("bob").delegation(Delegation::Policy)).await;
    assert_eq!(
        user(&policy, "root", "delegated/").await,
        "bob@EXAMPLE.TEST"
    );
    assert!(!delegated("bob"));
    let on = opened(realm.by_password("alice").delegation(Delegation::On)).await;
    assert_eq!(user(&on, "root", "delegated/").await, "alice@EXAMPLE.TEST");
    assert!(delegated("alice"));

    let carol = opened(realm.by_password("carol").delegation(Delegation::On)).await;
    let error = request(&carol, "root", "delegated/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("forwardable"), "{error}");
}

#[tokio::test]
async fn tokens_are_bound_to_the_certificate_that_the_carrier_knows() {
    let realm = Realm::shared();
    let certificate = realm.certificate();
    for (bindings, certificate, status) in [
        (
            ChannelBindings::Auto,
            Some(certificate.as_slice()),
            StatusCode::OK,
        ),
        (ChannelBindings::Auto, None, StatusCode::UNAUTHORIZED),
        (
            ChannelBindings::Off,
            Some(certificate.as_slice()),
            StatusCode::UNAUTHORIZED,
        ),
    ] {
        let session = opened(realm.by_keytab("svc").channel_bindings(bindings)).await;
        let url = session.environment().url("bound").unwrap().clone();
        let head = head();
        let mut dialogue = Dialogue::new(&session, &url, &head);
        let headers = dialogue.authorize(certificate).await.unwrap();
        let (found, answer) = send(&url, headers).await;
        assert_eq!(found, status);
        if found == StatusCode::OK {
            let next = dialogue.received(Incoming::new(found, &answer)).await;
            assert!(matches!(next.unwrap(), Next::Done));
        }
    }
}

#[tokio::test]
async fn the_http_client_learns_what_to_bind_tokens_to() {
    let realm = Realm::shared();
    let session = opened(realm.by_keytab("svc")).await;
    assert_eq!(user(&session, "bound", "").await, "svc@EXAMPLE.TEST");
    assert_eq!(session.status().generation, 1);
    let unbound = realm
        .by_keytab("svc")
        .channel_bindings(ChannelBindings::Off);
    let answer = request(&opened(unbound).await, "bound", "").await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn plain_http_on_this_machine() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    assert_eq!(user(&session, "plain", "api/").await, "svc@EXAMPLE.TEST");
}

#[test]
fn a_program_without_async() {
    let realm = Realm::shared();
    let session = realm.by_keytab("svc").open().unwrap();
    session.blocking().init().unwrap();
    let client = session_http::blocking::Client::new(&session);
    assert_eq!(client.get("").send().unwrap().status(), StatusCode::OK);
    let cache = realm.kinit("alice");
    let session = Kerberos::ccache(&cache.name).environment(realm.environment());
    session.open().unwrap().blocking().init().unwrap();
}
