//! How nginx is connected to, and what becomes of connections that it closes.

use std::collections::HashSet;

use futures_util::future::join_all;
use http::Version;
use session_core::{BasicEnvironment, ErrorKind};
use session_http::Client;

use crate::{
    nginx::{Arrival, Nginx, Token, mark},
    support::block_on,
    visit::By,
};

#[test]
fn http_2_is_spoken_where_it_can_be_and_connections_are_kept() {
    let nginx = Nginx::here();
    for (server, version, protocol, tls) in [
        ("api", Version::HTTP_2, "HTTP/2.0", "TLSv1.3"),
        ("api_http1", Version::HTTP_11, "HTTP/1.1", "TLSv1.3"),
        ("api_plain", Version::HTTP_11, "HTTP/1.1", ""),
        ("old", Version::HTTP_2, "HTTP/2.0", "TLSv1.2"),
    ] {
        block_on(async {
            let mark = mark();
            let open = nginx.session(nginx.environment(server), &[Token::Valid]);
            let (session, _) = open.await;
            let client = Client::new(&session);
            for _ in 0..3 {
                let answer = client.get(&format!("/orders?{mark}")).send().await.unwrap();
                assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
                answer.bytes().await.unwrap();
            }
            let arrived = nginx.arrived(&mark).await;
            let connections: HashSet<_> = arrived.iter().map(Arrival::connection).collect();
            assert_eq!((arrived.len(), connections.len()), (3, 1), "{server}");
            for it in arrived {
                assert_eq!((it.text("protocol"), it.text("tls")), (protocol, tls));
            }
        });
    }
}

#[test]
fn a_server_may_close_its_connections_after_any_answer() {
    // Those that come too late on a connection are sent again on another, but not on more than two.
    const ON_EACH: usize = 10;
    const REQUESTS: usize = 2 * ON_EACH;
    let nginx = Nginx::here();
    for server in ["brief", "brief_http1"] {
        block_on(async {
            let mark = mark();
            let target = format!("/?{mark}");
            let open = nginx.session(nginx.environment(server), &[Token::Valid]);
            let (session, calls) = open.await;
            let client = Client::new(&session);
            let get = async || {
                let answer = client.get(&target).send().await.unwrap();
                let status = answer.status();
                answer.bytes().await.unwrap();
                status.as_u16()
            };
            for _ in 0..REQUESTS {
                assert_eq!(get().await, 200);
            }
            let at_once = join_all((0..REQUESTS).map(|_| get())).await;
            assert_eq!(at_once, [200; REQUESTS]);
            let arrived = nginx.arrived(&mark).await;
            assert_eq!(arrived.len(), 2 * REQUESTS);
            let connections: HashSet<_> = arrived.iter().map(Arrival::connection).collect();
            assert!(connections.len() >= 4, "{server}");
            assert_eq!(calls.made(), ["init"]);
        });
    }
}

#[test]
fn whom_the_authority_does_not_vouch_for_gets_nothing() {
    let nginx = Nginx::here();
    let url = nginx.url("api");
    let unknown = BasicEnvironment::new("loopback")
        .service("api", &url)
        .unwrap();
    for environment in [unknown, nginx.environment("stranger")] {
        let (session, _) = block_on(nginx.session(environment, &[Token::Valid]));
        for by in By::ALL {
            let mark = mark();
            let (status, body) = by.get(&session, &format!("/?{mark}"));
            let error = body.unwrap_err();
            assert_eq!((status, error.kind()), (None, ErrorKind::Config), "{error}");
            assert!(error.to_string().contains("`ca_file`"), "{error}");
            assert!(block_on(nginx.arrived(&mark)).is_empty());
        }
    }
}
