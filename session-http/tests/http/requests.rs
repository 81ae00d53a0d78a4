//! What goes out.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{COOKIE, HOST},
};
use session_core::{ErrorKind, SessionHandle};
use session_http::{Client, reqwest};

use crate::support::{Server, Tokens, block_on, environment, open, reply};

#[test]
fn the_sessions_headers_are_put_on() {
    block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        let request = client
            .get("/x")
            .header("x-own", "1")
            .header("x-own", "2")
            .header("authorization", "Basic own")
            .header("x-csrf-token", "own");
        assert_eq!(request.send().await.unwrap().status(), 200);
        let received = server.log().remove(0);
        assert_eq!(received.authorization(), Some("Bearer s3cr3t-1"));
        assert_eq!(received.header("x-csrf-token"), Some("s3cr3t-csrf-1"));
        assert_eq!(received.headers.get_all("x-own").iter().count(), 2);
        assert_eq!(received.headers.get_all("authorization").iter().count(), 1);
        assert!(received.header("referer").is_none());
    });
}

#[test]
fn headers_can_be_given_together() {
    block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        let several = || {
            let [one, two, other] = ["1", "2", "3"].map(HeaderValue::from_static);
            let mut headers = HeaderMap::new();
            headers.append("x-own", one);
            headers.append("x-own", two);
            headers.append("x-other", other);
            headers
        };
        let request = client.get("/x").headers(several());
        request.send().await.unwrap();
        let request = client.get("/x").header("x-own", "0").headers(several());
        request.send().await.unwrap();
        for (received, own) in server.log().iter().zip(["1 2", "0 1 2"]) {
            let values = received.headers.get_all("x-own").iter();
            let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
            assert_eq!(values.join(" "), own);
            assert_eq!(received.header("x-other"), Some("3"));
            assert_eq!(received.authorization(), Some("Bearer s3cr3t-1"));
        }
        let host = HeaderMap::from_iter([(HOST, HeaderValue::from_static("evil.example"))]);
        let error = client.get("/x").headers(host).check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    });
}

#[test]
fn no_other_origin_gets_secrets_that_were_given_together() {
    block_on(async {
        let other = Server::agreeable();
        let target = format!("{}/there", other.url());
        let server =
            Server::start(move |_| std::future::ready(reply(302, &[("location", &target)], "")));
        let (session, _) = open(&server.url()).await;
        let [cookie, plain] = ["s3cr3t-own=1", "1"].map(HeaderValue::from_static);
        let headers =
            HeaderMap::from_iter([(COOKIE, cookie), (HeaderName::from_static("x-own"), plain)]);
        let request = Client::new(&session).get("/x").headers(headers);
        request.send().await.unwrap();
        let received = other.log().remove(0);
        assert_eq!(received.header("x-own"), Some("1"));
        assert_eq!(received.header("cookie"), None);
    });
}

#[test]
fn a_url_that_has_been_read_is_taken_as_it_is() {
    block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        let to = |url: &str| client.request_to(Method::GET, url.parse().unwrap());
        let request = to(&format!("{}/x?q=1#part", server.url()));
        request.query([("p", "2")]).send().await.unwrap();
        assert_eq!(server.log().remove(0).target, "/x?q=1&p=2");
        for (url, kind) in [
            ("https://evil.example/", ErrorKind::Forbidden),
            ("wss://localhost/", ErrorKind::Config),
            ("data:,x", ErrorKind::Config),
        ] {
            assert_eq!(to(url).send().await.unwrap_err().kind(), kind, "{url}");
        }
    });
}

#[test]
fn methods_targets_queries_and_bodies_arrive() {
    block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&format!("{}/v1", server.url())).await;
        let client = Client::new(&session);
        let query = [("a b", "c&d"), ("e", "ü")];
        let pairs = vec![("k".to_owned(), "v w".to_owned())];
        let stream = reqwest::Body::wrap(http_body_util::Full::new(bytes::Bytes::from("streamed")));
        for request in [
            client.get("/users/self?q=1").query(query),
            client.get("").query(query),
            client.post("jobs").json(&serde_json::json!({"k": [1, 2]})),
            client.put("/jobs/1").form(&pairs),
            client
                .patch("jobs/1")
                .header("content-type", "text/csv")
                .body("a,b"),
            client
                .patch("jobs/1")
                .header("content-type", "application/merge-patch+json")
                .json(&1),
            client.post("upload").streamed_body(stream),
            client.delete("jobs/1"),
            client.head(""),
            client.request(
                "REPORT".parse().unwrap(),
                &format!("{}/elsewhere", server.url()),
            ),
        ] {
            request.send().await.unwrap();
        }
        let received: Vec<_> = server
            .log()
            .into_iter()
            .map(|it| {
                let media_type = it.header("content-type").unwrap_or_default().to_owned();
                let body = String::from_utf8(it.body.to_vec()).unwrap();
                format!("{} {} {media_type} {body}", it.method, it.target)
            })
            .collect();
        assert_eq!(
            received,
            [
                "GET /v1/users/self?q=1&a+b=c%26d&e=%C3%BC  ",
                "GET /v1?a+b=c%26d&e=%C3%BC  ",
                "POST /v1/jobs application/json {\"k\":[1,2]}",
                "PUT /v1/jobs/1 application/x-www-form-urlencoded k=v+w",
                "PATCH /v1/jobs/1 text/csv a,b",
                "PATCH /v1/jobs/1 application/merge-patch+json 1",
                "POST /v1/upload  streamed",
                "DELETE /v1/jobs/1  ",
                "HEAD /v1  ",
                "REPORT /elsewhere  ",
            ]
        );
    });
}

#[test]
fn malformed_requests_are_refused_before_anything_is_sent() {
    block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        let map = std::collections::BTreeMap::from([(vec![1], 1)]);
        for request in [
            client.get("/").header("no name", "x"),
            client.get("/").header("x", "s3cr3t\n"),
            client.get("/").header("Host", "evil.example"),
            client.get("/").header("content-length", "1"),
            client.get("/").header("transfer-encoding", "chunked"),
            client.get("/").json(&map),
        ] {
            let error = request.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error:?}").contains("s3cr3t"));
        }
        assert!(server.log().is_empty());
    });
}

#[test]
fn another_service_can_be_the_base() {
    block_on(async {
        let (api, files) = (Server::agreeable(), Server::agreeable());
        let two = environment(&api.url())
            .service("files", &files.url())
            .unwrap();
        let session = SessionHandle::new(Tokens::new(two).0);
        session.init().await.unwrap();
        let client = Client::builder().session(&session).service("files").build();
        client.get("/f").send().await.unwrap();
        assert_eq!((api.log().len(), files.log().len()), (0, 1));
    });
}

#[test]
fn a_session_that_is_not_open_sends_nothing() {
    block_on(async {
        let server = Server::agreeable();
        let (tokens, calls) = Tokens::new(environment(&server.url()));
        let session = SessionHandle::new(tokens);
        let error = Client::new(&session).get("/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!(server.log().is_empty() && calls.made().is_empty());
    });
}

/// It is moved around, and is a part of the futures of all who wait for it.
#[test]
fn the_future_of_a_request_is_small() {
    let session = block_on(open("https://api.example/")).0;
    let size = size_of_val(&Client::new(&session).get("/").send());
    assert!(size <= 1664, "{size} bytes");
}

#[test]
fn requests_can_be_spawned() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = Server::agreeable();
        let (session, _) = open(&server.url()).await;
        let request = Client::new(&session).get("/");
        let answer = tokio::spawn(async { request.send().await?.text().await });
        assert_eq!(answer.await.unwrap().unwrap(), "ok");
    });
}
