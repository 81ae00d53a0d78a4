//! A realm that is reached by https, through a KDC proxy (MS-KKDCP).

use session_core::{ErrorKind, SecretSource};
use session_kerberos::{Kerberos, KerberosBuilder};

use crate::realm::{Realm, user};

/// What the realm tells of the one that is far away.
fn distant(what: &str) -> &'static str {
    Realm::shared().text(&format!("/distant/{what}"))
}

fn by_password() -> KerberosBuilder {
    let password = SecretSource::literal(distant("password"));
    Kerberos::password(distant("principal"), password)
}

#[tokio::test]
async fn tickets_and_tokens_come_through_the_proxy() {
    let by_keytab = Kerberos::keytab(distant("keytab")).principal(distant("principal"));
    for builder in [by_password(), by_keytab] {
        let builder = builder.environment(Realm::shared().environment());
        let session = builder.spn(distant("spn")).open().unwrap();
        session.init().await.unwrap();
        assert_eq!(user(&session, "api", "").await, "svc@DISTANT.TEST");
    }
}

#[tokio::test]
async fn what_the_kdc_refuses_it_refuses_through_the_proxy_too() {
    let wrong = SecretSource::literal("not the password");
    let session = Kerberos::password(distant("principal"), wrong).open();
    let error = session.unwrap().init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(
        error.to_string().contains("the password is wrong"),
        "{error}"
    );
}

#[tokio::test]
async fn a_proxy_that_is_down_not_trusted_or_knows_no_kdc_is_a_realm_that_does_not_answer() {
    for realm in ["PROXYDOWN.TEST", "UNTRUSTED.TEST", "UNPROXIED.TEST"] {
        let password = SecretSource::literal("x");
        let session = Kerberos::password(format!("svc@{realm}"), password).open();
        let error = session.unwrap().init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{realm}: {error}");
        assert!(error.to_string().contains("http_anchors"), "{error}");
    }
}
