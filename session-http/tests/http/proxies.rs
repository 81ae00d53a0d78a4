//! Proxies: what goes through them, and what goes wrong there.

use std::time::Duration;

use session_core::{BasicEnvironment, Error, ErrorKind, Proxy as Way, SecretSource, SessionHandle};
use session_http::{Client, reqwest};

use crate::support::{Conduct, Proxy, Realm, Server, Tokens, block_on, environment, reply};

/// `orders:s3cr3t-proxy`, as RFC 7617 has it.
const CREDENTIALS: &str = "Basic b3JkZXJzOnMzY3IzdC1wcm94eQ==";
const PASSWORD: &str = "s3cr3t-proxy";

fn asks() -> Conduct {
    Conduct::Asks(CREDENTIALS.to_owned())
}

fn way(proxy: &Proxy) -> Way {
    Way::new(&proxy.url()).unwrap()
}

fn with_password(way: Way, password: SecretSource) -> Way {
    way.with_credentials("orders", password).unwrap()
}

/// A server that is known to the proxy alone.
fn behind(realm: &Realm, way: Way) -> BasicEnvironment {
    environment(&realm.proxied_url())
        .ca_file(realm.ca_file())
        .proxy(way)
}

async fn client(environment: BasicEnvironment) -> Client {
    let session = SessionHandle::new(Tokens::new(environment).0);
    session.init().await.unwrap();
    Client::new(&session)
}

async fn request(environment: BasicEnvironment) -> Result<String, Error> {
    client(environment)
        .await
        .get("/")
        .send()
        .await?
        .text()
        .await
}

#[test]
fn what_is_encrypted_goes_through_the_proxy_by_connect() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        assert_eq!(request(behind(&realm, way(&proxy))).await.unwrap(), "ok");
        let target = format!(
            "CONNECT api.test:{} HTTP/1.1\r\n",
            realm.server.address.port()
        );
        let log = proxy.log();
        assert!(log.len() == 1 && log[0].starts_with(&target), "{log:?}");
        let log = log[0].to_lowercase();
        assert!(
            !log.contains("authorization") && !log.contains("s3cr3t"),
            "{log}"
        );
        assert_eq!(
            realm.server.authorizations(),
            [Some("Bearer s3cr3t-1".to_owned())]
        );
        assert_eq!(realm.server.log()[0].header("proxy-authorization"), None);
    });
}

#[test]
fn a_proxy_that_asks_gets_the_credentials_and_the_server_does_not() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, asks());
        let way = with_password(way(&proxy), SecretSource::literal(PASSWORD));
        assert_eq!(request(behind(&realm, way)).await.unwrap(), "ok");
        assert_eq!(proxy.log().len(), 1);
        assert_eq!(realm.server.log()[0].header("proxy-authorization"), None);
    });
}

#[cfg(feature = "websocket")]
#[test]
fn the_handshake_of_a_websocket_goes_through_it_as_requests_do() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, asks());
        let connect = async |password| {
            let way = with_password(way(&proxy), SecretSource::literal(password));
            let client = client(behind(&realm, way)).await;
            client.websocket("/feed").connect().await.unwrap_err()
        };
        let error = connect(PASSWORD).await;
        assert_eq!(error.kind(), ErrorKind::Protocol, "a server that has none");
        let [handshake] = realm.server.log().try_into().unwrap();
        let host = format!("api.test:{}", realm.server.address.port());
        assert_eq!(handshake.target, "/feed");
        assert_eq!(handshake.header("host"), Some(&*host));
        assert_eq!(handshake.header("upgrade"), Some("websocket"));
        assert_eq!(handshake.header("accept"), None);
        assert_eq!(handshake.header("proxy-authorization"), None);

        let error = connect("s3cr3t-wrong").await;
        assert_eq!(error.kind(), ErrorKind::Denied);
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("the proxy") && !text.contains("s3cr3t"),
            "{text}"
        );
        assert_eq!(realm.server.log().len(), 1);
    });
}

#[test]
fn a_proxy_itself_may_speak_tls() {
    block_on(async {
        let (realm, other) = (Realm::agreeable(), Realm::agreeable());
        let proxy = Proxy::start_tls(realm.acceptor(), realm.server.address, asks());
        let url = format!("https://localhost:{}", proxy.address.port());
        let way = with_password(Way::new(&url).unwrap(), SecretSource::literal(PASSWORD));
        assert_eq!(request(behind(&realm, way.clone())).await.unwrap(), "ok");

        let environment = environment(&realm.proxied_url())
            .ca_file(other.ca_file())
            .proxy(way);
        let error = request(environment).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let name = format!("the proxy `localhost:{}`", proxy.address.port());
        assert!(
            error.to_string().contains(&name) && error.to_string().contains("ca_file"),
            "{error}"
        );
    });
}

#[test]
fn a_proxy_that_refuses_is_told_from_a_server_that_does() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, asks());
        let name = format!("the proxy `{}`", proxy.address);
        let wrong = with_password(way(&proxy), SecretSource::literal("s3cr3t-wrong"));
        for (way, problem) in [
            (way(&proxy), "wants credentials (407)"),
            (wrong, "does not take these credentials (407)"),
        ] {
            let error = request(behind(&realm, way)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied);
            let text = format!("{error} {error:?}");
            assert!(text.contains(&name) && text.contains(problem), "{text}");
            assert!(
                !text.contains("s3cr3t") && !text.contains("orders"),
                "{text}"
            );
        }
        assert!(realm.server.log().is_empty());
    });
}

#[test]
fn a_password_that_was_refused_is_looked_up_anew() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, asks());
        let file = realm.folder.path().join("password");
        std::fs::write(&file, "s3cr3t-old").unwrap();
        let way = with_password(way(&proxy), SecretSource::file(&file));
        let client = client(behind(&realm, way)).await;
        let error = client.get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        std::fs::write(&file, PASSWORD).unwrap();
        assert_eq!(client.get("/").send().await.unwrap().status(), 200);
        // From now on there is no need to.
        std::fs::remove_file(&file).unwrap();
        assert_eq!(client.get("/").send().await.unwrap().status(), 200);
        assert_eq!(proxy.log().len(), 2);
    });
}

#[test]
fn a_password_that_was_refused_is_not_tried_again_at_once() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, asks());
        let wrong = with_password(way(&proxy), SecretSource::literal("s3cr3t-wrong"));
        let client = client(behind(&realm, wrong)).await;
        // Time stands still but when it is moved: also while the proxy is waited for, as long as that thread is busy.
        tokio::time::pause();
        let (over, until_over) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || until_over.recv());
        let refused = async || {
            let error = client.get("/").send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied);
            error.to_string()
        };
        let first = refused().await;
        for _ in 0..5 {
            assert_eq!(refused().await, first);
        }
        assert_eq!(proxy.log().len(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(refused().await, first);
        assert_eq!(proxy.log().len(), 2);
        drop(over);
    });
}

#[test]
fn the_password_and_the_authorities_are_looked_up_once_for_all_connections() {
    let realm = Realm::agreeable();
    let proxy = Proxy::start(realm.server.address, asks());
    let file = realm.folder.path().join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let way = with_password(way(&proxy), SecretSource::file(&file));
    let session = SessionHandle::new(Tokens::new(behind(&realm, way)).0);
    block_on(session.init()).unwrap();
    let client = Client::new(&session);
    let get = || block_on(client.get("/").send()).map(|answer| answer.status());
    assert_eq!(get().unwrap(), 200);
    for path in [&file, &realm.ca_file()] {
        std::fs::rename(path, path.with_extension("away")).unwrap();
    }
    // Each with connections of its own, for each has its own runtime.
    assert_eq!(
        (get().unwrap().as_u16(), get().unwrap().as_u16()),
        (200, 200)
    );
    assert_eq!(proxy.log().len(), 3);
    block_on(session.close()).unwrap();
    block_on(session.init()).unwrap();
    for path in [&realm.ca_file(), &file] {
        let error = get().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        std::fs::rename(path.with_extension("away"), path).unwrap();
    }
    assert_eq!(get().unwrap(), 200);
}

#[cfg(unix)]
#[test]
fn a_password_that_is_looked_up_for_too_long_is_to_blame() {
    for pins in [false, true] {
        block_on(async {
            let realm = Realm::agreeable();
            let proxy = Proxy::start(realm.server.address, asks());
            let slow = SecretSource::command(["sleep", "20"]);
            let environment = behind(&realm, with_password(way(&proxy), slow));
            let session = crate::pinned::session(environment, pins).await;
            // What comes next on the clock is the time limit: nothing else of this runtime is under way.
            tokio::time::pause();
            let request = Client::new(&session)
                .get("/")
                .timeout(Duration::from_secs(1));
            let error = request.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(error.to_string().contains("the password"), "{error}");
            assert!(proxy.log().is_empty());
        });
    }
}

#[test]
fn a_password_that_is_not_there_says_so() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, asks());
        let absent = realm.folder.path().join("absent");
        let way = with_password(way(&proxy), SecretSource::file(&absent));
        let error = request(behind(&realm, way)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.to_string().contains(absent.to_str().unwrap()),
            "{error}"
        );
        assert!(proxy.log().is_empty());
    });
}

#[test]
fn a_proxy_that_is_down_is_named_in_place_of_the_server() {
    block_on(async {
        let realm = Realm::agreeable();
        // Taken, and not listened to.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let way = Way::new(&format!("http://{address}")).unwrap();
        let error = request(behind(&realm, way)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("the proxy `{address}`")), "{text}");
        assert!(!text.contains("api.test"), "{text}");
    });
}

#[test]
fn a_proxy_that_makes_no_tunnel_is_named_with_the_server() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        for (answer, problem) in [
            ("HTTP/1.1 403 No\r\n\r\n", "does not connect to `api.test`"),
            (
                "HTTP/1.1 502 s3cr3t-echo\r\n\r\n",
                "does not connect to `api.test`",
            ),
            ("no HTTP\r\n\r\n", "does not connect to `api.test`"),
            ("", "broke the connection off"),
        ] {
            proxy.set(Conduct::Says(answer));
            let error = request(behind(&realm, way(&proxy))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            let text = format!("{error} {error:?}");
            assert!(
                text.contains(&proxy.address.to_string()) && text.contains(problem),
                "{text}"
            );
            assert!(!text.contains("s3cr3t"), "{text}");
        }
    });
}

#[test]
fn a_server_behind_a_proxy_is_trusted_no_more_than_another() {
    block_on(async {
        let (realm, other) = (Realm::agreeable(), Realm::agreeable());
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        let environment = behind(&realm, way(&proxy)).ca_file(other.ca_file());
        let error = request(environment).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(
            text.contains("cannot connect to `api.test`") && text.contains("ca_file"),
            "{text}"
        );
    });
}

#[test]
fn hosts_to_bypass_it_for_this_machine_and_plain_http_are_reached_directly() {
    block_on(async {
        let (realm, plain) = (Realm::agreeable(), Server::agreeable());
        let proxy = Proxy::start(
            realm.server.address,
            Conduct::Says("HTTP/1.1 403 No\r\n\r\n"),
        );
        for api in [realm.url(), plain.url()] {
            let environment = environment(&api)
                .ca_file(realm.ca_file())
                .proxy(way(&proxy));
            assert_eq!(request(environment).await.unwrap(), "ok");
        }
        // There is no such host; but it is not the proxy that says so.
        let way = way(&proxy).with_bypass(["api.test"]).unwrap();
        let error = request(behind(&realm, way)).await.unwrap_err();
        assert!(
            error.to_string().contains("cannot connect to `api.test`"),
            "{error}"
        );
        assert!(proxy.log().is_empty());
    });
}

#[test]
fn the_environments_proxy_counts_and_not_that_of_the_callers_builder() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        let other = Proxy::start(realm.server.address, Conduct::Open);
        let session = SessionHandle::new(Tokens::new(behind(&realm, way(&proxy))).0);
        session.init().await.unwrap();
        let address = other.url();
        let client = Client::builder()
            .session(&session)
            .reqwest(move || {
                reqwest::Client::builder().proxy(reqwest::Proxy::all(&address).unwrap())
            })
            .build();
        assert_eq!(client.get("/").send().await.unwrap().status(), 200);
        assert_eq!((proxy.log().len(), other.log().len()), (1, 0));
    });
}

#[test]
fn a_stranger_is_reached_through_the_proxy_too() {
    block_on(async {
        let realm = Realm::agreeable();
        let proxy = Proxy::start(realm.server.address, Conduct::Open);
        let url = realm.proxied_url();
        let server = Server::start(move |_| {
            let answer = reply(302, &[("location", &url)], "");
            async { answer }
        });
        let environment = environment(&server.url())
            .ca_file(realm.ca_file())
            .proxy(way(&proxy));
        assert_eq!(request(environment).await.unwrap(), "ok");
        assert_eq!(
            (proxy.log().len(), realm.server.authorizations()),
            (1, vec![None])
        );
    });
}

#[test]
fn a_login_of_the_session_that_the_proxy_refuses_is_renewed_once() {
    block_on(async {
        let realm = Realm::agreeable();
        let second = Conduct::Asks("Bearer s3cr3t-2".to_owned());
        let proxy = Proxy::start(realm.server.address, second);
        let way = way(&proxy).with_session_login();
        let (tokens, calls) = Tokens::new(behind(&realm, way.clone()));
        let session = SessionHandle::new(tokens);
        session.init().await.unwrap();
        let client = Client::new(&session);
        let answer = client.post("/").body("some").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "ok");
        assert_eq!(calls.made(), ["init", "renew"]);
        assert_eq!(proxy.log().len(), 2);

        // Whom it does not take, with either, is told so.
        proxy.set(Conduct::Asks("Bearer s3cr3t-0".to_owned()));
        let (tokens, calls) = Tokens::new(behind(&realm, way));
        let session = SessionHandle::new(tokens);
        session.init().await.unwrap();
        let error = Client::new(&session).get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.to_string().contains("who the session is"), "{error}");
        assert_eq!(calls.made(), ["init", "renew"]);
        assert_eq!(proxy.log().len(), 4);
    });
}
