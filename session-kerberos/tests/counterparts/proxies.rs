//! A proxy that wants to know who asks.

use std::process::Command;

use session_core::{BasicEnvironment, ErrorKind, Proxy, SecretSource, SessionHandle, Transport};
use session_http::{Client, Connections};
use session_kerberos::KerberosBuilder;

use crate::realm::Realm;

/// The server's name is of its host, which has another by the proxy.
const SERVER: (&str, &str) = ("0.0.0.0", "HTTP@localhost");

fn proxy() -> Proxy {
    Proxy::new(Realm::shared().text("/proxy")).unwrap()
}

fn environment(proxy: Proxy) -> BasicEnvironment {
    let realm = Realm::shared();
    BasicEnvironment::new("proxied")
        .service("api", realm.text("/proxied"))
        .unwrap()
        .ca_file(realm.text("/ca_pem"))
        .proxy(proxy)
}

async fn opened(builder: KerberosBuilder, proxy: Proxy) -> SessionHandle {
    let builder = builder.environment(environment(proxy));
    let session = builder.spn_of(SERVER.0, SERVER.1).open().unwrap();
    session.init().await.unwrap();
    session
}

/// How often the proxy has answered so to this user.
fn answered(status: u16, user: &str) -> usize {
    let log = std::fs::read_to_string(Realm::shared().folder().join("proxy.log")).unwrap();
    let start = format!("{status} {user} CONNECT ");
    log.lines().filter(|line| line.starts_with(&start)).count()
}

#[tokio::test]
async fn it_is_told_who_the_session_is_once_for_each_connection() {
    let before = answered(200, "alice@EXAMPLE.TEST");
    let builder = Realm::shared().by_password("alice");
    let session = opened(builder, proxy().with_session_login()).await;
    let client = Client::new(&session);
    let user = |client: Client| async move {
        let answer = client.get("").send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    };
    for _ in 0..3 {
        assert!(user(client.clone()).await.contains("alice@EXAMPLE.TEST"));
    }
    let at_once = (0..4).map(|_| tokio::spawn(user(client.clone())));
    for request in at_once.collect::<Vec<_>>() {
        assert!(request.await.unwrap().contains("alice@EXAMPLE.TEST"));
    }
    session.close().await.unwrap();
    // A tunnel is in the log once it has ended; more than these there cannot be.
    assert!(answered(200, "alice@EXAMPLE.TEST") - before <= 4);
}

#[tokio::test]
async fn whom_it_does_not_let_through_is_denied_and_so_is_who_says_nothing() {
    let realm = Realm::shared();
    let bob = opened(realm.by_password("bob"), proxy().with_session_login()).await;
    let silent = opened(realm.by_keytab("svc"), proxy()).await;
    let password = SecretSource::literal("x");
    let basic = proxy().with_credentials("svc", password).unwrap();
    let basic = opened(realm.by_keytab("svc"), basic).await;
    for (session, words) in [
        (bob, "does not take who the session is"),
        (silent, "`session_login`"),
        (basic, "does not take these credentials"),
    ] {
        let error = Client::new(&session).get("").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        // Tickets that were got anew may do; a password, or nothing, is no ticket's fault.
        let is_by_ticket = words.contains("who the session is");
        assert_eq!(session.status().generation, 1 + u64::from(is_by_ticket));
    }
}

#[tokio::test]
async fn after_it_was_given_new_keys_it_is_told_by_a_new_ticket() {
    const PROXY: &str = "HTTP/movingproxy.example.test";
    let realm = Realm::shared();
    let cache = realm.kinit("alice");
    let kvno = Command::new("kvno")
        .args(["-q", "-c", &cache.name, PROXY])
        .status();
    assert!(kvno.unwrap().success());
    realm.give_new_keys(PROXY, &realm.folder().join("http.keytab"));
    let builder = realm.by_cache(&cache.name).spn_of("localhost", PROXY);
    let session = opened(builder, proxy().with_session_login()).await;
    let answer = Client::new(&session).get("").send().await.unwrap();
    let text = answer.error_for_status().unwrap().text().await.unwrap();
    assert!(text.contains("alice@EXAMPLE.TEST"), "{text}");
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn requests_that_are_not_the_sessions_cannot_log_in_as_it() {
    let environment = environment(proxy().with_session_login());
    let transport: &Transport = session_core::Environment::transport(&environment);
    let url = Realm::shared().text("/proxied").parse().unwrap();
    let error = Connections::new(transport).client(&url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("not its own"), "{error}");
}

#[tokio::test]
async fn a_scheme_that_cannot_log_in_says_so() {
    let environment = environment(proxy().with_session_login());
    let mock = session_mock::MockSession::bearer("t").in_environment(environment);
    let session = mock.handle();
    session.init().await.unwrap();
    let error = Client::new(&session).get("").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("`mock`"), "{error}");
}
