//! `session status`

use serde_json::{Value, json};

use crate::scene::Scene;

const MOCK: &str = r#"
[profiles.b]
backend = "mock"
environment.name = "qa"
"#;

#[test]
fn profiles_are_listed_and_nothing_is_sent() {
    let scene = Scene::new();
    scene.configure(&format!("default = \"b\"\n{MOCK}{}", scene.orders()));
    let expected = "\
PROFILE  BACKEND  ENVIRONMENT  STATE   EXPIRES
b        mock     qa           closed  -
orders   oauth    prod         closed  -
";
    assert_eq!(scene.run("status").quietly(), expected);
    assert_eq!(scene.provider.log().len(), 0);
}

#[test]
fn json_is_a_list() {
    let scene = Scene::new();
    let printed: Value = serde_json::from_str(&scene.run("status --json").quietly()).unwrap();
    let orders = json!({
        "profile": "orders",
        "backend": "oauth",
        "environment": "prod",
        "state": "closed",
        "expires_at": null,
    });
    assert_eq!(printed, json!([orders]));
}

#[test]
fn one_profile_alone() {
    let scene = Scene::new();
    scene.configure(&format!("{MOCK}{}", scene.orders()));
    let shown = scene.run("status -p b").quietly();
    assert!(
        shown.contains("\nb ") && !shown.contains("orders"),
        "{shown}"
    );
}

#[test]
fn what_is_wrong_with_one_does_not_hide_the_others() {
    let scene = Scene::new();
    scene.configure(&format!("{MOCK}[profiles.a]\nbackend = \"moc\"\n[profiles.c]\nbackend = \"mock\"\nlifetime = \"x\"\n"));
    let ended = scene.run("status");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("\nb        mock "), "{ended:?}");
    let errors: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(errors.len(), 2, "{ended:?}");
    assert!(
        errors[0].starts_with("error: ") && errors[0].contains("`moc`"),
        "{ended:?}"
    );
    assert!(
        errors[1].starts_with("error: ") && errors[1].contains("`lifetime`"),
        "{ended:?}"
    );
}

#[test]
fn a_profile_that_is_not_there_is_an_error_alone() {
    let problem = Scene::new().run("status -p order").failed(2);
    assert!(problem.contains("did you mean `orders`?"), "{problem}");
}
