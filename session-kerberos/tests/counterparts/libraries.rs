//! Either library, and both at once.

use std::time::Duration;

use http::StatusCode;
use session_core::{ErrorKind, SecretSource, SessionHandle};
use session_kerberos::{Delegation, Kerberos, KerberosBuilder, Mutual};
use session_mock::MockClock;

use crate::realm::{Cache, Realm, request, user};

pub(crate) const MIT: &str = "libgssapi_krb5.so.2";
pub(crate) const HEIMDAL: &str = "libgssapi.so.3";

async fn opened(builder: KerberosBuilder) -> SessionHandle {
    let session = builder.library(HEIMDAL).open().unwrap();
    session.init().await.unwrap();
    session
}

#[tokio::test]
async fn heimdals_serves_with_every_kind_of_credential() {
    let realm = Realm::shared();
    realm.log_alice_in();
    let cache = realm.kinit("bob");
    for (builder, name) in [
        (realm.by_keytab("svc"), "svc"),
        (realm.by_keytab("svc").principal("svc"), "svc"),
        (realm.by_password("bob"), "bob"),
        (realm.by_cache(&cache.name), "bob"),
        (realm.by_cache(&cache.name).principal("bob"), "bob"),
        (
            Kerberos::default_cache().environment(realm.environment()),
            "alice",
        ),
    ] {
        let session = opened(builder).await;
        let name = format!("{name}@EXAMPLE.TEST");
        for service in ["api", "bound"] {
            assert_eq!(user(&session, service, "").await, name);
        }
        session.close().await.unwrap();
    }
}

#[tokio::test]
async fn heimdals_reads_caches_and_writes_to_none() {
    let realm = Realm::shared();
    realm.log_alice_in();
    let cache = realm.kinit("bob");
    let files = [cache.file(), realm.folder().join("default.ccache")];
    let read = || files.clone().map(|file| std::fs::read(file).unwrap());
    let before = read();
    let session = opened(realm.by_cache(&cache.name)).await;
    assert_eq!(user(&session, "api", "").await, "bob@EXAMPLE.TEST");
    assert!(before == read());
}

#[tokio::test]
async fn heimdals_sessions_want_proof_of_servers_too() {
    let session = opened(Realm::shared().by_keytab("svc")).await;
    let error = request(&session, "root", "open.json").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(
        error.to_string().contains("does not prove who it is"),
        "{error}"
    );
    for mutual in [Mutual::IfPresent, Mutual::Off] {
        let session = opened(Realm::shared().by_keytab("svc").mutual(mutual)).await;
        let answer = request(&session, "root", "open.json").await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(user(&session, "api", "").await, "svc@EXAMPLE.TEST");
    }
}

#[tokio::test]
async fn heimdals_delegates_what_it_is_asked_to() {
    let realm = Realm::shared();
    let session = opened(realm.by_password("bob").delegation(Delegation::On)).await;
    assert_eq!(user(&session, "api", "").await, "bob@EXAMPLE.TEST");
    let carol = opened(realm.by_password("carol").delegation(Delegation::On)).await;
    let error = request(&carol, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("forwardable"), "{error}");
}

#[tokio::test]
async fn what_heimdals_does_not_get_is_an_error_that_says_what_to_do() {
    let realm = Realm::shared();
    let whole = realm.kinit("alice");
    let whole = std::fs::read(whole.file()).unwrap();
    let damaged = Cache::holding(&whole[..whole.len() / 2]);
    let (empty, missing) = (Cache::holding(b""), Cache::new());
    let alices = realm.kinit("alice");
    let wrong = || SecretSource::literal("not the password");
    for (builder, kind, words) in [
        (realm.by_cache(&empty.name), ErrorKind::Interaction, "kinit"),
        (
            realm.by_cache(&damaged.name),
            ErrorKind::Interaction,
            "kinit",
        ),
        (
            realm.by_cache(&missing.name),
            ErrorKind::Interaction,
            "kinit",
        ),
        (
            realm.by_cache(&alices.name).principal("bob"),
            ErrorKind::Interaction,
            "those of `alice@EXAMPLE.TEST`",
        ),
        (
            Kerberos::password("bob", wrong()),
            ErrorKind::Denied,
            "the password is wrong",
        ),
        (
            Kerberos::password("nobody", wrong()),
            ErrorKind::Denied,
            "does not know this principal",
        ),
        (
            realm.by_password("pwexp"),
            ErrorKind::Denied,
            "password has expired",
        ),
        (
            Kerberos::password("alice@DOWN.TEST", wrong()),
            ErrorKind::Unavailable,
            "no KDC",
        ),
        // It tells a realm that is not configured from none that answers no better than so.
        (
            Kerberos::password("alice@NOWHERE.TEST", wrong()),
            ErrorKind::Unavailable,
            "krb5.conf",
        ),
        (
            Kerberos::keytab("/nonexistent/x.keytab"),
            ErrorKind::Config,
            "klist -k",
        ),
        (
            realm.by_keytab("svc").principal("alice"),
            ErrorKind::Config,
            "klist -k",
        ),
    ] {
        let session = builder.library(HEIMDAL).open().unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("not the password"), "{error}");
    }
    for (spn, kind, words) in [
        ("HTTP@unknown.example.test", ErrorKind::Config, "`spn`"),
        (
            "HTTP@stale.example.test",
            ErrorKind::Denied,
            "keytab is stale or lacks",
        ),
        (
            "HTTP@nokey.example.test",
            ErrorKind::Denied,
            "keytab is stale or lacks",
        ),
    ] {
        let session = opened(realm.by_keytab("svc").spn(spn)).await;
        let error = request(&session, "api", "").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_service_is_in_the_realm_that_it_is_said_to_be_in_or_there_is_no_token() {
    let realm = Realm::shared();
    for library in [MIT, HEIMDAL] {
        let by = async |spn| {
            let session = realm.by_keytab("svc").library(library).spn(spn);
            let session = session.open().unwrap();
            session.init().await.unwrap();
            session
        };
        let there = by("HTTP/localhost@EXAMPLE.TEST").await;
        assert_eq!(user(&there, "api", "").await, "svc@EXAMPLE.TEST");
        let elsewhere = by("HTTP/localhost@NOWHERE.TEST").await;
        // Not the second time either, when there is a ticket by that name.
        for _ in 0..2 {
            let error = request(&elsewhere, "api", "").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{library}: {error}");
            assert!(error.to_string().contains("`spn`"), "{library}: {error}");
        }
        assert_eq!(elsewhere.status().generation, 1, "{library}");
    }
}

#[tokio::test]
async fn what_has_expired_asks_for_kinit_with_either() {
    let realm = Realm::shared();
    let cache = realm.kinit("shorty");
    let clocks = [MIT, HEIMDAL].map(|library| {
        let clock = MockClock::new();
        let session = realm.by_cache(&cache.name).library(library);
        let session = SessionHandle::builder(session.build().unwrap());
        (session.clock(clock.clone()).build(), clock)
    });
    for (session, clock) in clocks {
        // Its tickets may be renewed until nobody renews them any more.
        let error = loop {
            if let Err(error) = session.init().await {
                break error;
            }
            if let Err(error) = request(&session, "api", "").await {
                break error;
            }
            session.close().await.unwrap();
            clock.advance(Duration::from_secs(1));
        };
        assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
        assert!(error.to_string().contains("kinit"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_libraries_serve_one_process_at_once() {
    let realm = Realm::shared();
    let cache = realm.kinit("bob");
    let mut requests = Vec::new();
    for (library, builder, name) in [
        (MIT, realm.by_keytab("svc"), "svc@EXAMPLE.TEST"),
        (HEIMDAL, realm.by_keytab("svc"), "svc@EXAMPLE.TEST"),
        (MIT, realm.by_password("alice"), "alice@EXAMPLE.TEST"),
        (HEIMDAL, realm.by_password("alice"), "alice@EXAMPLE.TEST"),
        (MIT, realm.by_cache(&cache.name), "bob@EXAMPLE.TEST"),
        (HEIMDAL, realm.by_cache(&cache.name), "bob@EXAMPLE.TEST"),
    ] {
        let session = builder.library(library).open().unwrap();
        requests.extend((0..8).map(|_| {
            let session = session.clone();
            tokio::spawn(async move {
                session.init().await.unwrap();
                assert_eq!(user(&session, "api", "").await, name);
                assert_eq!(user(&session, "bound", "").await, name);
            })
        }));
    }
    for request in requests {
        request.await.unwrap();
    }
}

#[tokio::test]
async fn a_library_that_is_not_there_is_an_error_that_names_it() {
    for library in ["libgssapi-of-nobody.so.7", "/nonexistent/libgssapi.so.3"] {
        let session = Realm::shared().by_keytab("svc").library(library);
        let error = session.open().unwrap().init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains(library), "{error}");
    }
}
