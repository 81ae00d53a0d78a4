//! What the realm refuses.

use std::time::Duration;

use session_core::{ErrorKind, SecretSource};
use session_kerberos::Kerberos;

use crate::realm::{Realm, request};

#[tokio::test]
async fn passwords_that_are_not_taken() {
    let realm = Realm::shared();
    let wrong = SecretSource::literal("not the password");
    for (principal, password, kind, words) in [
        (
            "bob",
            wrong.clone(),
            ErrorKind::Denied,
            "the password is wrong",
        ),
        (
            "nobody",
            wrong.clone(),
            ErrorKind::Denied,
            "does not know this principal",
        ),
        (
            "pwexp",
            realm.password("pwexp"),
            ErrorKind::Denied,
            "kpasswd",
        ),
        (
            "locked",
            realm.password("locked"),
            ErrorKind::Denied,
            "is locked",
        ),
        (
            "princexp",
            realm.password("princexp"),
            ErrorKind::Denied,
            "principal has expired",
        ),
        (
            "alice@DOWN.TEST",
            wrong.clone(),
            ErrorKind::Unavailable,
            "no KDC of the realm answers",
        ),
        (
            "alice@NOWHERE.TEST",
            wrong.clone(),
            ErrorKind::Config,
            "add the realm to krb5.conf",
        ),
    ] {
        let session = Kerberos::password(principal, password).open().unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains(principal), "{error}");
        assert!(!error.to_string().contains("not the password"), "{error}");
    }
}

#[tokio::test]
async fn keytabs_that_are_missing_or_somebody_elses() {
    let realm = Realm::shared();
    let missing = Kerberos::keytab("/nonexistent/x.keytab");
    let damaged = realm.folder().join("ca.pem");
    for builder in [
        Kerberos::keytab("/nonexistent/x.keytab").principal("svc"),
        missing,
        Kerberos::keytab(damaged),
        realm.by_keytab("svc").principal("alice"),
    ] {
        let error = builder.open().unwrap().init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("klist -k"), "{error}");
    }
}

#[tokio::test]
async fn a_kdc_that_says_nothing_is_not_waited_for_beyond_the_limit() {
    let session = Kerberos::password("alice@SILENT.TEST", SecretSource::literal("x"));
    let session = session
        .kdc_timeout(Duration::from_millis(50))
        .open()
        .unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("kdc_timeout"), "{error}");
}

#[tokio::test]
async fn services_that_the_realm_does_not_know() {
    let realm = Realm::shared();
    for (spn, kind, words) in [
        ("HTTP@unknown.example.test", ErrorKind::Config, "`spn`"),
        (
            "HTTP/unknown.example.test@EXAMPLE.TEST",
            ErrorKind::Config,
            "`spn`",
        ),
        ("HTTP@x.down.test", ErrorKind::Config, "`HTTP@x.down.test`"),
    ] {
        let session = realm.by_keytab("svc").spn(spn).open().unwrap();
        session.init().await.unwrap();
        let error = request(&session, "api", "").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(session.status().generation, 1);
    }
}

#[tokio::test]
async fn servers_with_a_stale_keytab_or_none_say_so_after_one_more_try() {
    let realm = Realm::shared();
    for spn in ["HTTP@stale.example.test", "HTTP@nokey.example.test"] {
        let session = realm.by_keytab("svc").spn(spn).open().unwrap();
        session.init().await.unwrap();
        let error = request(&session, "api", "").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(
            error.to_string().contains("keytab is stale or lacks"),
            "{error}"
        );
        assert_eq!(session.status().generation, 2);
    }
}

#[tokio::test]
async fn a_server_for_another_name_refuses() {
    let realm = Realm::shared();
    let session = realm.by_keytab("svc").open().unwrap();
    session.init().await.unwrap();
    let outcome = request(&session, "root", "named/").await;
    match outcome {
        Ok(answer) => assert_eq!(answer.status(), 401),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Denied, "{error}"),
    }
    let session = realm.by_keytab("svc").spn("HTTP@api.example.test");
    let session = session.open().unwrap();
    session.init().await.unwrap();
    assert_eq!(
        crate::realm::user(&session, "root", "named/").await,
        "svc@EXAMPLE.TEST"
    );
}
