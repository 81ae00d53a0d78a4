//! Where a credential goes: a server that should not get one counts those that it gets.

use std::sync::{Arc, Mutex};

use http::HeaderValue;
use session_core::{BasicEnvironment, ErrorKind, SessionHandle};
use session_http::{Client, blocking};

use crate::support::{Received, Server, Tokens, block_on, environment, open, reply};

fn credentials(server: &Server) -> usize {
    let has_one = |received: &Received| format!("{received:?}").contains("s3cr3t");
    server.log().into_iter().filter(has_one).count()
}

/// What has a request go to the evil one in place of the API, where it is read carelessly.
fn hostile(api: &Server, evil: &Server) -> Vec<String> {
    let (a, e) = (api.address, evil.address);
    let port = e.port();
    vec![
        // Other origins, plainly.
        format!("http://{e}/"),
        format!("HTTP://{e}"),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.0.0.1:{port}/"),
        // Userinfo that looks like a host.
        format!("http://{a}@{e}/"),
        format!("http://{a}%2F@{e}/"),
        format!("http://{a}\\@{e}/"),
        format!("http://{a}#@{e}/"),
        format!("http://{a}?@{e}/"),
        format!("http://user:password@{a}/"),
        format!("http://127.0.0.1:{port}:{port}/"),
        // What URL parsers mend.
        format!("http:{e}/"),
        format!("http:/{e}/"),
        format!("http:///{e}/"),
        format!("http:\\\\{e}\\"),
        format!(" http://{e}/"),
        format!("ht\ttp://{e}/"),
        format!("http:\n//{e}/"),
        // Paths that become hosts.
        format!("//{e}/"),
        format!("///{e}/"),
        format!("/\\{e}/"),
        format!("\\{e}/"),
        format!("\\\\{e}/"),
        format!("/\t/{e}/"),
        format!("\t//{e}/"),
        format!(" //{e}/"),
        format!("@{e}/"),
        format!(":@{e}/"),
        format!(".{e}/"),
        format!(":{port}/"),
        format!("..//{e}/"),
        format!(".//{e}/"),
        format!("/..//{e}/"),
        format!("%2F%2F{e}/"),
        format!("?@{e}/"),
        format!("#@{e}/"),
        // Other schemes.
        format!("https://{e}/"),
        format!("ws://{e}/"),
        format!("ftp://{e}/"),
        format!("file://{e}/"),
        format!("data:{e}"),
        format!("javascript:{e}"),
        // What would split a request.
        format!("/ HTTP/1.1\r\nHost: {e}\r\n\r\n"),
    ]
}

#[test]
fn no_url_takes_a_credential_elsewhere() {
    block_on(async {
        let (api, evil) = (Server::agreeable(), Server::agreeable());
        let (session, _) = open(&format!("{}/v1", api.url())).await;
        let client = Client::new(&session);
        let urls = hostile(&api, &evil);
        let e = evil.address;
        for url in &urls {
            // Whether it is refused or goes to the API, is another test's matter.
            let _ = client.get(url).send().await;
            assert_eq!(credentials(&evil), 0, "{url:?}");
        }
        assert!(evil.log().is_empty());

        // The server can count: where it belongs to the environment, it gets one.
        let both = environment(&api.url())
            .service("other", &evil.url())
            .unwrap();
        let session = SessionHandle::new(Tokens::new(both).0);
        session.init().await.unwrap();
        Client::new(&session)
            .get(&format!("http://{e}/"))
            .send()
            .await
            .unwrap();
        assert_eq!(credentials(&evil), 1);
    });
}

#[test]
fn no_redirect_takes_a_credential_elsewhere() {
    block_on(async {
        let evil = Server::agreeable();
        let location = Arc::new(Mutex::new(String::new()));
        let moved = Arc::clone(&location);
        let api = Server::start(move |request| {
            let to = moved.lock().unwrap().clone();
            let reply = match request.target.strip_prefix("/v1/") {
                Some(status) => reply(status.parse().unwrap(), &[("location", &to)], ""),
                None => reply(200, &[], ""),
            };
            async { reply }
        });
        let (session, _) = open(&format!("{}/v1", api.url())).await;
        let (client, blocking) = (Client::new(&session), blocking::Client::new(&session));
        let mut led = 0;
        for url in hostile(&api, &evil) {
            if url.parse::<HeaderValue>().is_err() {
                continue;
            }
            location.lock().unwrap().clone_from(&url);
            for status in ["301", "302", "303", "307", "308"] {
                let _ = client.get(status).send().await;
                let _ = client.post(status).body("s3cr3t-body").send().await;
                let _ = blocking.get(status).send();
            }
            led += evil.log().len();
            assert_eq!(credentials(&evil), 0, "{url:?}");
        }
        assert!(led > 0, "it was led there, without anything");
    });
}

#[test]
fn no_environment_is_taken_for_another() {
    block_on(async {
        let evil = Server::agreeable();
        let (e, port) = (evil.address, evil.address.port());
        for service in [
            format!("https://127.0.0.1:{port}/"),
            format!("http://127.0.0.1:{}/", port ^ 1),
            format!("http://localhost:{port}/"),
            format!("http://127.0.0.2:{port}/"),
            format!("http://[::1]:{port}/"),
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            "http://127.0.0.1/".to_owned(),
            format!("https://127.0.0.1.{port}.example/"),
            format!("https://example/{e}/"),
            format!("https://example/?{e}"),
        ] {
            // Some are no address of a service at all.
            let Ok(environment) = BasicEnvironment::new("test").service("api", &service) else {
                continue;
            };
            let session = SessionHandle::new(Tokens::new(environment).0);
            session.init().await.unwrap();
            let url = format!("http://{e}/");
            let error = Client::new(&session).get(&url).send().await;
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Forbidden, "{service}");
            assert_eq!(credentials(&evil), 0, "{service}");
        }
        // However it is written, it is the same origin.
        let (session, _) = open(&format!("HTTP://127.0.0.1.:{port}")).await;
        let url = format!("http://0x7f000001:{port}/");
        Client::new(&session).get(&url).send().await.unwrap();
        assert_eq!(credentials(&evil), 1);
    });
}

#[test]
fn forbidden_requests_are_not_sent_at_all() {
    block_on(async {
        let (api, other) = (Server::agreeable(), Server::agreeable());
        let (session, _) = open(&api.url()).await;
        let client = Client::new(&session);
        for url in [
            other.url(),
            "http://example.invalid/".to_owned(),
            "https://example.invalid/".to_owned(),
        ] {
            let error = client.get(&url).send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{url}");
        }
        assert!(api.log().is_empty() && other.log().is_empty());
    });
}

#[test]
fn paths_below_the_service_stay_there() {
    block_on(async {
        let api = Server::agreeable();
        let (session, _) = open(&format!("{}/v1", api.url())).await;
        let client = Client::new(&session);
        for target in ["users", "/users", "./users", "/a/../users", "/%2e/users"] {
            client.get(target).send().await.unwrap();
            assert_eq!(api.log().pop().unwrap().target, "/v1/users", "{target}");
        }
        let sent = api.log().len();
        for target in ["../v2", "/../v2", "a/../../v2", "%2e%2e/v2", "//v2", "\\v2"] {
            let error = client.get(target).send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{target}");
        }
        assert_eq!(api.log().len(), sent);
    });
}

#[test]
fn a_check_finds_what_sending_would_and_needs_no_open_session() {
    block_on(async {
        let api = format!("{}/v1", Server::agreeable().url());
        let (tokens, calls) = Tokens::new(environment(&api));
        let session = SessionHandle::new(tokens);
        let client = Client::new(&session);
        let elsewhere = "https://evil.example/";
        for (request, kind) in [
            (client.get(elsewhere), ErrorKind::Forbidden),
            (
                client.get("http://u:s3cr3t@127.0.0.1/"),
                ErrorKind::Forbidden,
            ),
            (client.get("//evil.example/"), ErrorKind::Forbidden),
            (client.get("../x"), ErrorKind::Forbidden),
            (client.get("ftp://evil.example/"), ErrorKind::Config),
            (client.get("/").header("host", "x"), ErrorKind::Config),
            (client.get("/").header("a b", "s3cr3t"), ErrorKind::Config),
            (Client::current().get("/"), ErrorKind::NoSession),
        ] {
            let found = request.check().unwrap_err();
            assert_eq!(found.kind(), kind, "{found}");
            assert!(!found.to_string().contains("s3cr3t"), "{found}");
        }
        for target in ["", "/users", "?q=1", &api] {
            client.get(target).check().unwrap();
        }
        assert_eq!(calls.made(), [""; 0]);
    });
}
