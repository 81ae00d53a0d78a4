//! `session token`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use session_kit::mock::{Kind, Provider};

use crate::scene::Scene;

fn printed(scene: &Scene) -> Value {
    serde_json::from_str(&scene.run("token --json").quietly()).unwrap()
}

/// The time of day.
fn now() -> SystemTime {
    UNIX_EPOCH + UNIX_EPOCH.elapsed().unwrap()
}

#[test]
fn the_token_is_alone_and_stays_valid() {
    let scene = Scene::new();
    let printed = scene.run("token").quietly();
    assert_eq!(printed, format!("{}\n", scene.token()));
    assert_eq!(scene.provider.count(Kind::Token), 1);
    assert_eq!(scene.provider.count(Kind::Revoke), 0);
}

#[test]
fn json_says_all_about_it() {
    let scene = Scene::with(
        Provider::builder()
            .lifetime(Duration::from_secs(600))
            .start()
            .unwrap(),
    );
    let lifetime = Duration::from_secs(600);
    let (before, printed, after) = (now(), printed(&scene), now());
    assert_eq!(printed["access_token"], json!(scene.token()));
    assert_eq!(printed["token_type"], "Bearer");
    assert_eq!(printed["scopes"], json!(["read"]));
    let expires_at = printed["expires_at"].as_str().unwrap();
    assert!(expires_at.ends_with('Z'), "{expires_at}");
    let expires_at = humantime::parse_rfc3339(expires_at).unwrap();
    // It comes in whole seconds, rounded down.
    assert!(expires_at + Duration::from_secs(1) > before + lifetime);
    assert!(expires_at <= after + lifetime);
}

#[test]
fn a_token_that_does_not_say_when_it_expires() {
    let scene = Scene::new();
    scene.provider.set_expires_in(None);
    assert_eq!(printed(&scene)["expires_at"], Value::Null);
}

#[test]
fn the_profile_is_chosen_by_name() {
    let scene = Scene::new();
    let others = r#"
        default = "a"
        profiles.a = { backend = "mock", token = "token-a" }
        profiles.b = { backend = "mock", token = "token-b" }
    "#;
    scene.configure(others);
    for (args, token) in [("token", "token-a\n"), ("token -p b", "token-b\n")] {
        assert_eq!(scene.run(args).quietly(), token);
    }
}
