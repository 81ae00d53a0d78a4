//! A domain of Active Directory.

use std::sync::OnceLock;

use session_core::{BasicEnvironment, ErrorKind, SecretSource, SessionHandle};
use session_kerberos::{ChannelBindings, Delegation, Kerberos, KerberosBuilder};

use crate::realm::{Realm, request, user};

/// What the server is called, which has no host of the domain.
const SERVER: &str = "HTTP/localhost@AD.TEST";

fn domain() -> &'static Realm {
    static DOMAIN: OnceLock<Realm> = OnceLock::new();
    DOMAIN.get_or_init(Realm::active_directory)
}

fn environment() -> BasicEnvironment {
    let at = |pointer, path| format!("{}/{path}", domain().text(pointer));
    BasicEnvironment::new("domain")
        .service("api", &at("/https", "api/"))
        .and_then(|it| it.service("root", &at("/https", "")))
        .and_then(|it| it.service("bound", &at("/bound", "")))
        .unwrap()
        .ca_file(domain().text("/ca_pem"))
}

fn by_password(account: &str) -> KerberosBuilder {
    let password = SecretSource::literal(domain().text(&format!("/passwords/{account}")));
    Kerberos::password(format!("{account}@AD.TEST"), password)
}

fn by_keytab(account: &str) -> KerberosBuilder {
    Kerberos::keytab(domain().text(&format!("/keytabs/{account}")))
}

async fn opened(builder: KerberosBuilder) -> SessionHandle {
    let session = builder.environment(environment()).open().unwrap();
    session.init().await.unwrap();
    session
}

#[tokio::test]
async fn its_accounts_authenticate_by_password_and_by_keytab() {
    for builder in [by_password("alice"), by_keytab("alice")] {
        let session = opened(builder.spn(SERVER)).await;
        for service in ["api", "bound"] {
            assert_eq!(user(&session, service, "").await, "alice@AD.TEST");
        }
    }
    // A service is an account too, and nobody but itself.
    let session = opened(by_keytab("web").principal("web@AD.TEST").spn(SERVER)).await;
    assert_eq!(user(&session, "api", "").await, "web@AD.TEST");
    assert_eq!(domain().profile().init().await.ok(), Some(()));
}

#[tokio::test]
async fn its_servers_may_insist_on_channel_bindings() {
    let unbound = by_password("bob").channel_bindings(ChannelBindings::Off);
    let session = opened(unbound.spn(SERVER)).await;
    let answer = request(&session, "bound", "").await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn whom_the_domain_trusts_gets_what_is_delegated() {
    let delegated = |name: &str| {
        let files = std::fs::read_dir(domain().folder().join("delegated")).unwrap();
        files
            .filter_map(Result::ok)
            .any(|file| file.file_name().to_string_lossy().contains(name))
    };
    let policy = |account| by_password(account).delegation(Delegation::Policy);
    let untrusted = opened(policy("bob").spn(SERVER)).await;
    let found = user(&untrusted, "root", "delegated/").await;
    assert_eq!((found.as_str(), delegated("bob")), ("bob@AD.TEST", false));
    let trusted = opened(policy("alice").spn("HTTP@trusted.ad.test")).await;
    let found = user(&trusted, "root", "delegated/").await;
    assert_eq!(
        (found.as_str(), delegated("alice")),
        ("alice@AD.TEST", true)
    );
}

#[tokio::test]
async fn what_it_refuses_is_told_as_any_realm_does() {
    let wrong = SecretSource::literal("not the password");
    for (account, kind, words) in [
        ("bob@AD.TEST", ErrorKind::Denied, "the password is wrong"),
        (
            "nobody@AD.TEST",
            ErrorKind::Denied,
            "does not know this principal",
        ),
    ] {
        let session = Kerberos::password(account, wrong.clone()).open().unwrap();
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let session = opened(by_keytab("alice").spn("HTTP/nowhere@AD.TEST")).await;
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("`spn`"), "{error}");
}
