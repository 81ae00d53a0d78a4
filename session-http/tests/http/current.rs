//! The client that follows the current session.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, Credential, Environment, ErrorKind, Result, Session, SessionHandle,
    WithSession,
};
use session_http::Client;

use crate::support::{Server, block_on, environment, open};

#[test]
fn each_request_goes_to_the_session_current_when_it_is_sent() {
    block_on(async {
        let (first, second) = (Server::agreeable(), Server::agreeable());
        let (one, _) = open(&format!("{}/one", first.url())).await;
        let (two, _) = open(&format!("{}/two", second.url())).await;
        let client = Client::current();
        let request = client.get("/x");
        client.get("/a").send().with_session(&one).await.unwrap();
        one.scope(two.scope(client.get("/b").send())).await.unwrap();
        one.scope(request.send()).await.unwrap();
        let targets =
            |server: &Server| -> Vec<_> { server.log().into_iter().map(|it| it.target).collect() };
        assert_eq!(targets(&first), ["/one/a", "/one/x"]);
        assert_eq!(targets(&second), ["/two/b"]);
    });
}

#[test]
fn without_a_current_session_nothing_is_sent() {
    let error = block_on(Client::current().get("http://localhost/").send()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSession);
}

#[test]
fn a_session_is_not_kept_alive_and_its_successor_is_told_apart() {
    block_on(async {
        let server = Server::agreeable();
        let client = Client::current();
        // Each may be where the one before was.
        for _ in 0..10 {
            let (session, _) = open(&server.url()).await;
            let answer = session.scope(client.get("/").send()).await.unwrap();
            answer.bytes().await.unwrap();
            server.until_open(1).await;
            session.close().await.unwrap();
            server.until_open(0).await;
        }
    });
}

/// A backend that uses the very client that asks how to connect for it.
#[derive(Debug)]
struct Curious {
    environment: BasicEnvironment,
    client: Client,
    has_asked: AtomicBool,
}

#[async_trait]
impl Session for Curious {
    fn scheme(&self) -> &'static str {
        "curious"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    fn pins_connection(&self) -> bool {
        if !self.has_asked.swap(true, Ordering::SeqCst) {
            self.client.get("/").check().unwrap();
        }
        false
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::per_request(()))
    }
}

#[test]
fn a_backend_may_use_the_client_that_asks_it() {
    block_on(async {
        let client = Client::current();
        let session = SessionHandle::new(Curious {
            environment: environment("https://api.example"),
            client: client.clone(),
            has_asked: AtomicBool::new(false),
        });
        let checked = session.enter(async { client.get("/").check() });
        checked.await.unwrap().unwrap();
    });
}
