//! What the documents say is so.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "support/markdown.rs"]
mod markdown;

use std::{fs, path::Path};

use markdown::code_blocks;
use session_kit::{Profiles, backends};

const PROFILES: &str = include_str!("../docs/profiles.md");
const KERBEROS: &str = include_str!("../docs/kerberos.md");
const MARQUEE: &str = include_str!("../docs/marquee.md");
const ARCHITECTURE: &str = include_str!("../ARCHITECTURE.md");

#[test]
fn every_key_of_every_backend_is_documented() {
    for backend in backends() {
        let title = format!("## Backend `{}`\n", backend.name());
        assert!(PROFILES.contains(&title), "{title}");
        for key in backend.keys() {
            let required = if key.is_required() { ", required" } else { "" };
            let row = format!("| `{}` | {}{required} | ", key.name(), key.kind().as_str());
            assert!(PROFILES.contains(&row), "{}: {row}", backend.name());
        }
    }
}

#[test]
fn profiles_in_the_documentation_open() {
    let mut opened = 0;
    let blocks = code_blocks(PROFILES, &["toml"]).chain(code_blocks(KERBEROS, &["toml"]));
    for block in blocks {
        let profiles = Profiles::from_toml(&block, "sessions.toml").unwrap();
        for name in profiles.names() {
            profiles.open(name).unwrap();
            opened += 1;
        }
    }
    assert_eq!(opened, 10);
}

#[test]
fn the_program_about_kerberos_is_the_example() {
    let example = include_str!("../examples/kerberos.rs");
    let program = code_blocks(KERBEROS, &["rust"]).next().unwrap();
    let (_, example) = example.split_once("terminal program\")]\n\n").unwrap();
    assert_eq!(program, example);
}

#[test]
fn every_invariant_has_tests_that_are_there() {
    let (_, invariants) = ARCHITECTURE.split_once("\n## Invariants\n").unwrap();
    let (invariants, _) = invariants.split_once("\n## ").unwrap();
    let sources = sources(Path::new(env!("CARGO_MANIFEST_DIR")));
    let items: Vec<_> = invariants.split(". **").skip(1).collect();
    assert_eq!(items.len(), 12);
    for item in items {
        let named: Vec<_> = item
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| is_test_name(code))
            .collect();
        assert!(!named.is_empty(), "no test is named for: {item}");
        for name in named {
            assert!(
                sources.contains(&format!("fn {name}(")),
                "there is no test `{name}`"
            );
        }
    }
}

#[test]
fn the_way_from_gs_quant_names_tests_that_are_there() {
    let sources = sources(Path::new(env!("CARGO_MANIFEST_DIR")));
    let named = MARQUEE.lines().filter(|line| line.starts_with('|'));
    let shown_by = named.filter_map(|line| line.trim_end_matches(" |").rsplit(" | ").next());
    let mut tests = 0;
    for name in shown_by.flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
        if is_test_name(name) {
            assert!(
                sources.contains(&format!("fn {name}(")),
                "there is no test `{name}`"
            );
            tests += 1;
        }
    }
    assert!(tests > 60, "{tests}");
}

/// Tests are called by a sentence.
fn is_test_name(code: &str) -> bool {
    code.matches('_').count() > 1
        && code
            .chars()
            .all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// All Rust files below a folder, as one text.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        if path.is_dir() {
            let is_ours = name != "target"
                && name != "node_modules"
                && !name.to_string_lossy().starts_with('.');
            text += &if is_ours {
                sources(&path)
            } else {
                String::new()
            };
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(&path).unwrap();
        }
    }
    text
}
