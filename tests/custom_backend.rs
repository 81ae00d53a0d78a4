//! A backend in a crate of its own, outside of this workspace: exactly what `docs/backends.md` says, and nothing else.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/markdown.rs"]
mod markdown;
#[path = "support/outside.rs"]
mod outside;

use std::{fs, path::Path, process::Command};

use markdown::code_blocks;
use outside::{Outside, run};
use session_mock::{Place, Report};

#[test]
fn a_backend_made_by_the_documentation_works() {
    let workspace = Outside::new("custom_backend");
    let page = include_str!("../docs/backends.md");
    let rust: Vec<_> = code_blocks(page, &["rs", "rust"]).collect();
    let sources = [
        Some("acme-session/src/lib.rs"),
        Some("acme-session/src/session.rs"),
        Some("acme-session/src/backend.rs"),
        Some("app/src/main.rs"),
        // How one talks HTTP, and looks at oneself, is compiled as a part of the documentation.
        None,
        None,
        Some("acme-session/tests/subject/mod.rs"),
        Some("acme-session/tests/conformance.rs"),
        Some("acme-session/tests/leaks.rs"),
    ];
    assert_eq!(rust.len(), sources.len());
    for (source, text) in sources.into_iter().zip(rust) {
        if let Some(source) = source {
            write(&workspace.path(source), &text);
        }
    }
    let profiles = code_blocks(page, &["toml"]).next().unwrap();
    write(&workspace.path("sessions.toml"), &profiles);
    let built = workspace.build("dev");

    let mut app = Command::new(built.file("bin", "app"));
    app.env("SESSION_CONFIG", workspace.path("sessions.toml"));
    assert_eq!(
        run(app.env("ACME_KEY", "k-456")),
        "SessionHandle { name: \"acme\", environment: \"default\", state: Open }\n\
         SessionHandle { name: \"acme\", environment: \"prod\", state: Open }\n"
    );

    let output = app.env_remove("ACME_KEY").output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(
        complaint.contains(
            "sessions.toml:3: profile `acme`: `key`: environment variable `ACME_KEY` is not set"
        ),
        "{complaint}"
    );

    run(&mut Command::new(built.file("test", "requests")));
    for (kit, tests) in [
        ("conformance", Report::PROPERTIES.len()),
        ("leaks", Place::ALL.len()),
    ] {
        let output = run(&mut Command::new(built.file("test", kit)));
        assert!(
            output.contains(&format!("{tests} passed; 0 failed; 0 ignored")),
            "{output}"
        );
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Only what changed, so that cargo builds only that.
    if fs::read(path).unwrap_or_default() != text.as_bytes() {
        fs::write(path, text).unwrap();
    }
}
