//! The binding to Kerberos libraries, under valgrind: whether it reads, writes and frees what it may.

use std::{fs, process::Command};

use crate::{
    Result,
    packages::{self, Package},
    workspace::Workspace,
};

const VALGRIND: Package = Package {
    name: "valgrind",
    program: "valgrind",
};

/// One test at a time, for all of them together are slow there; and none of those that are about crowds, whose servers and clients lose
/// patience.
const TESTS: &str = "test --package session-kerberos --all-features --lib --test counterparts";
const ARGUMENTS: &[&str] = &["--", "--test-threads=1", "--skip", "a_hundred_"];

/// What is lost for good counts. What is merely still there when the process ends does not: libraries are never unloaded, and threads end
/// with the process.
const OPTIONS: &[&str] = &[
    "--quiet",
    "--error-exitcode=9",
    "--fair-sched=yes",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--num-callers=40",
];

/// What libraries do wrong themselves, each with its reason.
const SUPPRESSIONS: &str = "xtask/valgrind.supp";

/// What runs those tests, once it is told where the counterparts are.
///
/// # Errors
///
/// If valgrind is missing and cannot be installed, or its list of suppressions cannot be read.
pub(crate) fn tests(workspace: &Workspace) -> Result<Command> {
    packages::ensure(workspace, &[&VALGRIND])?;
    let suppressions = workspace.root().join(SUPPRESSIONS);
    fs::metadata(&suppressions)
        .map_err(|error| format!("cannot read {}: {error}", suppressions.display()))?;
    let mut tests = workspace.cargo(TESTS);
    let runner = runner(&suppressions.display().to_string());
    tests.args(["--config", &runner]).args(ARGUMENTS);
    Ok(tests)
}

/// Has cargo run tests by valgrind, whatever the machine.
fn runner(suppressions: &str) -> String {
    let suppressions = format!("--suppressions={suppressions}");
    let words = ["valgrind"].iter().chain(OPTIONS).copied();
    let words: Vec<&str> = words.chain([suppressions.as_str()]).collect();
    format!("target.'cfg(unix)'.runner={words:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_is_toml_that_cargo_reads() {
        let table: toml::Table = runner("/a folder/x.supp").parse().unwrap();
        let words = table["target"]["cfg(unix)"]["runner"].as_array().unwrap();
        assert_eq!(words.first().unwrap().as_str(), Some("valgrind"));
        let last = words.last().unwrap().as_str();
        assert_eq!(last, Some("--suppressions=/a folder/x.supp"));
    }
}
