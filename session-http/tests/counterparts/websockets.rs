//! Websockets through nginx, with a server of another library in another language.

use session_core::ErrorKind;
use session_http::{Client, websocket::Message};

use crate::{
    nginx::{Arrival, Nginx, Token, mark},
    support::block_on,
};
use Token::{Expired, Narrow, Unknown, Valid};

const SERVERS: [&str; 3] = ["api", "api_http1", "api_plain"];

#[test]
fn messages_go_both_ways_once_the_credential_is_accepted() {
    let nginx = Nginx::here();
    for server in SERVERS {
        for (tokens, statuses) in [(&[Valid][..], &[101][..]), (&[Expired, Valid], &[401, 101])] {
            block_on(async {
                let mark = mark();
                let (session, _) = nginx.session(nginx.environment(server), tokens).await;
                let client = Client::new(&session);
                let target = format!("/feed?{mark}");
                let offer = client.websocket(&target).protocol("v1").protocol("v3");
                let mut socket = offer.connect().await.unwrap();
                assert_eq!(socket.protocol(), Some("v1"));
                for message in [Message::text("hello"), Message::binary(vec![7; 500_000])] {
                    socket.send(message.clone()).await.unwrap();
                    assert_eq!(socket.receive().await.unwrap(), Some(message));
                }
                socket.close().await.unwrap();
                let arrived = nginx.arrived(&mark).await;
                let found: Vec<_> = arrived.iter().map(Arrival::status).collect();
                assert_eq!(found, statuses, "{server}");
                for it in &arrived {
                    assert_eq!(it.brought(), ("api", "GET", [true, false, true]));
                    assert_eq!(it.text("protocol"), "HTTP/1.1");
                }
            });
        }
    }
}

#[test]
fn what_is_not_opened_is_an_error_as_for_any_request() {
    let nginx = Nginx::here();
    for server in SERVERS {
        for (path, tokens, statuses, kind, text) in [
            (
                "/feed",
                &[Unknown][..],
                &[401, 401][..],
                ErrorKind::Denied,
                "even a fresh one",
            ),
            ("/feed", &[Narrow], &[403], ErrorKind::Denied, "more scope"),
            (
                "/orders",
                &[Valid],
                &[200],
                ErrorKind::Protocol,
                "opens no websocket",
            ),
            (
                "/redirect/307/port",
                &[Valid],
                &[307],
                ErrorKind::Protocol,
                "another origin",
            ),
            (
                "/gateway/dead",
                &[Valid],
                &[502],
                ErrorKind::Unavailable,
                "502",
            ),
            (
                "/gateway/slow",
                &[Valid],
                &[504],
                ErrorKind::Unavailable,
                "504",
            ),
            (
                "/gateway/drop",
                &[Valid],
                &[444, 444],
                ErrorKind::Unavailable,
                "failed",
            ),
            (
                "/gateway/reset",
                &[Valid],
                &[444, 444],
                ErrorKind::Unavailable,
                "failed",
            ),
        ] {
            block_on(async {
                let mark = mark();
                let (session, _) = nginx.session(nginx.environment(server), tokens).await;
                let client = Client::new(&session);
                let opened = client.websocket(&format!("{path}?{mark}")).connect().await;
                let error = opened.unwrap_err();
                assert_eq!(error.kind(), kind, "{server}{path}: {error}");
                assert!(error.to_string().contains(text), "{server}{path}: {error}");
                let arrived = nginx.arrived(&mark).await;
                let found: Vec<_> = arrived.iter().map(Arrival::status).collect();
                assert_eq!(found, statuses, "{server}{path}");
                let evil = arrived.iter().find(|it| it.text("server") == "evil");
                assert!(evil.is_none_or(|it| it.brought().2 == [false; 3]));
            });
        }
    }
}

#[test]
fn either_side_may_end_it() {
    let nginx = Nginx::here();
    for server in SERVERS {
        block_on(async {
            let open = nginx.session(nginx.environment(server), &[Valid]);
            let (session, _) = open.await;
            let client = Client::new(&session);
            let mut closed = client.websocket("/feed").connect().await.unwrap();
            closed.send(Message::text("bye")).await.unwrap();
            assert!(matches!(
                closed.receive().await.unwrap(),
                Some(Message::Close(_))
            ));
            assert_eq!(closed.receive().await.unwrap(), None);

            let mut broken = client.websocket("/feed").connect().await.unwrap();
            broken.send(Message::text("break")).await.unwrap();
            let error = broken.receive().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{server}: {error}");

            let mut last = client.websocket("/feed").connect().await.unwrap();
            session.close().await.unwrap();
            let error = last.receive().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Closed, "{server}: {error}");
        });
    }
}
