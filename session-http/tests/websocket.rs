//! Websockets, against a server of the same library that speaks to browsers.

#![allow(
    clippy::result_large_err,
    clippy::unnecessary_wraps,
    reason = "the server's library has it so"
)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode};
use session_core::{ErrorKind, SessionHandle};
use session_http::{
    Client, Refusal,
    websocket::{Message, WebSocketConfig},
};
use support::{Tokens, block_on, environment, open};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::handshake::server::{ErrorResponse, Request, Response},
};

type Handshake = fn(&Request, Response) -> Result<Response, ErrorResponse>;

/// A server that echoes messages, after this look at each handshake.
struct Echo {
    url: String,
    handshakes: Arc<Mutex<Vec<HeaderMap>>>,
    open: watch::Receiver<usize>,
}

impl Echo {
    async fn start(look: Handshake) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let handshakes = Arc::<Mutex<Vec<HeaderMap>>>::default();
        let (count, open) = watch::channel(0);
        let seen = Arc::clone(&handshakes);
        tokio::spawn(async move {
            let count = Arc::new(count);
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, count) = (Arc::clone(&seen), Arc::clone(&count));
                tokio::spawn(async move {
                    let look = |request: &Request, response| {
                        seen.lock().unwrap().push(request.headers().clone());
                        look(request, response)
                    };
                    if let Ok(socket) = accept_hdr_async(stream, look).await {
                        count.send_modify(|open| *open += 1);
                        echo(socket).await;
                        count.send_modify(|open| *open -= 1);
                    }
                });
            }
        });
        Self {
            url,
            handshakes,
            open,
        }
    }

    fn authorizations(&self) -> Vec<String> {
        let handshakes = self.handshakes.lock().unwrap();
        let authorization = |headers: &HeaderMap| {
            let value = headers.get("authorization").unwrap();
            value.to_str().unwrap().to_owned()
        };
        handshakes.iter().map(authorization).collect()
    }

    async fn until_open(&mut self, count: usize) {
        self.open.wait_for(|open| *open == count).await.unwrap();
    }
}

async fn echo(mut socket: WebSocketStream<TcpStream>) {
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) if text == "bye" => socket.close(None).await.unwrap(),
            Message::Text(text) if text == "break" => return,
            Message::Text(text) if text == "hush" => std::future::pending().await,
            Message::Text(_) | Message::Binary(_) => socket.send(message).await.unwrap(),
            _ => {}
        }
    }
}

fn agree(_: &Request, response: Response) -> Result<Response, ErrorResponse> {
    Ok(response)
}

fn refuse(status: u16) -> ErrorResponse {
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = StatusCode::from_u16(status).unwrap();
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    refusal.headers_mut().insert("www-authenticate", challenge);
    refusal
}

#[test]
fn messages_go_both_ways_until_it_is_closed() {
    block_on(async {
        let mut server = Echo::start(agree).await;
        let (session, _) = open(&server.url).await;
        let client = Client::new(&session);
        let mut socket = client
            .websocket("/feed")
            .query([("from", "now")])
            .header("x-a", "b")
            .connect()
            .await
            .unwrap();
        assert_eq!(server.authorizations(), ["Bearer s3cr3t-1"]);
        server.until_open(1).await;
        for message in [Message::text("hello"), Message::binary(vec![7; 200_000])] {
            socket.send(message.clone()).await.unwrap();
            assert_eq!(socket.receive().await.unwrap(), Some(message));
        }
        assert_eq!(socket.protocol(), None);
        socket.close().await.unwrap();
        server.until_open(0).await;

        // A server may close too, and one that goes away does so without a word.
        let address = server.url.replace("http://", "ws://");
        let mut socket = client.websocket(&address).connect().await.unwrap();
        socket.send(Message::text("bye")).await.unwrap();
        while socket.receive().await.unwrap().is_some() {}
        let error = socket.send(Message::text("anybody?")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let mut socket = client.websocket("/").connect().await.unwrap();
        socket.send(Message::text("break")).await.unwrap();
        let error = socket.receive().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    });
}

#[test]
fn a_server_that_does_not_agree_to_the_end_is_not_waited_for() {
    block_on(async {
        let server = Echo::start(agree).await;
        let (session, _) = open(&server.url).await;
        let mut socket = Client::new(&session)
            .websocket("/")
            .connect()
            .await
            .unwrap();
        socket.send(Message::text("hush")).await.unwrap();
        // All that is left to happen is time.
        tokio::time::pause();
        let error = socket.close().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    });
}

#[test]
fn a_refused_credential_is_renewed_once() {
    block_on(async {
        let server = Echo::start(|request, response| {
            match request.headers()["authorization"].to_str().unwrap() {
                "Bearer s3cr3t-1" => Err(refuse(401)),
                _ => Ok(response),
            }
        });
        let server = server.await;
        let (session, calls) = open(&server.url).await;
        let socket = Client::new(&session).websocket("/").connect().await;
        socket.unwrap().close().await.unwrap();
        assert_eq!(server.authorizations().len(), 2);
        assert_eq!(calls.made(), ["init", "renew"]);
    });
}

#[test]
fn a_handshake_has_no_header_that_nobody_asked_for() {
    block_on(async {
        let server = Echo::start(agree).await;
        let (session, _) = open(&server.url).await;
        let feed = Client::new(&session).websocket("/").header("x-own", "1");
        feed.connect().await.unwrap().close().await.unwrap();
        let handshake = server.handshakes.lock().unwrap()[0].clone();
        let mut names: Vec<_> = handshake.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = [
            "authorization",
            "connection",
            "host",
            "sec-websocket-key",
            "sec-websocket-version",
            "upgrade",
            "user-agent",
            "x-csrf-token",
            "x-own",
        ];
        assert_eq!(names, expected);
        assert_eq!(handshake["host"], server.url["http://".len()..]);

        // Unless the program's own client says it.
        let own = Client::builder()
            .session(&session)
            .reqwest(|| reqwest::Client::builder().user_agent("own/1"));
        let feed = own.build().websocket("/").connect().await.unwrap();
        feed.close().await.unwrap();
        assert_eq!(server.handshakes.lock().unwrap()[1]["user-agent"], "own/1");
    });
}

#[test]
fn what_is_no_websocket_is_an_error_that_says_so() {
    block_on(async {
        let server = Echo::start(|_, _| Err(refuse(401))).await;
        let (session, calls) = open(&server.url).await;
        let error = Client::new(&session).websocket("/").connect().await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.challenges()[0].is("bearer"));
        let refusal = Refusal::of(&error).unwrap();
        assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED);
        assert!(refusal.headers().contains_key("www-authenticate"));
        assert_eq!(calls.made(), ["init", "renew"]);
        assert_eq!(server.authorizations().len(), 2, "and then no more");

        let plain = support::Server::agreeable();
        let (session, _) = open(&plain.url()).await;
        let error = Client::new(&session).websocket("/").connect().await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(error.status(), Some(StatusCode::OK));
        assert_eq!(Refusal::of(&error).unwrap().status(), StatusCode::OK);
        for (status, headers) in [
            (
                101,
                vec![("upgrade", "websocket"), ("connection", "upgrade")],
            ),
            (
                101,
                vec![
                    ("upgrade", "websocket"),
                    ("connection", "upgrade"),
                    ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                ],
            ),
            (101, vec![("upgrade", "h2c"), ("connection", "upgrade")]),
        ] {
            let answer = move |_| {
                let reply = support::reply(status, &headers, "");
                async { reply }
            };
            let server = support::Server::start(answer);
            let (session, _) = open(&server.url()).await;
            let error = Client::new(&session).websocket("/").connect().await;
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Protocol);
        }
    });
}

#[test]
fn subprotocols_are_chosen_from_those_offered() {
    block_on(async {
        let server = Echo::start(|request, mut response| {
            let offered: Vec<_> = request
                .headers()
                .get_all("sec-websocket-protocol")
                .iter()
                .collect();
            let chosen = match request.uri().path() {
                "/last" => offered[offered.len() - 1].clone(),
                _ => HeaderValue::from_static("v9"),
            };
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
            Ok(response)
        });
        let server = server.await;
        let (session, _) = open(&server.url).await;
        let client = Client::new(&session);
        let offer = |path| client.websocket(path).protocol("v1").protocol("v2");
        let socket = offer("/last").connect().await.unwrap();
        assert_eq!(socket.protocol(), Some("v2"));
        let error = offer("/other").connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        for wrong in [
            client.websocket("/").protocol("a b"),
            client.websocket("/").header("Sec-WebSocket-Key", "x"),
            client.websocket("/").header("Upgrade", "h2c"),
            client.websocket("/").header("Connection", "close"),
            client.websocket("/").header("a b", "c"),
        ] {
            assert_eq!(wrong.connect().await.unwrap_err().kind(), ErrorKind::Config);
        }
    });
}

#[test]
fn closing_the_session_closes_its_websockets() {
    block_on(async {
        let mut server = Echo::start(agree).await;
        let (session, _) = open(&server.url).await;
        let client = Client::new(&session);
        let mut waiting = client.websocket("/").connect().await.unwrap();
        let idle = client.websocket("/").connect().await.unwrap();
        server.until_open(2).await;
        let wait = tokio::spawn(async move {
            let error = waiting.receive().await.unwrap_err();
            (
                error.kind(),
                waiting.send(Message::text("x")).await.unwrap_err().kind(),
            )
        });
        tokio::task::yield_now().await;
        session.close().await.unwrap();
        server.until_open(0).await;
        assert_eq!(wait.await.unwrap(), (ErrorKind::Closed, ErrorKind::Closed));
        drop(idle);

        // Opened again, it can have new ones; dropped, they are closed.
        session.init().await.unwrap();
        let socket = client.websocket("/").connect().await.unwrap();
        server.until_open(1).await;
        drop(socket);
        server.until_open(0).await;
    });
}

#[test]
fn it_goes_nowhere_that_the_credential_may_not() {
    block_on(async {
        let evil = support::Server::agreeable();
        let server = support::Server::start({
            let elsewhere = evil.url();
            move |request| {
                let reply = match &*request.target {
                    "/moved" => support::reply(302, &[("location", &elsewhere)], ""),
                    _ => support::reply(200, &[], ""),
                };
                async { reply }
            }
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        for (target, kind) in [
            (&*evil.url().replace("http", "ws"), ErrorKind::Forbidden),
            ("wss://example.com/", ErrorKind::Forbidden),
            ("ws://example.com/", ErrorKind::Forbidden),
            ("wss:example.com", ErrorKind::Forbidden),
            ("//example.com", ErrorKind::Forbidden),
            ("/moved", ErrorKind::Protocol),
        ] {
            let error = client.websocket(target).connect().await.unwrap_err();
            assert_eq!(error.kind(), kind, "{target}: {error}");
        }
        assert_eq!(evil.log().len(), 0, "not even without a credential");
    });
}

#[test]
fn messages_are_no_larger_than_is_allowed() {
    block_on(async {
        let server = Echo::start(agree).await;
        let (session, _) = open(&server.url).await;
        let config = WebSocketConfig::default().max_message_size(Some(100));
        let socket = Client::new(&session).websocket("/").config(config);
        let mut socket = socket.connect().await.unwrap();
        socket.send(Message::text("x".repeat(101))).await.unwrap();
        let error = socket.receive().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("larger"), "{error}");
    });
}

#[test]
fn it_is_a_stream_and_a_sink() {
    block_on(async {
        let server = Echo::start(agree).await;
        let (backend, _) = Tokens::new(environment(&server.url));
        let session = SessionHandle::new(backend);
        let client = Client::current();
        let echoed = session.enter(async {
            let socket = client.websocket("/").connect().await.unwrap();
            let (mut to, from) = socket.split();
            for word in ["a", "b", "bye"] {
                to.feed(Message::text(word)).await.unwrap();
            }
            to.flush().await.unwrap();
            let words = from.filter_map(async |message| match message.unwrap() {
                Message::Text(word) => Some(word.to_string()),
                _ => None,
            });
            words.collect::<Vec<_>>().await
        });
        assert_eq!(echoed.await.unwrap(), ["a", "b"]);
    });
}
