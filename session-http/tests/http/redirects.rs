//! Redirects, which are followed by this crate and by no one else.

use session_core::ErrorKind;
use session_http::{Client, RequestBuilder, Response, reqwest};

use crate::support::{Received, Server, block_on, open, reply};

/// Redirects `/STATUS` to `place`, and answers everything else.
fn redirector(place: impl Fn() -> String + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let status = request.target[1..].parse();
        let answer = match status {
            Ok(status) => reply(status, &[("location", &place())], "s3cr3t"),
            Err(_) => reply(200, &[], "arrived"),
        };
        async { answer }
    })
}

fn summary(received: &Received) -> String {
    let body = std::str::from_utf8(&received.body).unwrap();
    let media_type = received.header("content-type").unwrap_or("-");
    format!(
        "{} {} {media_type} {body}",
        received.method, received.target
    )
}

async fn succeeds(request: RequestBuilder) -> Response {
    request.send().await.unwrap().error_for_status().unwrap()
}

#[test]
fn to_the_same_origin_with_method_and_body_by_status() {
    block_on(async {
        let server = redirector(|| "next?q=1".to_owned());
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        for (status, get, post, put) in [
            (301, "GET", "GET", "PUT"),
            (302, "GET", "GET", "PUT"),
            (303, "GET", "GET", "GET"),
            (307, "GET", "POST", "PUT"),
            (308, "GET", "POST", "PUT"),
        ] {
            let target = format!("/{status}");
            for (method, becomes) in [("GET", get), ("POST", post), ("PUT", put)] {
                let mut request = client.request(method.parse().unwrap(), &target);
                if method != "GET" {
                    request = request.json(&7);
                }
                let answer = succeeds(request).await;
                assert_eq!(answer.url().as_str(), format!("{}/next?q=1", server.url()));
                let expected = match becomes {
                    "GET" => "GET /next?q=1 - ".to_owned(),
                    kept => format!("{kept} /next?q=1 application/json 7"),
                };
                let last = server.log().pop().unwrap();
                assert_eq!(summary(&last), expected, "{status} {method}");
                assert_eq!(last.authorization(), Some("Bearer s3cr3t-1"));
            }
        }
    });
}

#[test]
fn to_another_origin_without_anything_of_the_session() {
    block_on(async {
        let elsewhere = Server::agreeable();
        let url = format!("{}/next", elsewhere.url());
        let server = redirector(move || url.clone());
        // Even where the environment would let the credential go there.
        let allowed = crate::support::environment(&server.url())
            .service("other", &elsewhere.url())
            .unwrap();
        let session = session_core::SessionHandle::new(crate::support::Tokens::new(allowed).0);
        session.init().await.unwrap();
        let client = Client::new(&session);
        let mut key: http::HeaderValue = "s3cr3t-own".parse().unwrap();
        key.set_sensitive(true);
        let mut followed = 0;
        for status in [301, 302, 303, 307, 308] {
            for method in ["GET", "POST", "PUT"] {
                let request = client
                    .request(method.parse().unwrap(), &format!("/{status}"))
                    .header("authorization", "Basic s3cr3t-own")
                    .header("cookie", "id=s3cr3t-own")
                    .header("proxy-authorization", "Basic s3cr3t-own")
                    .header("x-csrf-token", "s3cr3t-own")
                    .header("x-key", key.clone())
                    .header("accept", "text/plain");
                let request = if method == "GET" {
                    request
                } else {
                    request.body("s3cr3t-body")
                };
                let loses_body = [(301, "POST"), (302, "POST"), (303, "POST"), (303, "PUT")];
                let keeps_body = method != "GET" && !loses_body.contains(&(status, method));
                match request.send().await {
                    Ok(answer) => {
                        assert!(!keeps_body, "{status} {method}");
                        assert_eq!(answer.status(), 200);
                        followed += 1;
                    }
                    Err(error) => {
                        assert!(keeps_body, "{status} {method}");
                        assert_eq!(error.kind(), ErrorKind::Forbidden);
                    }
                }
                assert_eq!(elsewhere.log().len(), followed);
            }
        }
        assert_eq!(followed, 9);
        for received in elsewhere.log() {
            assert_eq!(received.method, "GET");
            assert_eq!(received.header("accept"), Some("text/plain"));
            assert!(!format!("{received:?}").contains("s3cr3t"), "{received:?}");
        }
    });
}

#[test]
fn a_way_back_does_not_bring_the_credential_back() {
    block_on(async {
        let home = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
        let back = std::sync::Arc::clone(&home);
        let elsewhere = redirector(move || format!("{}/arrived", back.get().unwrap()));
        let away = format!("{}/302", elsewhere.url());
        let server = redirector(move || away.clone());
        home.set(server.url()).unwrap();
        let (session, calls) = open(&server.url()).await;
        succeeds(Client::new(&session).get("/302")).await;
        let sent = [Some("Bearer s3cr3t-1".to_owned()), None];
        assert_eq!(server.authorizations(), sent);
        assert_eq!(elsewhere.authorizations(), [None]);
        assert_eq!(calls.made(), ["init"]);
    });
}

#[test]
fn a_401_from_another_origin_renews_nothing() {
    block_on(async {
        let elsewhere = Server::start(async |_| reply(401, &[("www-authenticate", "Bearer")], ""));
        let url = elsewhere.url();
        let server = redirector(move || url.clone());
        let (session, calls) = open(&server.url()).await;
        let answer = Client::new(&session).get("/302").send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(elsewhere.log().len(), 1);
        assert_eq!(calls.made(), ["init"]);
    });
}

#[test]
fn each_hop_is_authorized_anew() {
    block_on(async {
        let server =
            Server::start(
                async |request| match (&*request.target, request.authorization()) {
                    ("/a", _) => reply(307, &[("location", "/b")], ""),
                    (_, Some("Bearer s3cr3t-1")) => reply(401, &[], ""),
                    _ => reply(200, &[], request.body),
                },
            );
        let (session, _) = open(&server.url()).await;
        let answer = succeeds(Client::new(&session).post("/a").body("body")).await;
        assert_eq!(answer.text().await.unwrap(), "body");
        let tokens = [1, 1, 2].map(|number| Some(format!("Bearer s3cr3t-{number}")));
        assert_eq!(server.authorizations(), tokens);
    });
}

#[test]
fn circles_end() {
    block_on(async {
        let server = redirector(|| "/302".to_owned());
        let (session, _) = open(&server.url()).await;
        let error = Client::new(&session).get("/302").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("more than 10 times"));
        assert_eq!(server.log().len(), 11);
    });
}

#[test]
fn a_streamed_body_cannot_follow() {
    block_on(async {
        let server = redirector(|| "/next".to_owned());
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        let body = || reqwest::Body::wrap(http_body_util::Full::new(bytes::Bytes::from("body")));
        succeeds(client.post("/303").streamed_body(body())).await;
        let request = client.post("/307").streamed_body(body());
        assert_eq!(request.send().await.unwrap_err().kind(), ErrorKind::Config);
    });
}

#[test]
fn an_answer_that_does_not_say_where_to_go_is_the_callers() {
    block_on(async {
        let server = Server::start(async |request| {
            let location: &[_] = match &*request.target {
                "/ftp" => &[("location", "ftp://s3cr3t/")],
                _ => &[],
            };
            reply(302, location, "")
        });
        let (session, _) = open(&server.url()).await;
        let client = Client::new(&session);
        assert_eq!(client.get("/").send().await.unwrap().status(), 302);
        let error = client.get("/ftp").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(!format!("{error:?}").contains("s3cr3t"));
    });
}

#[test]
fn a_refusal_elsewhere_is_not_blamed_on_the_credential() {
    block_on(async {
        for status in [401, 403] {
            let elsewhere = Server::start(move |_| async move { reply(status, &[], "") });
            let url = elsewhere.url();
            let server = redirector(move || url.clone());
            let (session, calls) = open(&server.url()).await;
            let answer = Client::new(&session).get("/302").send().await.unwrap();
            let error = answer.error_for_status().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied);
            let text = error.to_string();
            assert!(
                text.contains("nothing of the session went along") && !text.contains("invalid"),
                "{text}"
            );
            assert_eq!(calls.made(), ["init"]);
            assert_eq!(elsewhere.authorizations(), [None]);
        }
    });
}
