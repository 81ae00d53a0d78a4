//! Help, versions, and what `-v` says.

use crate::{
    run::{run, session},
    scene::Scene,
};

#[test]
fn help_names_commands_and_exit_codes() {
    let help = run(session(["--help"])).quietly();
    for word in [
        "demo",
        "backends",
        "token",
        "header",
        "request",
        "status",
        "doctor",
        "--config",
        "--color",
        "Exit codes:",
        "22",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn each_command_has_help() {
    for command in [
        "demo", "backends", "token", "header", "request", "status", "doctor",
    ] {
        let help = run(session([command, "--help"])).quietly();
        assert!(
            help.contains(&format!("Usage: session {command}")),
            "{help}"
        );
    }
}

#[test]
fn the_version_is_the_packages() {
    let expected = concat!("session ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(session(["--version"])).quietly(), expected);
}

#[test]
fn more_is_said_on_standard_error_on_demand() {
    let scene = Scene::new();
    let said = |verbosity: &str| {
        let ended = scene.run(&format!("token {verbosity}"));
        assert_eq!(
            (ended.code, ended.stdout.lines().count()),
            (Some(0), 1),
            "{ended:?}"
        );
        ended.stderr
    };
    assert_eq!(said(""), "");
    let brief = said("-v");
    assert!(
        brief.lines().all(|line| line.starts_with("info: ")),
        "{brief}"
    );
    assert!(
        brief.contains("authenticated") && brief.contains("environment=\"prod\""),
        "{brief}"
    );
    let detailed = said("-vv");
    assert!(
        detailed.contains("\ndebug: ") && !detailed.contains("\ntrace: "),
        "{detailed}"
    );
    assert!(said("-vvv").contains("\ntrace: "));
}
