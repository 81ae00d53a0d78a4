//! Exchanges whose requests travel on one connection.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use http::{Method, header::AUTHORIZATION, request::Parts};
use session_core::{
    BasicEnvironment, Credential, Environment, ErrorKind, Exchange, Incoming, Outgoing, Result,
    Session, SessionHandle, Verdict,
};
use session_http::{Client, reqwest};
use tokio::sync::Barrier;

use crate::support::{Received, Reply, Server, block_on, environment, reply};

/// Authenticates a connection in two requests: each exchange has a name, which both of them carry.
#[derive(Debug)]
struct Pinned {
    environment: BasicEnvironment,
    pins: bool,
    named: Mutex<usize>,
}

struct Second(String);

#[async_trait]
impl Session for Pinned {
    fn scheme(&self) -> &'static str {
        "pinned"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::per_request(()))
    }

    async fn authorize(
        &self,
        _: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let name = {
            let mut named = self.named.lock().unwrap();
            *named += 1;
            named.to_string()
        };
        say(request.request, "first", &name);
        Ok(Some(Box::new(Second(name))))
    }

    fn pins_connection(&self) -> bool {
        self.pins
    }
}

#[async_trait]
impl Exchange for Second {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        if answer.status != 401 {
            return Ok(Verdict::Done);
        }
        say(next, "second", &self.0);
        Ok(Verdict::Resend)
    }
}

fn say(head: &mut Parts, leg: &str, name: &str) {
    let value = format!("{leg} {name}").parse().unwrap();
    head.headers.insert(AUTHORIZATION, value);
}

pub(crate) async fn session(environment: BasicEnvironment, pins: bool) -> SessionHandle {
    let session = SessionHandle::new(Pinned {
        environment,
        pins,
        named: Mutex::default(),
    });
    session.init().await.unwrap();
    session
}

/// Lets nobody in who comes with a second request on another connection than with the first.
fn server() -> Server {
    let begun = Arc::new(Mutex::new(HashMap::new()));
    Server::start(move |request| {
        let answer = authenticate(&begun, &request);
        async { answer }
    })
}

fn authenticate(begun: &Mutex<HashMap<String, usize>>, request: &Received) -> Reply {
    let (leg, name) = request.authorization().unwrap().split_once(' ').unwrap();
    match leg {
        "first" => {
            let mut begun = begun.lock().unwrap();
            begun.insert(name.to_owned(), request.connection);
            // More than an answer that nobody wants is worth elsewhere.
            reply(401, &[], vec![b' '; 100_000])
        }
        _ if begun.lock().unwrap().get(name) == Some(&request.connection) => {
            reply(200, &[], vec![b' '; 20_000])
        }
        _ => reply(403, &[], ""),
    }
}

fn connections(server: &Server) -> HashMap<String, HashSet<usize>> {
    let mut connections = HashMap::<_, HashSet<_>>::new();
    for received in server.log() {
        let (_, name) = received.authorization().unwrap().split_once(' ').unwrap();
        connections
            .entry(name.to_owned())
            .or_default()
            .insert(received.connection);
    }
    connections
}

async fn crowd(client: &Client, size: usize) {
    let tasks: Vec<_> = (0..size)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let answer = client.get("/").send().await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.bytes().await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn each_of_many_exchanges_at_once_has_one_connection() {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    for http1_only in [true, false] {
        threads.block_on(async {
            let server = server();
            let environment = environment(&server.url()).http1_only(http1_only);
            let session = session(environment, true).await;
            let client = Client::new(&session);
            crowd(&client, 32).await;
            crowd(&client, 32).await;
            let connections = connections(&server);
            assert_eq!(connections.len(), 64);
            assert!(
                connections.values().all(|used| used.len() == 1),
                "{connections:?}"
            );
            // Close to 32, for what is idle is used again; but not what is still on its way back.
            assert!(server.accepted() <= 64);
            session.close().await.unwrap();
            server.until_open(0).await;
        });
    }
}

#[test]
fn an_idle_connection_is_used_by_the_next_exchange() {
    block_on(async {
        let server = server();
        let session = session(environment(&server.url()), true).await;
        let client = Client::new(&session);
        for _ in 0..3 {
            crowd(&client, 1).await;
            // What is idle is not told from what soon will be; here nothing else is going on.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!((server.log().len(), server.accepted()), (6, 1));
        session.close().await.unwrap();
        server.until_open(0).await;
    });
}

#[test]
fn an_answer_that_is_still_read_keeps_its_connection() {
    block_on(async {
        let server = server();
        let session = session(environment(&server.url()), true).await;
        let client = Client::new(&session);
        let answers = [
            client.get("/").send().await.unwrap(),
            client.get("/").send().await.unwrap(),
        ];
        assert_eq!(server.accepted(), 2);
        for answer in answers {
            answer.bytes().await.unwrap();
        }
        crowd(&client, 2).await;
        let connections = connections(&server);
        assert!(
            connections.values().all(|used| used.len() == 1),
            "{connections:?}"
        );
    });
}

#[test]
fn a_connection_that_is_lent_while_the_session_closes_is_not_taken_back() {
    block_on(async {
        let server = server();
        let session = session(environment(&server.url()), true).await;
        let client = Client::new(&session);
        let answer = client.get("/").send().await.unwrap();
        session.close().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap().len(), 20_000);
        session.init().await.unwrap();
        crowd(&client, 1).await;
        assert_eq!(server.accepted(), 2);
    });
}

#[test]
fn so_many_idle_connections_are_kept_and_no_more() {
    const MANY: usize = 70;
    block_on(async {
        // All of them at the same time.
        let (begun, barrier) = (Mutex::new(HashMap::new()), Arc::new(Barrier::new(MANY)));
        let server = Server::start(move |request| {
            let (answer, barrier) = (authenticate(&begun, &request), Arc::clone(&barrier));
            async move {
                barrier.wait().await;
                answer
            }
        });
        let session = session(environment(&server.url()), true).await;
        // With the client, its connections would go.
        let client = Client::new(&session);
        crowd(&client, MANY).await;
        assert_eq!(server.accepted(), MANY);
        server.until_open(64).await;
        session.close().await.unwrap();
        server.until_open(0).await;
    });
}

#[test]
fn a_connection_that_the_server_closed_between_exchanges_is_replaced() {
    block_on(async {
        let begun = Mutex::new(HashMap::new());
        let server = Server::start(move |request| {
            let mut answer = authenticate(&begun, &request);
            if answer.status() == 200 {
                answer
                    .headers_mut()
                    .insert("connection", "close".parse().unwrap());
            }
            async { answer }
        });
        let session = session(environment(&server.url()), true).await;
        let client = Client::new(&session);
        for count in 1..=3 {
            crowd(&client, 1).await;
            server.until_open(0).await;
            assert_eq!(server.accepted(), count);
        }
        let body = http_body_util::Full::new(bytes::Bytes::from("streamed"));
        let request = client.post("/").streamed_body(reqwest::Body::wrap(body));
        assert_eq!(request.send().await.unwrap().status(), 401);
    });
}

#[test]
fn one_that_it_closes_within_each_exchange_fails_the_request() {
    block_on(async {
        let server = Server::start(async |_| reply(401, &[("connection", "close")], ""));
        let session = session(environment(&server.url()), true).await;
        let error = Client::new(&session).get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            error
                .to_string()
                .contains("closed the connection that was being authenticated"),
            "{error}"
        );
        // Not by chance, the second time.
        assert_eq!((server.log().len(), server.accepted()), (2, 2));
    });
}

#[test]
fn an_exchange_whose_connection_the_server_closes_begins_anew_on_another() {
    block_on(async {
        for method in [Method::GET, Method::POST] {
            let begun = Mutex::new(HashMap::new());
            let server = Server::start(move |request| {
                let mut answer = authenticate(&begun, &request);
                if request.connection == 1 {
                    let close = "close".parse().unwrap();
                    answer.headers_mut().insert("connection", close);
                }
                async { answer }
            });
            let session = session(environment(&server.url()), true).await;
            let client = Client::new(&session);
            // What was not sent did nothing, whatever it is.
            let answer = client.request(method, "/").body("b").send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let said: Vec<_> = server.log();
            let said: Vec<_> = said.iter().map(|it| it.authorization().unwrap()).collect();
            assert_eq!(said, ["first 1", "first 2", "second 2"]);
        }
    });
}

#[test]
fn without_a_need_an_exchange_goes_on_though_the_server_closes_after_each_answer() {
    block_on(async {
        for http1_only in [true, false] {
            let server = Server::start(async |request| {
                let leg = request.authorization().unwrap();
                let status = if leg.starts_with("first") { 401 } else { 200 };
                reply(status, &[("connection", "close")], "")
            });
            let environment = environment(&server.url()).http1_only(http1_only);
            let session = session(environment, false).await;
            let answer = Client::new(&session).get("/").send().await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!((server.log().len(), server.accepted()), (2, 2));
        }
    });
}

#[test]
fn a_request_that_is_given_up_takes_its_connection_with_it() {
    block_on(async {
        let server = Server::start(async |_| std::future::pending().await);
        let session = session(environment(&server.url()), true).await;
        let client = Client::new(&session);
        let mut request = Box::pin(client.get("/").send());
        tokio::select! {
            _ = &mut request => unreachable!("it is not answered"),
            () = server.until_open(1) => {}
        }
        drop(request);
        server.until_open(0).await;
    });
}

#[test]
fn without_a_need_the_pool_is_everybodys() {
    block_on(async {
        let server = Server::agreeable();
        let session = session(environment(&server.url()), false).await;
        let client = Client::new(&session);
        let kept = client.get("/").send().await.unwrap();
        let text = format!("{kept:?}");
        assert!(text.contains("200"), "{text}");
        kept.bytes().await.unwrap();
        client.get("/").send().await.unwrap().bytes().await.unwrap();
        assert_eq!((server.log().len(), server.accepted()), (2, 1));
    });
}

#[test]
fn connections_of_a_runtime_that_ended_are_not_lent() {
    let server = server();
    let session = block_on(session(environment(&server.url()), true));
    let client = Client::new(&session);
    for count in 1..=3 {
        // Each ends with its call.
        block_on(crowd(&client, 1));
        block_on(server.until_open(0));
        assert_eq!(server.accepted(), count);
    }
}
