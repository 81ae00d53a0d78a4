//! Where things are: `lib.rs` is the map and the manual of its crate, and no file is a drawer for
//! the rest.

use super::{
    Finding,
    items::items,
    tree::{Tree, is_test, name},
};

/// Names that say nothing about what is inside.
const DRAWERS: &[&str] = &[
    "common.rs",
    "helper.rs",
    "helpers.rs",
    "misc.rs",
    "prelude.rs",
    "shared.rs",
    "util.rs",
    "utils.rs",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    [roots(tree), maps(tree), drawers(tree)].concat()
}

fn roots(tree: &Tree) -> Vec<Finding> {
    let without = tree.packages().filter(|package| {
        let has = |file| tree.contains(&format!("{}src/{file}", package.folder));
        let programs = format!("{}src/bin/", package.folder);
        let has_programs = || {
            tree.ending(&[".rs"])
                .any(|(path, _)| path.starts_with(&programs))
        };
        !has("lib.rs") && !has("main.rs") && !has_programs()
    });
    without
        .map(|package| {
            Finding::error(
                package.path,
                0,
                "the package has neither src/lib.rs nor src/main.rs, nor programs in src/bin",
            )
        })
        .collect()
}

fn maps(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.packages() {
        let path = format!("{}src/lib.rs", package.folder);
        let Some(text) = tree.get(&path) else {
            continue;
        };
        if !text.starts_with("//!") {
            findings.push(Finding::error(
                &path,
                1,
                "lib.rs begins with the crate's manual, in `//!` lines",
            ));
        }
        for item in items(text).into_iter().filter(|item| !item.is_map()) {
            let start: String = item
                .text
                .lines()
                .next()
                .unwrap_or("")
                .chars()
                .take(40)
                .collect();
            let what = format!(
                "lib.rs holds no logic, only documentation, mod, use and macros: move `{start}`"
            );
            findings.push(Finding::error(&path, item.line, what));
        }
    }
    findings
}

fn drawers(tree: &Tree) -> Vec<Finding> {
    let drawers = tree
        .ending(&[".rs"])
        .filter(|(path, _)| !is_test(path) && DRAWERS.contains(&name(path)));
    drawers
        .map(|(path, _)| Finding::error(path, 0, "the name says nothing: one file, one noun"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: (&str, &str) = ("a/Cargo.toml", "[package]\nname = 'a'");

    #[test]
    fn a_crate_has_a_root() {
        let findings = check(&Tree::from([MANIFEST]));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "a/Cargo.toml");
        assert_eq!(
            check(&Tree::from([MANIFEST, ("a/src/main.rs", "fn main() {}")])),
            []
        );
        assert_eq!(
            check(&Tree::from([MANIFEST, ("a/src/bin/b.rs", "fn main() {}")])),
            []
        );
    }

    #[test]
    fn lib_rs_is_a_map() {
        let map =
            "//! A.\n\n#![no_std]\n\nmod b;\n\n/// C.\npub use b::C;\n\n#[cfg(test)]\nmod tests;\n";
        assert_eq!(check(&Tree::from([MANIFEST, ("a/src/lib.rs", map)])), []);
        let logic = "//! A.\n\nuse b::C;\n\npub fn d() {\n    c();\n}\n";
        let findings = check(&Tree::from([MANIFEST, ("a/src/lib.rs", logic)]));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 5);
        assert!(
            findings[0].what.contains("`pub fn d() {`"),
            "{}",
            findings[0].what
        );
    }

    #[test]
    fn lib_rs_is_a_manual() {
        let findings = check(&Tree::from([MANIFEST, ("a/src/lib.rs", "mod b;\n")]));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("manual"));
    }

    #[test]
    fn no_file_is_a_drawer() {
        let tree = Tree::from([
            ("a/src/utils.rs", ""),
            ("a/src/token.rs", ""),
            ("a/tests/common.rs", ""),
        ]);
        let findings = check(&tree);
        assert_eq!(
            findings
                .iter()
                .map(|finding| finding.path.as_str())
                .collect::<Vec<_>>(),
            ["a/src/utils.rs"]
        );
    }
}
