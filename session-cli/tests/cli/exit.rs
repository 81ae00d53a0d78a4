//! Exit codes that scripts act on, and the one error that goes with each.

use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use session_kit::mock::{Kind, Outage};
use tokio::net::TcpSocket;

use crate::{
    run::{run, session},
    scene::Scene,
};

/// What was told: nothing but one error and what belongs to it.
#[track_caller]
fn told(stderr: &str) -> String {
    let (first, rest) = stderr.split_once('\n').unwrap();
    assert!(first.starts_with("error: "), "{stderr}");
    assert!(rest.lines().all(|line| line.starts_with("  ")), "{stderr}");
    stderr.to_owned()
}

const COMMANDS: [&str; 3] = ["token", "header", "request GET orders"];

#[test]
fn denied_is_3() {
    let scene = Scene::new();
    scene.write("secret", "not the secret");
    for command in COMMANDS {
        let error = told(&scene.run(command).failed(3));
        assert!(
            error.contains("session-mock") && error.contains("invalid_client"),
            "{error}"
        );
    }
}

#[test]
fn unavailable_is_4() {
    let scene = Scene::new();
    let outage =
        Outage::status(StatusCode::SERVICE_UNAVAILABLE).header(RETRY_AFTER, HeaderValue::from(7));
    scene.provider.fail(Kind::Token, outage);
    for command in COMMANDS {
        let error = told(&scene.run(command).failed(4));
        assert!(error.ends_with("\n  try again: in 7s\n"), "{error}");
    }
}

#[test]
fn a_server_that_is_not_there_is_4() {
    let scene = Scene::new();
    // Bound, so that nobody else gets the port, and not listened on.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    scene.configure(&format!(
        "profiles.a = {{ backend = \"mock\", environment.api = \"http://{address}/\" }}"
    ));
    let error = told(&scene.run("request GET orders").failed(4));
    assert!(error.contains("127.0.0.1"), "{error}");
}

#[test]
fn nonsense_is_1() {
    let scene = Scene::new();
    scene
        .provider
        .fail(Kind::Token, Outage::html(StatusCode::OK));
    for command in COMMANDS {
        let error = told(&scene.run(command).failed(1));
        assert!(!error.contains("<html>"), "{error}");
    }
}

#[test]
fn wrong_usage_is_2() {
    for (args, hint) in [
        (&[][..], "Usage: session"),
        (&["tokens"], "unrecognized subcommand"),
        (&["token", "--jsn"], "--json"),
        (&["request", "GET"], "PATH|URL"),
        (&["--color", "pink", "backends"], "auto, always, never"),
        (&["header", "--url", "orders"], "--url"),
        (&["request", "GET", "x", "Bearer s3cr3t"], "`-H '"),
    ] {
        let usage = run(session(args)).failed(2);
        assert!(usage.contains(hint) && !usage.contains("s3cr3t"), "{usage}");
    }
}

#[test]
fn wrong_configuration_is_2() {
    let scene = Scene::new();
    scene.configure("nonsense");
    for command in ["token", "header", "request GET orders", "status"] {
        told(&scene.run(command).failed(2));
    }
}

#[test]
fn a_bad_http_status_is_22() {
    let ended = Scene::new().run("request GET status/500");
    assert_eq!(ended.code, Some(22));
    told(&ended.stderr);
}
