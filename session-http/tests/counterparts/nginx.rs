//! What nginx tells of itself, and what arrived there.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use session_core::{BasicEnvironment, SessionHandle};
use session_http::reqwest;

use crate::support::{Calls, Tokens};

/// The servers, as their line of JSON describes them.
pub(crate) struct Nginx(Value);

/// What nginx makes of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token {
    Valid,
    Expired,
    Narrow,
    Unknown,
}

/// A request in the access log.
#[derive(Debug)]
pub(crate) struct Arrival(Value);

impl Nginx {
    pub(crate) fn here() -> Self {
        let Ok(path) = std::env::var("SESSION_TEST_NGINX") else {
            panic!(
                "SESSION_TEST_NGINX does not say where nginx is; run `cargo xtask test`, which starts it"
            );
        };
        let line = std::fs::read_to_string(path).unwrap();
        Self(serde_json::from_str(&line).unwrap())
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        let value = self.0[name].as_str();
        value.unwrap_or_else(|| panic!("nginx does not tell {name}"))
    }

    /// The address of one of its servers.
    pub(crate) fn url(&self, server: &str) -> String {
        let url = self.0["urls"][server].as_str();
        url.unwrap_or_else(|| panic!("nginx has no server {server}"))
            .to_owned()
    }

    pub(crate) fn token(&self, token: Token) -> String {
        match token {
            Token::Valid => self.0["valid"][0].as_str().unwrap().to_owned(),
            Token::Expired => self.text("expired").to_owned(),
            Token::Narrow => self.text("narrow").to_owned(),
            Token::Unknown => "s3cr3t-of-nobody".to_owned(),
        }
    }

    /// One whose API this server is.
    pub(crate) fn environment(&self, server: &str) -> BasicEnvironment {
        let environment = BasicEnvironment::new("loopback").ca_file(self.text("ca_pem"));
        environment.service("api", &self.url(server)).unwrap()
    }

    /// An open session, which gets these tokens one after the other.
    pub(crate) async fn session(
        &self,
        environment: BasicEnvironment,
        tokens: &[Token],
    ) -> (SessionHandle, Arc<Calls>) {
        let (backend, calls) = Tokens::new(environment);
        let tokens = tokens.iter().map(|token| self.token(*token)).collect();
        let session = SessionHandle::new(backend.scripted(tokens));
        session.init().await.unwrap();
        (session, calls)
    }

    /// The requests whose URL had this mark.
    pub(crate) async fn arrived(&self, mark: &str) -> Vec<Arrival> {
        // Its only worker logs a request before it turns to the next one.
        let last = bare().get(self.url("evil_plain")).send().await.unwrap();
        last.bytes().await.unwrap();
        let log = std::fs::read_to_string(self.text("log")).unwrap();
        let marked = log.lines().filter(|line| line.contains(mark));
        marked
            .map(|line| Arrival(serde_json::from_str(line).unwrap()))
            .collect()
    }

    /// Tells what is behind nginx to do something.
    pub(crate) async fn control(&self, path: &str) {
        let url = format!("{}{path}", self.text("control"));
        let answer = bare().get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

impl Arrival {
    pub(crate) fn status(&self) -> u64 {
        self.0["status"].as_u64().unwrap()
    }

    /// Server, method, and whether there was an authorization, a cookie, and another header of the session's.
    pub(crate) fn brought(&self) -> (&str, &str, [bool; 3]) {
        let had = |what: &str| self.0[what].as_bool().unwrap();
        (
            self.text("server"),
            self.text("method"),
            ["authorization", "cookie", "csrf_token"].map(had),
        )
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap()
    }

    /// The number of the connection that it came on.
    pub(crate) fn connection(&self) -> u64 {
        self.0["connection"].as_u64().unwrap()
    }
}

/// Something that no other request has, of this run of the tests or of another.
pub(crate) fn mark() -> String {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    format!("of=p{}n{number}x", process::id())
}

/// A client with nothing of a session.
pub(crate) fn bare() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    builder.build().unwrap()
}
