//! `--color`

use crate::{
    run::{run, session},
    scene::Scene,
};

const ESCAPE: char = '\u{1b}';

#[test]
fn colors_are_for_terminals() {
    let scene = Scene::new();
    for args in [
        "status",
        "backends",
        "--color auto status",
        "--color never status",
    ] {
        assert!(!scene.run(args).quietly().contains(ESCAPE), "{args}");
    }
    assert!(!scene.run("token -p nobody").failed(2).contains(ESCAPE));
}

#[test]
fn colors_can_be_had_anywhere() {
    let scene = Scene::new();
    for args in ["--color always status", "backends --color always"] {
        assert!(scene.run(args).quietly().contains(ESCAPE), "{args}");
    }
    assert!(
        scene
            .run("token -p nobody --color=always")
            .failed(2)
            .contains(ESCAPE)
    );
    let mut command = session(["backends", "--color", "always"]);
    command.env("NO_COLOR", "1");
    assert!(
        run(command).quietly().contains(ESCAPE),
        "what is typed counts"
    );
}

#[test]
fn data_has_no_color() {
    let scene = Scene::new();
    for args in [
        "token",
        "header",
        "request GET orders -i",
        "status --json",
        "backends --json",
    ] {
        assert!(
            !scene
                .run(&format!("{args} --color always"))
                .quietly()
                .contains(ESCAPE),
            "{args}"
        );
    }
}
