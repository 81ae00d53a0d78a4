//! Schemes that authorize each request, and look at each answer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use http::{header::AUTHORIZATION, request::Parts};
use session_core::{
    BasicEnvironment, Credential, Environment, Error, ErrorKind, Exchange, Incoming, Outgoing,
    Result, Session, SessionHandle, Verdict,
};
use session_http::{Client, reqwest};

use crate::support::{Server, block_on, environment, reply};

/// Says a word, answers the server's question, and checks its last word.
#[derive(Debug)]
struct Dialogue {
    environment: BasicEnvironment,
    authentications: Arc<AtomicUsize>,
}

struct Speaker {
    generation: usize,
}

#[async_trait]
impl Session for Dialogue {
    fn scheme(&self) -> &'static str {
        "dialogue"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        let generation = self.authentications.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Credential::per_request(generation))
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let generation = *credential.state::<usize>().unwrap();
        say(request.request, &format!("hello-{generation}"));
        Ok(Some(Box::new(Speaker { generation })))
    }
}

#[async_trait]
impl Exchange for Speaker {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        let word = answer
            .headers
            .get("www-authenticate")
            .map(http::HeaderValue::as_bytes);
        match (answer.status.as_u16(), word) {
            (401, Some(b"Dialogue who")) => {
                say(next, &format!("me-{}", self.generation));
                Ok(Verdict::Resend)
            }
            (401, _) => Ok(Verdict::Refused),
            (_, Some(b"Dialogue wrong")) => Err(Error::new(ErrorKind::Denied, "an impostor")),
            _ => Ok(Verdict::Done),
        }
    }
}

fn say(head: &mut Parts, word: &str) {
    let mut value: http::HeaderValue = format!("Dialogue {word}").parse().unwrap();
    value.set_sensitive(true);
    head.headers.insert(AUTHORIZATION, value);
    // Not marked as sensitive: a backend may forget.
    head.headers.insert("x-dialogue", "s3cr3t".parse().unwrap());
}

async fn session(server: &Server) -> (SessionHandle, Arc<AtomicUsize>) {
    let authentications = Arc::<AtomicUsize>::default();
    let session = SessionHandle::new(Dialogue {
        environment: environment(&server.url()),
        authentications: Arc::clone(&authentications),
    });
    session.init().await.unwrap();
    (session, authentications)
}

const WHO: (&str, &str) = ("www-authenticate", "Dialogue who");

fn said(server: &Server) -> Vec<String> {
    server.authorizations().into_iter().flatten().collect()
}

#[test]
fn two_legs_and_a_last_word() {
    block_on(async {
        let server = Server::start(async |request| match request.authorization() {
            Some("Dialogue me-1") => {
                reply(200, &[("www-authenticate", "Dialogue right")], request.body)
            }
            _ => reply(401, &[WHO], vec![b' '; 60_000]),
        });
        let (session, authentications) = session(&server).await;
        let answer = Client::new(&session)
            .post("/")
            .body("body")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.text().await.unwrap(), "body");
        assert_eq!(said(&server), ["Dialogue hello-1", "Dialogue me-1"]);
        // As schemes need it that authenticate the connection.
        assert_eq!(server.accepted(), 1);
        assert_eq!(authentications.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_wrong_last_word_on_a_200_fails_the_request() {
    block_on(async {
        let server = Server::start(async |_| {
            reply(200, &[("www-authenticate", "Dialogue wrong")], "s3cr3t")
        });
        let (session, _) = session(&server).await;
        let error = Client::new(&session).get("/").send().await.unwrap_err();
        assert_eq!(error.to_string(), "an impostor");
    });
}

#[test]
fn a_refusal_renews_once_and_starts_over() {
    block_on(async {
        let server = Server::start(async |request| match request.authorization() {
            Some("Dialogue hello-1" | "Dialogue hello-2") => reply(401, &[WHO], ""),
            Some("Dialogue me-2") => reply(200, &[], ""),
            _ => reply(401, &[], ""),
        });
        let (session, authentications) = session(&server).await;
        let answer = Client::new(&session).get("/").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let all = ["hello-1", "me-1", "hello-2", "me-2"].map(|word| format!("Dialogue {word}"));
        assert_eq!(said(&server), all);
        assert_eq!(authentications.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_dialogue_without_end_is_ended() {
    block_on(async {
        let server = Server::start(async |_| reply(401, &[WHO], ""));
        let (session, authentications) = session(&server).await;
        let error = Client::new(&session).get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert_eq!(said(&server).len(), 8);
        assert_eq!(authentications.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_streamed_body_ends_the_dialogue_with_the_answer_as_it_is() {
    block_on(async {
        let server = Server::start(async |_| reply(401, &[WHO], ""));
        let (session, _) = session(&server).await;
        let body = http_body_util::Full::new(bytes::Bytes::from("streamed"));
        let request = Client::new(&session).post("/");
        let request = request.streamed_body(reqwest::Body::wrap(body));
        assert_eq!(request.send().await.unwrap().status(), 401);
        assert_eq!(said(&server), ["Dialogue hello-1"]);
    });
}

#[test]
fn nothing_of_it_follows_a_redirect_elsewhere() {
    block_on(async {
        let elsewhere = Server::agreeable();
        let url = elsewhere.url();
        let server = Server::start(move |_| {
            let answer = reply(302, &[("location", &url)], "");
            async { answer }
        });
        let (session, _) = session(&server).await;
        let request = Client::new(&session).get("/");
        // What the backend replaces is no better known elsewhere.
        let request = request.header("x-dialogue", "s3cr3t-own");
        request.send().await.unwrap();
        assert_eq!(said(&server), ["Dialogue hello-1"]);
        assert_eq!(elsewhere.authorizations(), [None]);
        assert!(!format!("{:?}", elsewhere.log()).contains("s3cr3t"));
    });
}

/// Never done with its first request.
#[derive(Debug)]
struct Slow(BasicEnvironment);

#[async_trait]
impl Session for Slow {
    fn scheme(&self) -> &'static str {
        "slow"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::per_request(()))
    }

    async fn authorize(
        &self,
        _: &Credential,
        _: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        std::future::pending().await
    }
}

#[test]
fn a_session_that_is_slow_is_not_the_servers_fault() {
    block_on(async {
        let session = SessionHandle::new(Slow(environment("https://api.example")));
        session.init().await.unwrap();
        let request = Client::new(&session).get("/");
        let limit = std::time::Duration::from_nanos(1);
        let error = request.timeout(limit).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let text = error.to_string();
        assert!(text.contains("session was not ready"), "{text}");
    });
}
