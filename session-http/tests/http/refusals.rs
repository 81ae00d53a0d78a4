//! What happens when a server refuses the credential.

use std::sync::Arc;

use futures_util::future::join_all;
use session_core::ErrorKind;
use session_http::{Client, StepUp, reqwest};
use tokio::sync::Barrier;

use crate::support::{Received, Reply, Server, block_on, open, reply};

const CHALLENGE: (&str, &str) = (
    "www-authenticate",
    "Negotiate, Bearer error=\"invalid_token\"",
);

/// Takes the second token and no other.
fn takes_the_second(request: &Received) -> Reply {
    match request.authorization() {
        Some("Bearer s3cr3t-2") => reply(200, &[], request.body.clone()),
        _ => reply(401, &[CHALLENGE], "refused"),
    }
}

#[test]
fn one_401_renews_once_and_repeats_once() {
    block_on(async {
        let server = Server::start(async |request| takes_the_second(&request));
        let (session, calls) = open(&server.url()).await;
        let request = Client::new(&session)
            .post("/")
            .header("x-own", "1")
            .body("body");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), "body");
        assert_eq!(calls.made(), ["init", "renew"]);
        assert_eq!(calls.refused_with(), ["Negotiate", "Bearer"]);
        let log = server.log();
        assert_eq!(log.len(), 2);
        for (received, number) in log.iter().zip(1..) {
            // The session's headers of the first attempt are not on the second.
            let sent = received.headers.get_all("authorization").iter();
            assert_eq!(
                sent.collect::<Vec<_>>(),
                [&*format!("Bearer s3cr3t-{number}")]
            );
            assert_eq!(received.header("x-own"), Some("1"));
            assert_eq!(&*received.body, b"body");
        }
    });
}

#[test]
fn two_401s_are_the_answer() {
    block_on(async {
        let server = Server::start(async |_| reply(401, &[CHALLENGE], "refused"));
        let (session, calls) = open(&server.url()).await;
        let answer = Client::new(&session).get("/").send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(server.log().len(), 2);
        assert_eq!(calls.made(), ["init", "renew"]);
        let error = answer.error_for_status().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.challenges()[1].is("bearer"));
    });
}

#[test]
fn no_other_status_renews() {
    block_on(async {
        let server = Server::start(async |request| {
            reply(request.target[1..].parse().unwrap(), &[CHALLENGE], "")
        });
        let (session, calls) = open(&server.url()).await;
        for status in [200, 400, 403, 407, 500, 503] {
            let request = Client::new(&session).get(&format!("/{status}"));
            assert_eq!(request.send().await.unwrap().status(), status);
        }
        assert_eq!(server.log().len(), 6);
        assert_eq!(calls.made(), ["init"]);
    });
}

#[test]
fn a_401_without_challenge_is_a_refusal_too() {
    block_on(async {
        let server = Server::start(async |request| match request.authorization() {
            Some("Bearer s3cr3t-2") => reply(200, &[], ""),
            _ => reply(401, &[], ""),
        });
        let (session, _) = open(&server.url()).await;
        assert_eq!(
            Client::new(&session)
                .get("/")
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    });
}

#[test]
fn an_error_says_that_more_is_wanted_and_leaves_it_to_the_challenges_what() {
    const MORE_SCOPE: &str = "Bearer error=\"insufficient_scope\", scope=\"s3cr3t-1 admin\"";
    const ANEW: &str = "Bearer error=\"insufficient_user_authentication\", max_age=\"60\"";
    block_on(async {
        let server = Server::start(async |request| match &*request.target {
            "/401" => reply(401, &[("www-authenticate", ANEW)], ""),
            _ => reply(403, &[("www-authenticate", MORE_SCOPE)], ""),
        });
        let (session, calls) = open(&server.url()).await;
        let client = Client::new(&session);
        let error = client.get("/403").send().await.unwrap();
        let error = error.error_for_status().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.to_string().contains("more scope"), "{error}");
        // Which scope is not said: a server may echo there what it was sent.
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
        let wanted = StepUp::of(error.challenges()).unwrap();
        assert!(wanted.scope().eq(["s3cr3t-1", "admin"]));
        assert_eq!(calls.made(), ["init"]);

        let error = client.get("/401").send().await.unwrap();
        let error = error.error_for_status().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interaction);
        assert!(error.to_string().contains("a person to log in"), "{error}");
        let wanted = StepUp::of(error.challenges()).unwrap();
        assert_eq!(wanted.max_age().unwrap().as_secs(), 60);
        assert_eq!(calls.made(), ["init", "renew"]);
    });
}

#[test]
fn what_a_proxy_wants_is_on_the_error() {
    const PROXY: (&str, &str) = ("proxy-authenticate", "Basic realm=\"p\"");
    block_on(async {
        let server = Server::start(async |_| reply(407, &[CHALLENGE, PROXY], ""));
        let (session, calls) = open(&server.url()).await;
        let answer = Client::new(&session).get("/").send().await.unwrap();
        let error = answer.error_for_status().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert_eq!(error.challenges().len(), 1);
        assert!(error.challenges()[0].is("basic"));
        assert_eq!(server.log().len(), 1);
        assert_eq!(server.log()[0].header("proxy-authorization"), None);
        assert_eq!(calls.made(), ["init"]);
    });
}

#[test]
fn a_failed_renewal_is_the_error() {
    block_on(async {
        let server = Server::start(async |request| takes_the_second(&request));
        let (session, calls) = open(&server.url()).await;
        calls.fail(ErrorKind::Denied);
        let error = Client::new(&session).get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert_eq!(error.to_string(), "told to fail");
        assert_eq!(server.log().len(), 1);
    });
}

#[test]
fn a_streamed_body_is_not_repeated_but_the_next_request_is_fine() {
    block_on(async {
        let server = Server::start(async |request| takes_the_second(&request));
        let (session, calls) = open(&server.url()).await;
        let client = Client::new(&session);
        let body = http_body_util::Full::new(bytes::Bytes::from("streamed"));
        let request = client.post("/").streamed_body(reqwest::Body::wrap(body));
        assert_eq!(request.send().await.unwrap().status(), 401);
        assert_eq!(server.log().len(), 1);
        assert_eq!(calls.made(), ["init", "renew"]);
        assert_eq!(client.get("/").send().await.unwrap().status(), 200);
        assert_eq!(calls.made(), ["init", "renew"]);
    });
}

#[test]
fn a_thousand_refusals_of_one_credential_renew_once() {
    const REQUESTS: usize = 1000;
    block_on(async {
        // Refuses nobody before all have come.
        let all = Arc::new(Barrier::new(REQUESTS));
        let server = Server::start(move |request| {
            let all = Arc::clone(&all);
            async move {
                let answer = takes_the_second(&request);
                if answer.status() == 401 {
                    all.wait().await;
                }
                answer
            }
        });
        let (session, calls) = open(&server.url()).await;
        // On one connection: as many would be more than a process may open on most machines.
        let client = Client::builder()
            .session(&session)
            .reqwest(|| reqwest::Client::builder().http2_prior_knowledge())
            .build();
        let requests = (0..REQUESTS).map(|_| client.get("/").send());
        for answer in join_all(requests).await {
            assert_eq!(answer.unwrap().status(), 200);
        }
        assert_eq!(server.log().len(), 2 * REQUESTS);
        assert_eq!(calls.made(), ["init", "renew"]);
    });
}
