//! Which programs have a backend registered.
//!
//! Backends register themselves at link time, which works as far as the linker keeps what does it. So small programs
//! are built here in each form and each way, run, and asked.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/outside.rs"]
mod outside;

use std::{process::Command, sync::LazyLock};

use outside::{Outside, run};

static WORKSPACE: LazyLock<Outside> = LazyLock::new(|| Outside::new("linking"));

/// Ways to link a backend, and what programs say that open sessions of it.
const WAYS: &[(&str, &[&str])] = &[
    (
        "dependency_only",
        &[
            "there is no backend `trivial`; no backend is linked; link the backend's crate: by its feature of session-kit, or by `use its_crate as _;`",
        ],
    ),
    ("use_as", &["opened trivial"]),
    ("extern_crate", &["opened trivial"]),
    (
        "facade",
        &[
            "opened mock",
            "there is no backend `oauth`; linked are mock; enable the feature `oauth` of session-kit",
        ],
    ),
];

#[test]
fn in_dev_builds() {
    check("dev");
}

#[test]
fn in_release_builds() {
    check("release");
}

#[test]
fn in_builds_with_fat_link_time_optimization() {
    check("fat");
}

fn check(profile: &str) {
    let built = WORKSPACE.build(profile);
    for (way, expected) in WAYS {
        for form in ["bin", "example", "test"] {
            let mut program = Command::new(built.file(form, way));
            if form == "test" {
                program.arg("--nocapture");
            }
            assert_eq!(
                said(&mut program),
                *expected,
                "{way} as {form} in {profile}"
            );
        }
    }
    #[cfg(target_os = "linux")]
    for way in ["static_facade", "static_mention"] {
        assert_eq!(
            said(&mut linked_by_cc(&built, way, profile)),
            ["registered"],
            "{way} in {profile}"
        );
    }
}

/// A C program with this static library.
#[cfg(target_os = "linux")]
fn linked_by_cc(built: &outside::Built, library: &str, profile: &str) -> Command {
    let program = WORKSPACE.path(&format!("{library}-{profile}"));
    let mut cc = Command::new("cc");
    cc.arg(WORKSPACE.path("main.c"))
        .arg(built.file("staticlib", library))
        .arg("-o")
        .arg(&program);
    // What `rustc --print native-static-libs` says.
    run(cc.args([
        "-lgcc_s",
        "-lutil",
        "-lrt",
        "-lpthread",
        "-lm",
        "-ldl",
        "-lc",
    ]));
    Command::new(program)
}

/// What a program says, among other things that it may print.
fn said(program: &mut Command) -> Vec<String> {
    let output = run(program);
    let lines = output.lines().filter_map(|line| line.split_once("=> "));
    lines.map(|(_, said)| said.to_owned()).collect()
}
