//! `session doctor`

use http::{StatusCode, header::DATE};
use serde_json::{Value, json};
use session_kit::{
    http::reqwest::header::HeaderValue,
    mock::{Client, Kind, Outage, Provider},
};

use crate::{
    golden::named,
    run::{Ended, run, session},
    scene::Scene,
};

/// What it printed, with what differs from run to run named.
fn told(scene: &Scene, ended: &Ended) -> String {
    let port = scene.provider.api().port().unwrap().to_string();
    let folder = scene.path("");
    let folder = folder.display().to_string();
    named(
        &ended.stdout,
        &[(folder.as_str(), "DIR/"), (port.as_str(), "PORT")],
    )
}

#[test]
fn what_is_well_is_told_line_by_line() {
    let scene = Scene::new();
    let ended = scene.run("doctor");
    assert_eq!(
        told(&scene, &ended),
        "\
HEALTH  WHAT                     FOUND
ok      profile                  `orders` (backend oauth) in DIR/sessions.toml, named by `--config`
ok      environment              `prod`, 1 service
ok      api                      http://127.0.0.1:PORT answers (HTTP/1.1)
ok      clock of api             CLOCK
ok      client secret            secret file `DIR/secret`
ok      issuer                   http://127.0.0.1:PORT/ names its endpoints; tokens are revoked on close
ok      token endpoint           http://127.0.0.1:PORT answers (HTTP/1.1)
ok      clock of token endpoint  CLOCK
ok      authentication           succeeds; the credential expires at TIME
ok      scopes                   all asked for: read
ok      renewal                  by the client's credentials
ok      request                  `127.0.0.1` answers 200 OK

all is well
"
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let counts = [Kind::Token, Kind::Revoke].map(|kind| scene.provider.count(kind));
    assert_eq!(counts, [1, 1], "authenticated once, and closed");
}

#[test]
fn what_is_requested_can_be_named() {
    let scene = Scene::new();
    for command in ["doctor stock", "doctor ./orders"] {
        let told = scene.run(command).quietly();
        assert!(told.contains("`127.0.0.1` answers 200 OK"), "{told}");
    }
}

#[test]
fn a_profile_that_is_named_in_place_of_what_to_request_is_told_and_nothing_is_tried() {
    let scene = Scene::new();
    let ended = scene.run("doctor orders");
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stdout.contains("did you mean `-p orders`?"),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains("all is well"));
    assert_eq!(scene.provider.count(Kind::Token), 0);
}

#[test]
fn what_is_denied_is_told_with_what_to_do() {
    let scene = Scene::new();
    scene.write("secret", "not-the-secret");
    let ended = scene.run("doctor");
    assert_eq!(
        told(&scene, &ended),
        "\
HEALTH   WHAT                     FOUND
ok       profile                  `orders` (backend oauth) in DIR/sessions.toml, named by `--config`
ok       environment              `prod`, 1 service
ok       api                      http://127.0.0.1:PORT answers (HTTP/1.1)
ok       clock of api             CLOCK
ok       client secret            secret file `DIR/secret`
ok       issuer                   http://127.0.0.1:PORT/ names its endpoints; tokens are revoked on close
ok       token endpoint           http://127.0.0.1:PORT answers (HTTP/1.1)
ok       clock of token endpoint  CLOCK
problem  authentication           http://127.0.0.1:PORT/token refused the client credentials grant to client `session-mock`: 401 Unauthorized, `invalid_client` (the client's secret is wrong); check client_id, client_secret and client_auth

1 problem
"
    );
    assert_eq!(ended.code, Some(3));
    assert!(!ended.stdout.contains("not-the-secret"));
}

#[track_caller]
fn complains(ended: &Ended, code: i32, words: &[&str]) {
    for words in words {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    assert_eq!(ended.code, Some(code), "{ended:?}");
}

#[test]
fn what_is_missing_is_found_and_all_else_is_looked_at() {
    let scene = Scene::new();
    std::fs::remove_file(scene.path("secret")).unwrap();
    let ended = scene.run("doctor");
    complains(
        &ended,
        2,
        &[
            "problem  client secret ",
            "authentication           fails for the reason given for client secret",
            "ok       issuer ",
        ],
    );
}

#[test]
fn a_profile_that_is_none_is_a_problem_like_others() {
    let scene = Scene::new();
    complains(
        &scene.run("doctor -p order"),
        2,
        &["problem  profile", "did you mean `orders`?"],
    );
    scene.configure(&scene.orders().replace("client_id", "client_idd"));
    complains(
        &scene.run("doctor"),
        2,
        &["problem  profile", "did you mean `client_id`?"],
    );
    scene.configure("");
    complains(
        &scene.run("doctor"),
        2,
        &["problem  profile", "[profiles.NAME]"],
    );
}

#[test]
fn a_server_that_is_away_is_unavailable() {
    let scene = Scene::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    let orders = scene.orders();
    let issuer = scene.provider.issuer().to_string();
    scene.configure(&orders.replace(
        &format!("issuer = \"{issuer}\""),
        &format!("issuer = \"http://{gone}\""),
    ));
    complains(
        &scene.run("doctor"),
        4,
        &[
            "problem  issuer",
            "authentication  fails for the reason given for issuer",
        ],
    );
}

#[test]
fn what_the_api_says_to_the_credential_counts() {
    for (status, code, words) in [
        (StatusCode::UNAUTHORIZED, 3, "problem  request"),
        (StatusCode::SERVICE_UNAVAILABLE, 4, "problem  request"),
        (StatusCode::FORBIDDEN, 0, "it works, with 1 warning"),
    ] {
        let scene = Scene::new();
        scene.provider.fail(Kind::Api, Outage::status(status));
        let ended = scene.run("doctor stock");
        complains(&ended, code, &[words, status.as_str()]);
    }
}

#[test]
fn a_clock_that_is_wrong_is_a_warning() {
    let scene = Scene::new();
    let past = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
    let outage = Outage::status(StatusCode::OK).header(DATE, past);
    scene.provider.fail(Kind::Other, outage);
    let ended = scene.run("doctor");
    complains(
        &ended,
        0,
        &[
            "warning  clock of api",
            " behind this machine's",
            "-> set the one",
        ],
    );
}

#[test]
fn what_was_not_granted_is_a_warning() {
    let scene = Scene::new();
    let granted = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600,"scope":"read"}"#;
    scene
        .provider
        .fail(Kind::Token, Outage::json(StatusCode::OK, granted));
    scene.configure(
        &scene
            .orders()
            .replace("[\"read\"]", "[\"read\", \"write\"]"),
    );
    let ended = scene.run("doctor");
    assert!(ended.stdout.contains("warning  scopes"), "{ended:?}");
    assert!(ended.stdout.contains("did not grant write"), "{ended:?}");
}

#[test]
fn json_has_all_that_the_table_has() {
    let scene = Scene::new();
    scene
        .provider
        .fail(Kind::Api, Outage::status(StatusCode::FORBIDDEN));
    let ended = scene.run("doctor --json stock");
    assert_eq!(ended.code, Some(0));
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    let found = found.as_array().unwrap();
    let keys: Vec<_> = found[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["detail", "health", "remedy", "what"]);
    assert_eq!(found[0]["what"], "profile");
    assert_eq!(found[0]["remedy"], Value::Null);
    let last = found.last().unwrap();
    assert_eq!(
        (&last["what"], &last["health"]),
        (&json!("request"), &json!("warning"))
    );
    assert!(last["remedy"].as_str().unwrap().contains("access"));
    let bad = scene.run("doctor --json -p nobody");
    assert_eq!(bad.code, Some(2));
    let found: Value = serde_json::from_str(&bad.stdout).unwrap();
    assert_eq!(found[0]["health"], "problem");
}

#[test]
fn a_mock_says_that_it_is_one() {
    let scene = Scene::new();
    scene
        .configure("[profiles.m]\nbackend = \"mock\"\nenvironment.api = \"http://127.0.0.1:9/\"\n");
    let ended = scene.run("doctor");
    assert!(ended.stdout.contains("warning  mock"), "{ended:?}");
    assert!(ended.stdout.contains("problem  api"), "{ended:?}");
    assert_eq!(ended.code, Some(4));
}

#[test]
fn colors_mark_how_things_are() {
    let scene = Scene::new();
    assert!(!scene.run("doctor").stdout.contains('\u{1b}'));
    let colored = scene.run("doctor --color always").stdout;
    assert!(
        colored.contains("\u{1b}[32mok    \u{1b}[0m  profile"),
        "{colored}"
    );
}

#[test]
fn nothing_that_is_told_is_secret() {
    const SECRET: &str = "s3cr3t:w/th=sp&cial+%ch@rs~";
    let client = Client::new("orders-service", SECRET);
    let scene = Scene::with(Provider::builder().client(client).start().unwrap());
    for args in ["doctor -vvv", "doctor --json -vvv"] {
        let ended = scene.run(args);
        for secret in scene
            .provider
            .issued()
            .into_iter()
            .chain([SECRET.to_owned()])
        {
            assert!(!ended.stdout.contains(&secret) && !ended.stderr.contains(&secret));
        }
    }
}

#[test]
fn help_says_what_it_does() {
    let help = run(session(["doctor", "--help"])).quietly();
    for words in ["what to do", "[PATH|URL]", "--json", "tried once"] {
        assert!(help.contains(words), "{help}");
    }
}
