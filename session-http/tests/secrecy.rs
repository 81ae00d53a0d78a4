//! What is logged, shown and reported, while servers echo what they were sent. In a program of its
//! own, because the logger is the process's.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::{
    cell::RefCell,
    fmt::Debug,
    io::{self, Write},
};

use session_core::{BasicEnvironment, ErrorKind, SecretSource, SessionHandle};
use session_http::{Client, reqwest};
use session_mock::Search;
use support::{Conduct, Proxy, Realm, Received, Reply, Server, Terms, Tokens, environment, reply};
use tracing_subscriber::filter::LevelFilter;

thread_local! {
    /// What this thread has logged. Servers run on others, and may log what they like.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Recorder;

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Recorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(Recorder, "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

/// What `work` logs, at every level and by either facade.
fn logged(work: impl AsyncFnOnce(&tokio::runtime::Handle)) -> String {
    log::set_max_level(log::LevelFilter::Trace);
    let _ = log::set_logger(&Recorder);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(|| Recorder)
        .finish();
    LOGGED.take();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = support::runtime();
        runtime.block_on(work(runtime.handle()));
    });
    String::from_utf8(LOGGED.take()).unwrap()
}

/// For all that the backend and the callers have.
fn search() -> Search {
    Search::new(["s3cr3t-1", "s3cr3t-2", "s3cr3t-csrf-1", "s3cr3t-own"])
}

#[track_caller]
fn assert_silent(text: &str) {
    search().assert_silent(text);
}

fn assert_unseen(thing: &impl Debug) {
    assert_silent(&format!("{thing:?} {thing:#?}"));
}

/// Sends everything back that it got, in every place there is.
async fn echo(request: Received) -> Reply {
    let token = request.authorization().unwrap_or_default().to_owned();
    let challenge = format!("Bearer realm=\"{token}\", Negotiate s3cr3t-1");
    let location = format!("ftp://{}/?token={token}", token.replace(' ', "."));
    let headers = [
        ("www-authenticate", &*challenge),
        ("location", &location),
        ("retry-after", &token),
        ("set-cookie", &token),
        ("x-echo", &token),
    ];
    reply(
        request.target[1..4].parse().unwrap(),
        &headers,
        token.clone(),
    )
}

async fn session(environment: BasicEnvironment, runtime: &tokio::runtime::Handle) -> SessionHandle {
    let (tokens, _) = Tokens::new(environment);
    // Authenticates on this thread, so that what it logs is seen.
    let session = SessionHandle::builder(tokens)
        .executor(runtime.clone())
        .build();
    session.init().await.unwrap();
    session
}

#[test]
fn echoed_secrets_are_neither_logged_nor_shown() {
    for http2 in [false, true] {
        let server = Server::start(echo);
        let log = conversation(environment(&server.url()), http2);
        assert!(server.log().len() >= 8);
        assert_eq!(log.contains("h2::"), http2);
        assert_unlogged(&log);
    }
}

#[test]
fn they_are_not_over_tls_either() {
    let realm = Realm::start(echo);
    let environment = environment(&realm.url()).ca_file(realm.ca_file());
    // Which version it is, is agreed on.
    let log = conversation(environment, false);
    assert!(realm.server.log().len() >= 8);
    assert!(log.contains("h2::"), "{log}");
    assert_unlogged(&log);
}

/// Also while the proxy refuses them, and says them back.
#[test]
fn credentials_of_a_proxy_and_keys_of_a_client_are_neither_logged_nor_shown() {
    let realm = Realm::on(
        Terms {
            asks_for_certificate: true,
            ..Terms::default()
        },
        echo,
    );
    let (certificate, key) = realm.client();
    let pem = std::fs::read_to_string(&key).unwrap();
    let search = Search::new([
        "s3cr3t-proxy",
        "orders:s3cr3t-proxy",
        "s3cr3t-1",
        pem.lines().nth(1).unwrap(),
    ]);
    let proxy = Proxy::start(
        realm.server.address,
        Conduct::Asks("Basic b3JkZXJzOnMzY3IzdC1wcm94eQ==".to_owned()),
    );
    let log = logged(async |runtime| {
        let way = session_core::Proxy::new(&proxy.url())
            .and_then(|way| way.with_credentials("orders", SecretSource::literal("s3cr3t-proxy")))
            .unwrap();
        let environment = environment(&realm.proxied_url())
            .ca_file(realm.ca_file())
            .client_certificate(&certificate, Some(&key))
            .http1_only(true)
            .proxy(way);
        search.assert_silent(&format!("{environment:?} {environment:#?}"));
        let session = session(environment, runtime).await;
        let client = Client::new(&session);
        assert_eq!(client.get("/200").send().await.unwrap().status(), 200);
        session.close().await.unwrap();
        session.init().await.unwrap();
        for answer in [
            "HTTP/1.1 502 s3cr3t-proxy\r\nx-echo: s3cr3t-proxy\r\n\r\n",
            "s3cr3t-proxy\r\n\r\n",
            // The last: what was refused is not tried again at once.
            "HTTP/1.1 407 Basic b3JkZXJzOnMzY3IzdC1wcm94eQ==\r\nproxy-authenticate: Basic realm=\"s3cr3t-proxy\"\r\n\r\n",
        ] {
            proxy.set(Conduct::Says(answer));
            let error = client.get("/200").send().await.unwrap_err();
            search.assert_silent(&Search::texts(&error));
            search.assert_silent(&format!("{error:?} {client:?}"));
        }
    });
    assert_eq!((proxy.log().len(), realm.server.log().len()), (4, 1));
    assert!(log.contains("tunneling HTTPS over proxy"), "{log}");
    search.assert_silent(&log);
}

/// What is logged while secrets come back in every way.
fn conversation(environment: BasicEnvironment, http2: bool) -> String {
    logged(async |runtime| {
        let session = session(environment, runtime).await;
        let client = Client::builder()
            .session(&session)
            .reqwest(move || {
                let builder = reqwest::Client::builder().connection_verbose(true);
                if http2 {
                    builder.http2_prior_knowledge()
                } else {
                    builder
                }
            })
            .build();
        talk(&client).await;
        session.close().await.unwrap();
    })
}

async fn talk(client: &Client) {
    assert_unseen(client);
    for status in [200, 302, 401, 403, 404, 429, 500] {
        let request = client
            .post(&format!("/{status}"))
            .query([("q", "s3cr3t-own")])
            .header("cookie", "id=s3cr3t-own")
            .header("authorization", "Basic s3cr3t-own")
            .body("s3cr3t-own");
        assert_unseen(&request);
        match request.send().await {
            Err(error) => {
                assert_eq!(status, 302);
                assert_silent(&Search::texts(&error));
            }
            Ok(answer) if status == 200 => {
                assert_unseen(&answer);
                let error = answer.json::<u32>().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Protocol);
                assert_silent(&Search::texts(&error));
            }
            Ok(answer) => {
                assert_unseen(&answer);
                let error = answer.error_for_status().unwrap_err();
                assert_silent(&Search::texts(&error));
            }
        }
    }
}

#[track_caller]
fn assert_unlogged(log: &str) {
    assert!(log.contains("hyper") && log.contains("reqwest"), "{log}");
    // The paths that HTTP/2 logs are the caller's; what belongs to the session is nowhere.
    assert_silent(&log.replace("q=s3cr3t-own", ""));
}

/// The library that speaks the protocol would log the handshake, if it made it.
#[cfg(feature = "websocket")]
#[test]
fn the_handshake_of_a_websocket_is_not_logged() {
    use session_http::websocket::Message;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut socket = tokio_tungstenite::tungstenite::accept(stream).unwrap();
        socket.send(Message::text("hello")).unwrap();
    });
    let log = logged(async |runtime| {
        let session = session(environment(&address), runtime).await;
        let socket = Client::new(&session)
            .websocket("/feed")
            .header("cookie", "id=s3cr3t-own");
        assert_unseen(&socket);
        let mut socket = socket.connect().await.unwrap();
        assert_unseen(&socket);
        assert_eq!(
            socket.receive().await.unwrap(),
            Some(Message::text("hello"))
        );
        let error = socket.receive().await.unwrap_err();
        assert_silent(&Search::texts(&error));
    });
    server.join().unwrap();
    assert!(log.contains("tungstenite"), "{log}");
    assert_unlogged(&log);
    // One that fails tells no more.
    let server = Server::start(echo);
    let log = logged(async |runtime| {
        let session = session(environment(&server.url()), runtime).await;
        for path in ["/200", "/401", "/500"] {
            let error = Client::new(&session).websocket(path).connect().await;
            assert_silent(&Search::texts(&error.unwrap_err()));
        }
    });
    assert_unlogged(&log);
}

#[test]
fn a_leak_would_be_found() {
    let server = Server::agreeable();
    let log = logged(async |_| {
        let client = reqwest::Client::builder()
            .connection_verbose(true)
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap();
        let request = client.get(server.url()).header("authorization", "s3cr3t-1");
        request.send().await.unwrap();
        tracing::trace!(token = ?b"s3cr3t-2", base64 = "czNjcjN0LTE=");
    });
    let leaks = search().leaks(&log);
    let found: Vec<_> = leaks
        .iter()
        .map(|leak| (leak.secret(), leak.spelling()))
        .collect();
    assert_eq!(
        found,
        [(0, "as it is"), (0, "base64"), (1, "decimal bytes")]
    );
}
