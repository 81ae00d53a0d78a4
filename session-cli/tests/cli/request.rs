//! `session request`

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::Stdio,
};

use http::{StatusCode, header::WWW_AUTHENTICATE};
use serde_json::{Value, json};
use session_kit::{
    http::reqwest::header::HeaderValue,
    mock::{Entry, Kind, Marquee, Outage, Provider},
};

use crate::{
    run::{run, run_with_input},
    scene::Scene,
};

/// What the API saw of a request.
fn seen(printed: &str) -> Value {
    serde_json::from_str(printed).unwrap()
}

/// The requests to the API.
fn calls(scene: &Scene) -> Vec<Entry> {
    scene
        .provider
        .log()
        .into_iter()
        .filter(|entry| entry.kind() == Kind::Api)
        .collect()
}

#[test]
fn the_body_is_printed_as_it_is() {
    let scene = Scene::new();
    let body = "{\"a\":\t1}\u{1b}[31m";
    scene
        .provider
        .fail(Kind::Api, Outage::json(StatusCode::OK, body));
    assert_eq!(scene.run("request GET orders").quietly(), body);
}

#[test]
fn a_path_is_below_the_api_and_a_url_is_taken_as_it_is() {
    let scene = Scene::new();
    let url = scene.provider.api().join("orders").unwrap();
    for target in ["orders", "/orders", url.as_str()] {
        let seen = seen(&scene.run(&format!("request GET {target}")).quietly());
        assert_eq!(
            (&seen["method"], &seen["path"]),
            (&json!("GET"), &json!("/api/orders"))
        );
        assert_eq!(seen["scopes"], json!(["read"]));
    }
}

#[test]
fn with_marquee_it_says_which_program_asks() {
    let marquee = Provider::builder().site(Marquee::new()).start();
    let scene = Scene::with(marquee.unwrap());
    scene.configure(&format!(
        r#"
[profiles.marquee]
backend = "marquee"
client_id = "{id}"
client_secret = {{ file = "secret" }}
application = "desk"
application_version = "1.2"

[profiles.marquee.environment]
name = "test"
auth = "{auth}"
api = "{api}"
"#,
        id = scene.provider.client_id(),
        auth = scene.provider.token_endpoint(),
        api = scene.provider.api(),
    ));
    scene.run("request -p marquee GET /users/self").quietly();
    let [call] = calls(&scene).try_into().unwrap();
    assert_eq!(call.header("x-application").unwrap(), "desk");
    assert_eq!(call.header("x-version").unwrap(), "1.2");
}

#[test]
fn query_and_headers_are_added() {
    let scene = Scene::new();
    let mut command = scene.session("request get /orders?page=1 -q limit=10 --query q=a&b=c");
    command.args(["-H", "X-First: 1", "--header", "Accept: text/csv"]);
    let seen = seen(&run(command).quietly());
    assert_eq!(seen["method"], "GET", "in upper case");
    assert_eq!(seen["query"], "page=1&limit=10&q=a%26b%3Dc");
    let [call] = calls(&scene).try_into().unwrap();
    assert_eq!(call.header("x-first").unwrap(), "1");
    assert_eq!(call.header("accept").unwrap(), "text/csv");
}

#[test]
fn headers_come_from_elsewhere_too() {
    let scene = Scene::new();
    scene.write("headers", "X-First: 1\r\n\nx-second: a: b\n");
    scene
        .run("request GET orders -H @headers -H X-Third:3")
        .quietly();
    run_with_input(scene.session("request GET orders -H @-"), "X-First: 4").quietly();
    let [file, input] = calls(&scene).try_into().unwrap();
    for (name, value) in [("x-first", "1"), ("x-second", "a: b"), ("x-third", "3")] {
        assert_eq!(file.header(name).unwrap(), value);
    }
    assert_eq!(input.header("x-first").unwrap(), "4");
}

#[test]
fn a_body_is_a_text_a_file_or_standard_input() {
    let scene = Scene::new();
    scene.write("body.txt", "from a file\n");
    let text = seen(&scene.run("request POST orders -d text").quietly());
    assert_eq!(
        (&text["method"], &text["body"]),
        (&json!("POST"), &json!("text"))
    );
    assert_eq!(
        text["content_type"],
        Value::Null,
        "nothing is said of its type"
    );
    let file = seen(&scene.run("request PUT orders --data @body.txt").quietly());
    assert_eq!(file["body"], "from a file\n");
    let input = run_with_input(scene.session("request PATCH orders -d @-"), "from a pipe\n");
    assert_eq!(seen(&input.quietly())["body"], "from a pipe\n");
}

#[test]
fn json_is_said_to_be_json() {
    let scene = Scene::new();
    let seen = seen(
        &scene
            .run(r#"request POST orders --json {"n":1.0}"#)
            .quietly(),
    );
    assert_eq!(
        (&seen["body"], &seen["content_type"]),
        (&json!("{\"n\":1.0}"), &json!("application/json"))
    );
    let [call] = calls(&scene).try_into().unwrap();
    assert_eq!(call.header("accept").unwrap(), "application/json");
}

#[test]
fn what_the_caller_says_of_json_counts() {
    let scene = Scene::new();
    let mut command = scene.session("request POST orders --json {}");
    command.args(["-H", "content-type: application/merge-patch+json"]);
    assert_eq!(
        seen(&run(command).quietly())["content_type"],
        "application/merge-patch+json"
    );
}

#[test]
fn what_is_wrong_is_found_before_anything_is_sent() {
    let scene = Scene::new();
    scene.write("secrets", "X-First: 1\nhunter2\n");
    for (args, hint) in [
        (
            "request POST orders --json {",
            "not JSON, at line 1 column 1",
        ),
        ("request POST orders -d @nowhere", "nowhere"),
        ("request GET orders -q limit", "-q limit=10"),
        ("request GET orders -H hunter2", "-H 'Accept: text/csv'"),
        ("request G<T orders", "METHOD"),
        ("request POST orders -d a --json {}", "cannot be used with"),
        ("request GET orders -H @nowhere", "nowhere"),
        ("request GET orders -H @secrets", "-H 'Accept: text/csv'"),
        ("request POST orders -H @- -d @-", "use a file"),
        ("request GET orders -H Host:x", "`Host`"),
        (
            "request GET https://evil.example/x",
            "environment's services",
        ),
        ("request GET http://evil.example/x", "not encrypted"),
        ("request GET //evil.example/x", "`//`"),
        ("request GET ../token", "`..`"),
        ("request GET ftp://evil.example/", "neither https nor http"),
    ] {
        let problem = scene.run(args).failed(2);
        assert!(
            problem.starts_with("error: ") && problem.contains(hint),
            "{problem}"
        );
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    assert_eq!(scene.provider.log().len(), 0);
}

#[test]
fn status_and_headers_are_included_on_demand() {
    let scene = Scene::new();
    let printed = scene.run("request GET orders -i").quietly();
    let (head, body) = printed.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("HTTP/1.1 200 OK"));
    assert!(
        lines
            .clone()
            .any(|line| line == "content-type: application/json"),
        "{head}"
    );
    assert!(
        lines.any(|line| line == format!("content-length: {}", body.len())),
        "{head}"
    );
    assert_eq!(seen(body)["path"], "/api/orders");
}

#[test]
fn a_head_has_no_body() {
    let printed = Scene::new().run("request HEAD orders --include").quietly();
    assert!(
        printed.starts_with("HTTP/1.1 200 OK\r\n") && printed.ends_with("\r\n\r\n"),
        "{printed}"
    );
}

#[test]
fn a_bad_status_comes_after_the_body() {
    let scene = Scene::new();
    for status in [
        "400 Bad Request",
        "404 Not Found",
        "500 Internal Server Error",
    ] {
        let number = &status[..3];
        let ended = scene.run(&format!("request GET status/{number}"));
        assert_eq!(ended.code, Some(22));
        assert_eq!(ended.stdout, format!("{{\"status\":{number}}}"));
        assert_eq!(
            ended.stderr,
            format!("error: 127.0.0.1 answered {status}\n")
        );
    }
    assert_eq!(scene.run("request GET status/204").quietly(), "");
}

#[test]
fn redirects_are_followed() {
    let scene = Scene::new();
    let printed = scene.run("request GET redirect?to=/api/orders").quietly();
    assert_eq!(seen(&printed)["path"], "/api/orders");
}

#[test]
fn a_refused_token_is_renewed_once_and_the_request_repeated() {
    let scene = Scene::new();
    let refusal = Outage::status(StatusCode::UNAUTHORIZED).header(
        WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer error=\"invalid_token\""),
    );
    scene.provider.fail_next(Kind::Api, 1, refusal);
    let printed = scene.run("request POST orders -d again").quietly();
    assert_eq!(seen(&printed)["body"], "again");
    let tokens: Vec<_> = calls(&scene).iter().map(Entry::token).collect();
    assert_eq!(tokens, [Some(1), Some(2)]);
}

#[test]
fn the_session_is_closed_afterwards() {
    let scene = Scene::new();
    scene.run("request GET orders").quietly();
    scene.run("request GET status/404");
    let counts = [Kind::Token, Kind::Api, Kind::Revoke].map(|kind| scene.provider.count(kind));
    assert_eq!(counts, [2, 2, 2]);
}

#[test]
fn a_close_that_fails_is_a_warning() {
    let scene = Scene::new();
    scene.provider.fail(
        Kind::Revoke,
        Outage::status(StatusCode::SERVICE_UNAVAILABLE),
    );
    let ended = scene.run("request GET orders");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(seen(&ended.stdout)["path"], "/api/orders");
    let [warning] = ended.stderr.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(
        warning.starts_with("warning: session `orders` could not be closed"),
        "{warning}"
    );
}

/// The rest of the answer comes only after its start was printed.
#[test]
fn the_body_is_passed_on_as_it_comes() {
    let scene = Scene::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = server.local_addr().unwrap();
    scene.configure(&format!(
        "profiles.a = {{ backend = \"mock\", environment.api = \"http://{api}/\" }}"
    ));

    let mut command = scene.session("request GET events");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (connection, _) = server.accept().unwrap();
    let mut request = BufReader::new(connection.try_clone().unwrap()).lines();
    while request.next().unwrap().unwrap() != "" {}
    let send = |text: &str| (&connection).write_all(text.as_bytes()).unwrap();
    send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nstart");

    let mut start = [0; 5];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut start)
        .unwrap();
    assert_eq!(&start, b"start");
    send("--end");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), &*output.stdout),
        (Some(0), &b"--end"[..])
    );
}

#[test]
fn a_body_that_breaks_off_is_not_taken_for_whole() {
    let scene = Scene::new();
    scene.provider.fail(Kind::Api, Outage::truncated());
    let ended = scene.run("request GET orders");
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(4), "{\"access_token\":\"trunca")
    );
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
}
