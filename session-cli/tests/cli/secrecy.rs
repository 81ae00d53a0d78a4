//! Neither the client's secret nor a token is seen but on standard output, and there only on demand.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use http::StatusCode;
use session_kit::mock::{Client, Kind, Outage, Provider};
use session_mock::{Leak, Search};

use crate::{run::Ended, scene::Scene};

const SECRET: &str = "s3cr3t:w/th=sp&cial+%ch@rs~";

fn scene() -> Scene {
    let client = Client::new("orders-service", SECRET);
    Scene::with(Provider::builder().client(client).start().unwrap())
}

/// What of the provider's secrets is in a text.
fn leaks(scene: &Scene, text: &str) -> Vec<Leak> {
    let mut secrets = scene.provider.issued();
    secrets.push(SECRET.to_owned());
    Search::new(secrets).leaks(text)
}

#[track_caller]
fn assert_silent(scene: &Scene, text: &str) {
    let leaks = leaks(scene, text);
    assert!(leaks.is_empty(), "{leaks:?} in {text}");
}

/// All that a command logs, at the highest verbosity.
fn logged(scene: &Scene, args: &str) -> Ended {
    let ended = scene.run(&format!("{args} -vvv"));
    assert!(
        ended.stderr.contains("trace: "),
        "nothing was logged: {ended:?}"
    );
    ended
}

#[test]
fn logs_hold_no_secret() {
    let scene = scene();
    for args in [
        "token",
        "token --json",
        "header",
        "request GET orders",
        "request POST orders -d x -i",
    ] {
        let ended = logged(&scene, args);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_silent(&scene, &ended.stderr);
        if args.starts_with("request") {
            assert_silent(&scene, &ended.stdout);
        }
    }
}

#[test]
fn failures_hold_no_secret() {
    let scene = scene();
    let quoting =
        format!(r#"{{"error":"invalid_client","error_description":"{SECRET} is wrong"}}"#);
    let asked_back = Outage::json(StatusCode::UNAUTHORIZED, quoting);
    let outages = [
        asked_back,
        Outage::html(StatusCode::OK),
        Outage::truncated(),
        Outage::reset(),
        Outage::status(StatusCode::BAD_GATEWAY),
    ];
    for outage in outages {
        scene.provider.fail(Kind::Token, outage);
        for args in ["token", "header", "request GET orders"] {
            let ended = logged(&scene, args);
            assert_ne!(ended.code, Some(0), "{ended:?}");
            assert_eq!(ended.stdout, "");
            assert_silent(&scene, &ended.stderr);
        }
    }
}

#[test]
fn renewal_and_revocation_hold_no_secret() {
    let scene = scene();
    scene
        .provider
        .fail_next(Kind::Api, 1, Outage::status(StatusCode::UNAUTHORIZED));
    scene.provider.fail(
        Kind::Revoke,
        Outage::status(StatusCode::SERVICE_UNAVAILABLE),
    );
    let ended = logged(&scene, "request GET orders");
    assert_eq!(scene.provider.count(Kind::Token), 2, "{ended:?}");
    assert_silent(&scene, &ended.stderr);
}

#[test]
fn a_configuration_is_not_quoted() {
    let scene = scene();
    for profiles in [
        format!("profiles.a = {{ backend = \"oauth\", client_secret = \"{SECRET}\" }}"),
        format!("profiles.a = {{ backend = \"oauth\", client_secret = \"{SECRET}\", }} nonsense"),
        format!("profiles.a = {{ backend = \"mock\", token = [\"{SECRET}\"] }}"),
        format!("profiles.a = {{ backend = \"mock\", lifetime = \"{SECRET}\" }}"),
    ] {
        scene.configure(&profiles);
        for args in ["token", "status"] {
            let ended = scene.run(&format!("{args} -vvv"));
            assert_eq!(ended.code, Some(2), "{ended:?}");
            assert_silent(&scene, &ended.stderr);
            assert_silent(&scene, &ended.stdout);
        }
    }
}

#[test]
fn a_planted_secret_is_found() {
    let scene = scene();
    let printed = scene.run("token").quietly();
    for text in [
        printed.as_str(),
        SECRET,
        &STANDARD_NO_PAD.encode(format!("orders-service:{SECRET}")),
    ] {
        assert_ne!(leaks(&scene, &format!("debug: {text}")).len(), 0, "{text}");
    }
}
