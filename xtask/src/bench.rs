//! `cargo xtask bench`: builds the benchmarks, which are a workspace of their own, and runs them.

use std::process::Command;

use crate::{
    Result,
    packages::is_on_path,
    python,
    workspace::{Workspace, run as run_command},
};

/// Of the workspace of the benchmarks.
const MANIFEST: &str = "bench/Cargo.toml";

/// Where the tables are kept.
const RESULTS: &str = "bench/results";

/// The part that counts instructions.
const COUNTS_INSTRUCTIONS: &str = "loopback";

/// The part that measures `gs_quant` too, and the variable that tells it which Python has that.
const HAS_PYTHON: &str = "marquee";
const PYTHON: &str = "SESSION_BENCH_PYTHON";

/// Runs the parts that are named, or all; quickly, the tables are printed and not kept.
pub(crate) fn run(workspace: &Workspace, parts: &[String], quick: bool) -> Result {
    let counts = parts.is_empty() || parts.iter().any(|part| part == COUNTS_INSTRUCTIONS);
    if counts && !is_on_path("valgrind") {
        return Err(format!(
            "valgrind counts the instructions of the part `{COUNTS_INSTRUCTIONS}`, and is missing: apt-get install valgrind, or name the other parts"
        ));
    }
    let build = format!("build --locked --release --manifest-path {MANIFEST}");
    run_command(&mut workspace.cargo(&build))?;
    let mut program = program(workspace, parts, quick)?;
    if parts.is_empty() || parts.iter().any(|part| part == HAS_PYTHON) {
        let gs_quant = workspace.counterparts().join("gs-quant");
        python::ensure(workspace, &gs_quant)?;
        program.env(PYTHON, python::program(workspace, &gs_quant)?);
    }
    run_command(&mut program)
}

/// Whether they still compile, without a warning, and do what their own tests say.
pub(crate) fn check(workspace: &Workspace) -> Result {
    let of_bench = |command: &str, rest: &str| {
        run_command(&mut workspace.cargo(&format!("{command} --manifest-path {MANIFEST} {rest}")))
    };
    of_bench("fmt", "--all --check")?;
    of_bench("clippy", "--locked --all-targets -- --deny warnings")?;
    of_bench("test", "--locked")
}

fn program(workspace: &Workspace, parts: &[String], quick: bool) -> Result<Command> {
    let target = workspace.target_of(MANIFEST)?;
    let mut program = Command::new(target.join("release/session-bench"));
    program.current_dir(workspace.root()).args(parts);
    if quick {
        program.arg("--quick");
    }
    program.args(["--into", RESULTS]);
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmarks_are_no_part_of_the_workspace() {
        let workspace = Workspace::here();
        assert!(workspace.root().join(MANIFEST).exists());
        let packages = workspace.packages().unwrap();
        assert!(
            packages
                .iter()
                .all(|package| package.name != "session-bench")
        );
    }
}
