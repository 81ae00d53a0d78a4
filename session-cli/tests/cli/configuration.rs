//! Errors in `sessions.toml`: each names file, line and remedy.

use std::fs;

use crate::{
    run::{run, session},
    scene::Scene,
};

#[test]
fn errors_name_file_line_and_remedy() {
    let scene = Scene::new();
    for (profiles, line, hints) in [
        (
            "[profiles.a]\nbackend = \"oauth\"\nclient_ld = \"x\"\n",
            3,
            &["client_ld", "did you mean", "client_id"][..],
        ),
        (
            "[profiles.a]\nbackend = \"oauht\"\n",
            2,
            &["oauht", "did you mean `oauth`?"],
        ),
        (
            "[profiles.a]\nbackend = \"smoke-signals\"\n",
            2,
            &["smoke-signals", "linked are kerberos, marquee, mock, oauth"],
        ),
        (
            "[profiles.a]\nbackend = \"mock\"\nlifetime = true\n",
            3,
            &["lifetime", "a duration"],
        ),
        (
            "\n[profiles.a]\nbackend = \"oauth\"\nclient_id = \"x\"\n",
            2,
            &["client_secret", "is missing; add it"],
        ),
        ("[profiles.a\n", 1, &[]),
    ] {
        scene.configure(profiles);
        let error = scene.run("token").failed(2);
        let place = format!("sessions.toml:{line}");
        for hint in hints.iter().copied().chain([place.as_str()]) {
            assert!(error.contains(hint), "{hint:?} is not in {error}");
        }
    }
}

#[test]
fn an_environment_variable_names_the_file_unless_the_command_does() {
    let scene = Scene::new();
    let mut command = session(["status"]);
    command.env("SESSION_CONFIG", scene.path("sessions.toml"));
    assert!(run(command).quietly().contains("orders"));
    scene.write("other.toml", "profiles.other = { backend = \"mock\" }");
    let mut command = session(["status", "--config"]);
    command
        .arg(scene.path("other.toml"))
        .env("SESSION_CONFIG", scene.path("sessions.toml"));
    assert!(run(command).quietly().contains("other"));
}

#[test]
fn without_either_it_is_in_the_users_folder() {
    let scene = Scene::new();
    let mut missing = session(["status"]);
    missing.env("XDG_CONFIG_HOME", scene.path("config"));
    let error = run(missing).failed(2);
    assert!(
        error.contains("session-kit") && error.contains("there is no such file; create it"),
        "{error}"
    );
    if cfg!(unix) {
        fs::create_dir_all(scene.path("config/session-kit")).unwrap();
        scene.write(
            "config/session-kit/sessions.toml",
            "profiles.home = { backend = \"mock\" }",
        );
        let mut found = session(["status"]);
        found.env("XDG_CONFIG_HOME", scene.path("config"));
        assert!(run(found).quietly().contains("home"));
    }
}

#[test]
fn several_profiles_need_a_choice() {
    let scene = Scene::new();
    scene.configure("profiles.a.backend = \"mock\"\nprofiles.b.backend = \"mock\"");
    let error = scene.run("token").failed(2);
    assert!(error.contains("choose one of `a`, `b`"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_a_warning() {
    let scene = Scene::new();
    scene.configure("profiles.a = { backend = \"mock\", token = \"hunter2\" }");
    scene.allow("sessions.toml", 0o644);
    let ended = scene.run("token");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "hunter2\n"));
    assert!(
        ended.stderr.starts_with("warning: ") && ended.stderr.contains("chmod 600"),
        "{ended:?}"
    );
}
