//! Connections: which are kept, for whom, and until when.

use std::sync::Arc;

use session_core::{Carrier, SessionHandle, Transport};
use session_http::{Client, Connections, reqwest};
use tokio::sync::Notify;

use crate::support::{Server, Tokens, block_on, environment, open, reply, runtime};

fn pools(connections: &Connections) -> String {
    let shown = format!("{connections:?}");
    let (_, pools) = shown.split_once("pools: ").unwrap();
    let digits = pools.chars().take_while(char::is_ascii_digit);
    format!("pools: {}", digits.collect::<String>())
}

#[test]
fn two_current_thread_runtimes_share_a_client() {
    let server = Server::agreeable();
    let (session, _) = block_on(open(&server.url()));
    let client = Client::new(&session);
    let (one, two) = (runtime(), runtime());
    let request = || async { client.get("/").send().await?.text().await };
    // While one of them rests, so do its connections: the other must not use them.
    for _ in 0..3 {
        assert_eq!(one.block_on(request()).unwrap(), "ok");
        assert_eq!(two.block_on(request()).unwrap(), "ok");
    }
    assert_eq!(server.accepted(), 2);
    assert_eq!(session.status().generation, 1);
}

#[test]
fn pools_of_runtimes_that_ended_are_dropped() {
    let connections = Connections::new(Transport::DEFAULT);
    let url = "http://localhost/".parse().unwrap();
    for _ in 0..3 {
        block_on(async { connections.client(&url).await.map(drop) }).unwrap();
    }
    assert_eq!(pools(&connections), "pools: 1");
}

#[test]
fn pools_are_kept_for_so_many_runtimes_and_no_more() {
    let connections = Connections::new(Transport::DEFAULT);
    let url = "http://localhost/".parse().unwrap();
    let runtimes: Vec<_> = (0..Connections::MOST_POOLS + 3)
        .map(|_| runtime())
        .collect();
    for runtime in &runtimes {
        runtime
            .block_on(async { connections.client(&url).await.map(drop) })
            .unwrap();
    }
    assert_eq!(
        pools(&connections),
        format!("pools: {}", Connections::MOST_POOLS)
    );
}

#[test]
fn a_client_outside_of_a_runtime_is_an_error() {
    let connections = Connections::new(Transport::DEFAULT);
    let url = "http://localhost/".parse().unwrap();
    let error = futures_util::FutureExt::now_or_never(connections.client(&url));
    let error = error.unwrap().unwrap_err();
    assert_eq!(error.kind(), session_core::ErrorKind::Config);
}

#[test]
fn closing_the_session_closes_its_connections() {
    block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&server.url()).await;
        for client in [Client::new(&session), Client::current()] {
            session.init().await.unwrap();
            let answer = session.scope(client.get("/").send()).await.unwrap();
            answer.bytes().await.unwrap();
            server.until_open(1).await;
            session.close().await.unwrap();
            server.until_open(0).await;
        }
    });
}

#[test]
fn connections_are_reused_until_dropped() {
    block_on(async {
        let server = Server::agreeable();
        let connections = Connections::new(Transport::DEFAULT);
        let url: url::Url = server.url().parse().unwrap();
        for _ in 0..3 {
            let client = connections.client(&url).await.unwrap();
            let answer = client.get(url.clone()).send().await.unwrap();
            answer.bytes().await.unwrap();
        }
        assert_eq!(server.accepted(), 1);
        connections.disconnect();
        server.until_open(0).await;
    });
}

#[test]
fn a_builder_of_ones_own_is_used_but_follows_no_redirect() {
    block_on(async {
        let elsewhere = Server::agreeable();
        let url = elsewhere.url();
        let server = Server::start(move |request| {
            let answer = match &*request.target {
                "/away" => reply(307, &[("location", &url)], ""),
                _ => reply(200, &[], ""),
            };
            async { answer }
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::builder()
            .session(&session)
            .reqwest(|| {
                let own = [(
                    http::HeaderName::from_static("x-own"),
                    "s3cr3t".parse().unwrap(),
                )];
                reqwest::Client::builder()
                    .user_agent("orders/1.0")
                    .default_headers(own.into_iter().collect())
                    .redirect(reqwest::redirect::Policy::limited(5))
            })
            .build();
        client.get("/").send().await.unwrap();
        let received = server.log().remove(0);
        assert_eq!(received.header("user-agent"), Some("orders/1.0"));
        assert_eq!(received.header("x-own"), Some("s3cr3t"));
        assert_eq!(received.authorization(), Some("Bearer s3cr3t-1"));

        assert!(client.post("/away").body("x").send().await.is_err());
        assert!(elsewhere.log().is_empty());

        client.get("/away").send().await.unwrap();
        let received = format!("{:?}", elsewhere.log());
        assert!(
            received.contains("user-agent") && !received.contains("s3cr3t"),
            "{received}"
        );
    });
}

#[test]
fn plain_http_passes_no_proxy() {
    block_on(async {
        let (server, proxy) = (Server::agreeable(), Server::agreeable());
        let (session, _) = open(&server.url()).await;
        let address = proxy.url();
        let client = Client::builder()
            .session(&session)
            .reqwest(move || {
                let proxy = reqwest::Proxy::all(&address).unwrap();
                reqwest::Client::builder().proxy(proxy)
            })
            .build();
        client.get("/").send().await.unwrap();
        assert_eq!((server.log().len(), proxy.log().len()), (1, 0));
    });
}

#[test]
fn sessions_share_no_connections() {
    block_on(async {
        let server = Server::agreeable();
        let client = Client::current();
        let one = SessionHandle::new(Tokens::new(environment(&server.url())).0);
        let two = SessionHandle::new(Tokens::new(environment(&server.url())).0);
        for session in [&one, &two, &one, &two] {
            session.init().await.unwrap();
            let answer = session.scope(client.get("/").send()).await.unwrap();
            answer.bytes().await.unwrap();
        }
        assert_eq!(server.accepted(), 2);
        one.close().await.unwrap();
        server.until_open(1).await;
    });
}

#[test]
fn an_answer_on_the_way_leaves_its_connection_to_the_next_request() {
    block_on(async {
        // More than is read of a connection at once.
        let body = vec![b' '; 60_000];
        let server = Server::start(move |request| {
            let answer = match (&*request.target, request.authorization()) {
                ("/moved", _) => reply(302, &[("location", "/")], body.clone()),
                (_, Some("Bearer s3cr3t-1")) => reply(401, &[], body.clone()),
                _ => reply(200, &[], ""),
            };
            async { answer }
        });
        let (session, _) = open(&server.url()).await;
        let answer = Client::new(&session).get("/moved").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!((server.log().len(), server.accepted()), (3, 1));
    });
}

#[test]
fn a_request_that_outlives_its_session_leaves_no_connection_open() {
    block_on(async {
        let elsewhere = Server::agreeable();
        let (url, closed) = (elsewhere.url(), Arc::new(Notify::new()));
        let is_closed = Arc::clone(&closed);
        let server = Server::start(move |_| {
            let (url, closed) = (url.clone(), Arc::clone(&is_closed));
            async move {
                closed.notified().await;
                reply(302, &[("location", &url)], "")
            }
        });
        let (session, _) = open(&server.url()).await;
        // With the client, its connections would go.
        let client = Client::new(&session);
        let close = async {
            server.until_open(1).await;
            session.close().await.unwrap();
            closed.notify_one();
        };
        let (answer, ()) = tokio::join!(client.get("/").send(), close);
        assert_eq!(answer.unwrap().bytes().await.unwrap(), "ok");
        assert_eq!(elsewhere.accepted(), 1);
        elsewhere.until_open(0).await;
        server.until_open(0).await;
        // Of the next life, they are kept again.
        session.init().await.unwrap();
        closed.notify_one();
        let answer = client.get("/").send().await.unwrap();
        answer.bytes().await.unwrap();
        elsewhere.until_open(1).await;
    });
}
