//! `cargo xtask fuzz`: has hostile input made, by what the code does with it, for everything that reads what others wrote.

use crate::{
    Result,
    packages::is_on_path,
    workspace::{Workspace, output, run as run_command},
};

/// For how long each target runs, unless it is told otherwise.
pub(crate) const MINUTES: u32 = 10;

/// The folder of the targets, a workspace of its own.
const FOLDER: &str = "fuzz";

/// All there are.
const TARGETS: &[Target] = &[
    Target {
        name: "challenges",
        longest: 4096,
    },
    Target {
        name: "token_answer",
        longest: 4096,
    },
    Target {
        name: "profile",
        longest: 4096,
    },
];

struct Target {
    name: &'static str,
    /// The longest input that is tried, in bytes.
    longest: u32,
}

/// Runs all targets, one after the other, for this long each. What they learn stays in their corpora.
///
/// # Errors
///
/// When there is a finding, with its input in `fuzz/artifacts`; when the tools are missing: with what to do.
pub(crate) fn run(workspace: &Workspace, minutes: u32) -> Result {
    if !is_on_path("cargo-fuzz") {
        return Err("cargo-fuzz is missing: cargo install --locked cargo-fuzz".to_owned());
    }
    if output(workspace.command("cargo").args(["+nightly", "--version"])).is_err() {
        return Err(
            "the fuzzer needs a nightly compiler: rustup toolchain install nightly".to_owned(),
        );
    }
    for Target { name, longest } in TARGETS {
        let mut command = workspace.command("cargo");
        command.args(["+nightly", "fuzz", "run", "--fuzz-dir", FOLDER, name, "--"]);
        command.args([
            format!("-max_total_time={}", u64::from(minutes) * 60),
            format!("-max_len={longest}"),
            "-timeout=10".to_owned(),
            "-print_final_stats=1".to_owned(),
        ]);
        run_command(&mut command)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_there_and_has_seeds() {
        let root = Workspace::here().root().join(FOLDER);
        let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
        for Target { name, .. } in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            assert!(root.join(format!("fuzz_targets/{name}.rs")).is_file());
            let seeds = root.join("corpus").join(name).read_dir().unwrap().count();
            assert!(seeds > 0, "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}
