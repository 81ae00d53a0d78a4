//! `cargo xtask tidy`: what no linter checks.

mod features;
mod items;
mod layout;
mod links;
mod manifests;
mod mentions;
mod secrets;
mod sizes;
mod tree;

use std::fmt;

use crate::{Result, print, workspace::Workspace};
use tree::Tree;

type Check = fn(&Tree) -> Vec<Finding>;

/// Each check, and what it is called where it complains.
const CHECKS: &[(&str, Check)] = &[
    ("layout", layout::check),
    ("size", sizes::check),
    ("features", features::check),
    ("manifests", manifests::check),
    ("secrets", secrets::check),
    ("mentions", mentions::check),
    ("links", links::check),
];

/// Checks the workspace.
///
/// # Errors
///
/// If anything but warnings is found.
pub(crate) fn run(workspace: &Workspace) -> Result {
    let root = workspace.root();
    let tree =
        Tree::read(root).map_err(|error| format!("cannot read {}: {error}", root.display()))?;
    let findings = CHECKS
        .iter()
        .flat_map(|(name, check)| check(&tree).into_iter().map(move |found| (*name, found)));
    conclude(
        &tree,
        findings.inspect(|(name, found)| print(&format!("{name}: {found}"))),
    )
    .map(|sum| print(&sum))
}

/// Sums up; with an error among the findings that is an error too.
fn conclude<'a>(tree: &Tree, findings: impl Iterator<Item = (&'a str, Finding)>) -> Result<String> {
    let (warnings, errors): (Vec<_>, Vec<_>) = findings.partition(|(_, found)| found.is_warning);
    let [files, errors, warnings] = [tree.len(), errors.len(), warnings.len()];
    let sum = format!("{files} files: {errors} errors, {warnings} warnings");
    if errors == 0 {
        Ok(sum)
    } else {
        Err(format!("untidy: {sum}"))
    }
}

/// Something to be tidied.
#[derive(Clone, Debug, PartialEq)]
struct Finding {
    path: String,
    /// From 1; 0 for the whole file.
    line: usize,
    what: String,
    is_warning: bool,
}

impl Finding {
    fn error(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
            is_warning: false,
        }
    }

    fn warning(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            is_warning: true,
            ..Self::error(path, line, what)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            what,
            is_warning,
        } = self;
        let severity = if *is_warning { "warning: " } else { "" };
        match line {
            0 => write!(f, "{path}: {severity}{what}"),
            _ => write!(f, "{path}:{line}: {severity}{what}"),
        }
    }
}

/// Lines with their numbers, from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where() {
        let whole = Finding::error("a.rs", 0, "is wrong");
        assert_eq!(whole.to_string(), "a.rs: is wrong");
        let line = Finding::warning("a.rs", 3, "is long");
        assert_eq!(line.to_string(), "a.rs:3: warning: is long");
    }

    #[test]
    fn errors_fail_and_warnings_do_not() {
        let tree = Tree::from([("a.rs", "")]);
        let judge = |findings: Vec<Finding>| {
            conclude(&tree, findings.into_iter().map(|found| ("size", found)))
        };
        let [warning, error] = [
            Finding::warning("a.rs", 0, ""),
            Finding::error("a.rs", 0, ""),
        ];
        assert_eq!(
            judge(vec![warning.clone()]),
            Ok("1 files: 0 errors, 1 warnings".to_owned())
        );
        let sum = "untidy: 1 files: 1 errors, 1 warnings".to_owned();
        assert_eq!(judge(vec![warning, error]), Err(sum));
    }

    #[test]
    fn this_workspace_is_read() {
        let tree = Tree::read(Workspace::here().root()).unwrap();
        assert!(
            tree.contains("xtask/src/tidy.rs")
                && tree.contains(".ci/run")
                && !tree.contains("target")
        );
    }
}
