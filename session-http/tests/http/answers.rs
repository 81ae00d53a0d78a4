//! What comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde::Deserialize;
use session_core::ErrorKind;
use session_http::{Client, ClientBuilder, Connections, read_limited, reqwest};
use tokio::sync::Notify;

use crate::support::{Server, block_on, open, reply};

#[derive(Debug, Deserialize, PartialEq)]
struct Job {
    id: u32,
}

#[test]
fn bodies_are_read_whole_or_in_parts() {
    block_on(async {
        let server = Server::start(async |_| reply(200, &[("x-id", "7")], r#"{"id": 7}"#));
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        let answer = client.get("/").send().await.unwrap();
        assert_eq!(answer.headers()["x-id"], "7");
        assert_eq!(answer.url().as_str(), format!("{}/", server.url()));
        assert_eq!(answer.json::<Job>().await.unwrap(), Job { id: 7 });
        let answer = client.get("/").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), r#"{"id": 7}"#);
        let mut answer = client.get("/").send().await.unwrap();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.unwrap() {
            body.extend_from_slice(&chunk);
        }
        assert_eq!(body, br#"{"id": 7}"#);
    });
}

#[test]
fn what_cannot_be_read_is_never_quoted() {
    block_on(async {
        let server = Server::start(async |request| match &*request.target {
            "/syntax" => reply(200, &[], "{s3cr3t"),
            "/data" => reply(200, &[], r#"{"id": "s3cr3t"}"#),
            "/eof" => reply(200, &[], r#"{"id": "s3cr3t"#),
            _ => reply(200, &[], &b"s3cr3t\xff"[..]),
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        for (target, problem) in [
            ("/syntax", "is not JSON, at line 1 column 2"),
            ("/data", "is not the JSON expected, at line 1"),
            ("/eof", "ends too early"),
        ] {
            let answer = client.get(target).send().await.unwrap();
            let error = answer.json::<Job>().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            let text = error.to_string();
            assert!(
                text.contains(problem) && text.contains("127.0.0.1"),
                "{text}"
            );
            assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
        }
        let answer = client.get("/text").send().await.unwrap();
        let error = answer.text().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    });
}

#[test]
fn bodies_beyond_the_limit_are_refused_announced_or_not() {
    block_on(async {
        let server = Server::start(async |request| match &*request.target {
            // Streamed to who asks by HTTP/1.1: its length is not announced.
            "/unannounced" => reply(200, &[("transfer-encoding", "chunked")], vec![0; 101]),
            _ => reply(200, &[], vec![0; 101]),
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::builder()
            .session(&session)
            .answer_limit(100)
            .build();
        for target in ["/", "/unannounced"] {
            let answer = client.get(target).send().await.unwrap();
            let error = answer.bytes().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(error.to_string().contains("longer than 100 bytes"));
            let answer = client.get(target).send().await.unwrap();
            assert_eq!(answer.limit(101).bytes().await.unwrap().len(), 101);
        }
    });
}

/// One byte, which is counted for as long as it is held.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(held: &Arc<AtomicUsize>) -> Self {
        held.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(held))
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        b"x"
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_body_in_small_parts_takes_no_more_memory_than_in_large_ones() {
    const LENGTH: usize = 10_000;
    let held = Arc::<AtomicUsize>::default();
    let most = Arc::<AtomicUsize>::default();
    let (held_now, most_held) = (Arc::clone(&held), Arc::clone(&most));
    let parts = (0..LENGTH).map(move |_| {
        let part = Bytes::from_owner(Counted::new(&held_now));
        most_held.fetch_max(held_now.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok::<_, std::io::Error>(Frame::data(part))
    });
    let body = reqwest::Body::wrap(StreamBody::new(stream::iter(parts)));
    let answer = reqwest::Response::from(http::Response::new(body));
    let body = block_on(read_limited(answer, LENGTH)).unwrap();
    assert_eq!(body, [b'x'; LENGTH]);
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[test]
fn a_status_becomes_an_error_to_act_on() {
    block_on(async {
        let server = Server::start(async |request| {
            let status = request.target[1..].parse().unwrap();
            reply(status, &[("retry-after", "30")], "s3cr3t")
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        for (status, kind) in [
            (401, ErrorKind::Denied),
            (403, ErrorKind::Denied),
            (407, ErrorKind::Denied),
            (408, ErrorKind::Unavailable),
            (425, ErrorKind::Unavailable),
            (429, ErrorKind::Unavailable),
            (500, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (404, ErrorKind::Protocol),
            (304, ErrorKind::Protocol),
        ] {
            let answer = client.get(&format!("/{status}")).send().await.unwrap();
            assert_eq!(answer.status(), status);
            let error = answer.error_for_status().unwrap_err();
            assert_eq!(error.kind(), kind, "{status}");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
            let text = error.to_string();
            assert!(text.contains(&status.to_string()) && text.contains("127.0.0.1"));
            assert!(!format!("{error:?}").contains("s3cr3t"));
        }
        let answer = client.get("/204").send().await.unwrap();
        assert_eq!(answer.error_for_status().unwrap().status(), 204);
    });
}

#[test]
fn a_server_that_is_not_there_or_breaks_off_is_unavailable() {
    block_on(async {
        let server = Server::start(async |_| reply(200, &[("content-length", "100")], "short"));
        let (session, _) = open(&server.url()).await;
        let answer = Client::new(&session).get("/").send().await;
        let error = match answer {
            Ok(answer) => answer.bytes().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");

        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let (session, _) = open(&format!("http://{address}/")).await;
        let request = Client::new(&session).get("/p4th?q=s3cr3t");
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let text = format!("{error} {error:?}");
        assert!(text.contains("cannot connect to `127.0.0.1`"), "{text}");
        assert!(!text.contains("s3cr3t") && !text.contains("p4th"), "{text}");
    });
}

#[test]
fn a_server_is_given_up_on_when_it_has_been_silent_for_long() {
    block_on(async {
        let arrived = Arc::new(Notify::new());
        let arriving = Arc::clone(&arrived);
        let server = Server::start(move |_| {
            arriving.notify_one();
            std::future::pending()
        });
        let (session, _) = open(&server.url()).await;
        let request = tokio::spawn(Client::new(&session).get("/").send());
        arrived.notified().await;
        // All that is left to happen is time.
        tokio::time::pause();
        let paused = tokio::time::Instant::now();
        let error = request.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(paused.elapsed() < 2 * Connections::READ_TIMEOUT);
    });
}

/// Four parts, each of which is had 40 seconds after the last.
#[test]
fn a_server_that_takes_a_long_body_is_not_silent() {
    block_on(async {
        let server = Server::start(|request| async { reply(200, &[], request.body) });
        let (session, _) = open(&server.url()).await;
        tokio::time::pause();
        // As long as this waits, the clock is moved by the body alone.
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let clock = tokio::task::spawn_blocking(move || waiting.recv());
        let parts = stream::unfold(0, |count| async move {
            tokio::time::advance(Duration::from_secs(40)).await;
            let part = Frame::data(Bytes::from_static(b"part"));
            (count < 4).then_some((Ok::<_, std::io::Error>(part), count + 1))
        });
        let body = reqwest::Body::wrap(StreamBody::new(parts));
        let answer = Client::new(&session).put("/").streamed_body(body).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.bytes().await.unwrap(), "partpartpartpart");
        drop(done);
        clock.await.unwrap().unwrap_err();
    });
}

#[test]
fn a_client_with_a_builder_of_its_own_has_a_limit_too() {
    block_on(async {
        let arrived = Arc::new(Notify::new());
        let arriving = Arc::clone(&arrived);
        let server = Server::start(move |_| {
            arriving.notify_one();
            std::future::pending()
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::builder()
            .session(&session)
            .reqwest(reqwest::Client::builder)
            .build();
        let request = tokio::spawn(client.get("/").send());
        arrived.notified().await;
        // All that is left to happen is time.
        tokio::time::pause();
        let paused = tokio::time::Instant::now();
        let error = request.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(paused.elapsed() < 2 * ClientBuilder::TIME_LIMIT);
    });
}

#[test]
fn a_large_body_says_how_long_it_is() {
    block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&server.url()).await;
        let request = Client::new(&session).put("/").body(vec![7; 1_000_000]);
        request.send().await.unwrap();
        let received = &server.log()[0];
        assert_eq!(received.header("content-length"), Some("1000000"));
        assert!(received.body == vec![7; 1_000_000]);
    });
}

#[test]
fn a_server_that_never_answers_is_given_up_on() {
    block_on(async {
        let server = Server::start(|_| std::future::pending());
        let (session, _) = open(&server.url()).await;
        let client = Client::builder()
            .session(&session)
            .timeout(Duration::ZERO)
            .build();
        for request in [
            client.get("/"),
            client.get("/").timeout(Duration::from_nanos(1)),
        ] {
            let error = request.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert!(
                error
                    .to_string()
                    .contains("no answer from `127.0.0.1` in time")
            );
        }
    });
}

#[test]
fn headers_that_are_too_large_are_no_answer_by_http_2_either() {
    block_on(async {
        let server = Server::start(|request| {
            let length = request.target[1..].parse().unwrap();
            let reply = reply(200, &[("x-large", &"x".repeat(length))], "");
            async { reply }
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::builder()
            .session(&session)
            .reqwest(|| reqwest::Client::builder().http2_prior_knowledge())
            .build();
        let answer = client.get("60000").send().await.unwrap();
        assert_eq!(answer.headers()["x-large"].len(), 60_000);
        for length in ["100000", "1000000"] {
            let error = client.get(length).send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{length}: {error}");
        }
    });
}
