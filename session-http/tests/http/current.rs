//! The client that follows the current session.

use session_core::{ErrorKind, WithSession};
use session_http::Client;

use crate::support::{Server, block_on, open};

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
