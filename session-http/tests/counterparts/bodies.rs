//! Bodies, and headers: refused while they are sent, too large, too slow.

use std::time::Duration;

use bytes::Bytes;
use session_core::ErrorKind;
use session_http::{Client, blocking, reqwest};

use crate::{
    nginx::{Nginx, Token, mark},
    support::block_on,
    visit::By,
};

const SERVERS: [&str; 3] = ["api", "api_http1", "api_plain"];

#[test]
fn one_that_was_refused_halfway_is_sent_again_in_full() {
    let nginx = Nginx::here();
    let body = Bytes::from(vec![b'x'; 1_000_000]);
    for server in SERVERS {
        for by in By::ALL {
            let tokens = [Token::Expired, Token::Valid];
            let (session, _) = block_on(nginx.session(nginx.environment(server), &tokens));
            let mark = mark();
            let target = format!("/echo?{mark}");
            let (status, echo) = by.send(&session, "POST", &target, Some(body.clone()));
            assert_eq!(status, Some(200), "{server} {by:?} {echo:?}");
            let echo: serde_json::Value = serde_json::from_slice(&echo.unwrap()).unwrap();
            assert_eq!(echo["length"], 1_000_000);
            assert_eq!(echo["authorized"], true);
        }
    }
}

#[test]
fn a_stream_is_not_sent_again_but_the_next_request_is_authorized_anew() {
    let nginx = Nginx::here();
    for server in SERVERS {
        block_on(async {
            let tokens = [Token::Expired, Token::Valid];
            let (session, _) = nginx.session(nginx.environment(server), &tokens).await;
            let client = Client::new(&session);
            for status in [401, 200] {
                let stream = reqwest::Body::wrap(http_body_util::Full::new(Bytes::from("hello")));
                let request = client.post("/echo").streamed_body(stream);
                assert_eq!(request.send().await.unwrap().status(), status, "{server}");
            }
        });
    }
}

#[test]
fn one_that_is_too_large_for_the_server_is_a_413() {
    let nginx = Nginx::here();
    let body = Bytes::from(vec![b'x'; 8 << 20]);
    for server in SERVERS {
        for by in By::ALL {
            let open = nginx.session(nginx.environment(server), &[Token::Valid]);
            let (session, _) = block_on(open);
            let (status, answer) = by.send(&session, "POST", "/echo", Some(body.clone()));
            assert_eq!(status, Some(413), "{server} {by:?} {answer:?}");
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Protocol);
        }
    }
}

#[test]
fn a_large_answer_can_be_read_in_parts() {
    let nginx = Nginx::here();
    for server in SERVERS {
        block_on(async {
            let open = nginx.session(nginx.environment(server), &[Token::Valid]);
            let (session, _) = open.await;
            let mut answer = Client::new(&session).get("/large").send().await.unwrap();
            let mut length = 0;
            while let Some(part) = answer.chunk().await.unwrap() {
                length += part.len();
            }
            assert_eq!(length, 8 << 20);
        });
    }
}

#[test]
fn what_is_larger_than_is_held_is_an_error() {
    let nginx = Nginx::here();
    for server in SERVERS {
        let (session, _) = block_on(nginx.session(nginx.environment(server), &[Token::Valid]));
        for by in By::ALL {
            let (status, body) = by.get(&session, "/large");
            let error = body.unwrap_err();
            assert_eq!(status, Some(200));
            assert_eq!(error.kind(), ErrorKind::Protocol, "{server}: {error}");
            assert!(error.to_string().contains("longer than 1048576 bytes"));

            let (status, body) = by.get(&session, "/long-header");
            let error = body.unwrap_err();
            assert_eq!(status, None);
            assert_eq!(error.kind(), ErrorKind::Protocol, "{server}: {error}");
        }
    }
}

#[test]
fn one_that_takes_too_long_is_given_up() {
    const LIMIT: Duration = Duration::from_millis(500);
    let nginx = Nginx::here();
    for server in SERVERS {
        let (session, _) = block_on(nginx.session(nginx.environment(server), &[Token::Valid]));
        let read = block_on(async {
            let request = Client::new(&session).get("/gateway/trickle").timeout(LIMIT);
            request.send().await?.bytes().await
        });
        let request = blocking::Client::new(&session).get("/gateway/trickle");
        let blocking = request
            .timeout(LIMIT)
            .send()
            .and_then(blocking::Response::bytes);
        for read in [read, blocking] {
            let error = read.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{server}: {error}");
            assert!(error.to_string().contains("in time"), "{error}");
        }
    }
}
