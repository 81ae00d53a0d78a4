//! Servers that are looked at without any credential.

use session_core::{BasicEnvironment, Environment, ErrorKind, Finding, Health, Proxy as Way};
use session_http::Connections;
use url::Url;

use crate::support::{Conduct, Proxy, Realm, Server, block_on, reply};

async fn examined(environment: &BasicEnvironment, url: &str) -> Vec<Finding> {
    let connections = Connections::new(environment.transport());
    let url = Url::parse(url).unwrap();
    connections.examine("api", &url).await
}

/// The detail of the first finding, which is good.
#[track_caller]
fn good(found: &[Finding]) -> &str {
    assert_eq!(
        (found[0].what(), found[0].health()),
        ("api", Health::Ok),
        "{found:?}"
    );
    found[0].detail()
}

#[test]
fn as_little_is_asked_as_can_be() {
    block_on(async {
        let server = Server::agreeable();
        let url = format!(
            "{}/secret/path?key=hunter2",
            server.url().trim_end_matches('/')
        );
        let found = examined(&BasicEnvironment::new("t"), &url).await;
        let origin = server.url();
        let origin = origin.trim_end_matches('/');
        assert_eq!(good(&found), format!("{origin} answers (HTTP/1.1)"));
        let [request] = server.log().try_into().unwrap();
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("HEAD", "/")
        );
        assert_eq!(request.authorization(), None);
    });
}

#[test]
fn whatever_the_answer_is_there_is_one() {
    block_on(async {
        let server = Server::start(|_| async { reply(503, &[], "") });
        let found = examined(&BasicEnvironment::new("t"), &server.url()).await;
        assert!(good(&found).contains("answers"), "{found:?}");
    });
}

#[test]
fn a_clock_that_is_told_is_compared() {
    block_on(async {
        let past = "Sun, 06 Nov 1994 08:49:37 GMT";
        let server = Server::start(move |_| async move { reply(200, &[("date", past)], "") });
        let found = examined(&BasicEnvironment::new("t"), &server.url()).await;
        let [_, clock] = &found[..] else {
            panic!("two findings: {found:?}");
        };
        assert_eq!(
            (clock.what(), clock.health()),
            ("clock of api", Health::Warning)
        );
    });
}

#[test]
fn a_certificate_is_trusted_or_not() {
    block_on(async {
        let (realm, other) = (Realm::agreeable(), Realm::agreeable());
        let trusting = BasicEnvironment::new("t").ca_file(realm.ca_file());
        let websocket = realm.url().replace("https", "wss");
        for url in [realm.url(), websocket] {
            let found = examined(&trusting, &url).await;
            assert!(
                good(&found).ends_with("its certificate is trusted"),
                "{found:?}"
            );
            assert!(good(&found).starts_with("https://"), "{found:?}");
        }
        let doubting = BasicEnvironment::new("t").ca_file(other.ca_file());
        let found = examined(&doubting, &realm.url()).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind(), Some(ErrorKind::Config), "{found:?}");
        assert!(found[0].detail().contains("ca_file"), "{found:?}");
    });
}

#[test]
fn the_way_by_a_proxy_is_told() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        let environment = BasicEnvironment::new("t")
            .ca_file(realm.ca_file())
            .proxy(Way::new(&proxy.url()).unwrap());
        let found = examined(&environment, &realm.proxied_url()).await;
        assert!(
            good(&found).contains("by way of the proxy `127.0.0.1`"),
            "{found:?}"
        );
    });
}

#[test]
fn behind_a_proxy_to_which_the_session_logs_in_nothing_is_asked() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        let environment = BasicEnvironment::new("t")
            .ca_file(realm.ca_file())
            .proxy(Way::new(&proxy.url()).unwrap().with_session_login());
        let found = examined(&environment, &realm.proxied_url()).await;
        assert!(good(&found).contains("the session logs in"), "{found:?}");
        assert!(proxy.log().is_empty());
    });
}
