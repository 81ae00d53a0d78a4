//! `cargo xtask bench`: builds the benchmarks, which are a workspace of their own, and runs them.

use std::{process::Command, slice};

use serde_json::Value;

use crate::{
    Result,
    counterpart::{self, Counterpart},
    packages::{self, Package, is_on_path},
    python,
    running::{self, Running},
    workspace::{Workspace, run as run_command},
};

/// Of the workspace of the benchmarks.
const MANIFEST: &str = "bench/Cargo.toml";

/// Where the tables are kept.
const RESULTS: &str = "bench/results";

/// The parts that count instructions.
const COUNT_INSTRUCTIONS: [&str; 2] = ["loopback", MARQUEE];

/// The part that needs a realm, and to be built by a feature of its name.
const KERBEROS: &str = "kerberos";

/// What that part is built with, and whom it measures.
const FOR_KERBEROS: [&Package; 3] = [
    &Package {
        name: "libkrb5-dev",
        program: "/usr/include/gssapi/gssapi.h",
    },
    &Package {
        name: "libclang-dev",
        program: "/usr/share/doc/libclang-dev/copyright",
    },
    &Package {
        name: "curl",
        program: "curl",
    },
];

/// Where a realm says which file describes it alone, without those that tests need beside it.
const REALM_FILE: &str = "/administration/KRB5_CONFIG";

/// The Python packages that it measures, beside Debian's `python3-gssapi`, and the variable that tells it which Python has them.
const REQUESTS_GSSAPI: &str = "bench/requests-gssapi";
const HAS_REQUESTS_GSSAPI: &str = "SESSION_BENCH_REQUESTS_GSSAPI";

/// The part that measures `gs_quant` too, a counterpart, and the variable that tells it which Python has that.
const MARQUEE: &str = "marquee";
const GS_QUANT: &str = "gs-quant";
const HAS_GS_QUANT: &str = "SESSION_BENCH_GS_QUANT";

/// Runs the parts that are named, or all; quickly, the tables are printed and not kept.
pub(crate) fn run(workspace: &Workspace, parts: &[String], quick: bool) -> Result {
    let is_asked = |name| parts.is_empty() || parts.iter().any(|part| part == name);
    if COUNT_INSTRUCTIONS.into_iter().any(is_asked) && !is_on_path("valgrind") {
        return Err(format!(
            "valgrind counts the instructions of the parts {}, and is missing: apt-get install valgrind, or name the other parts",
            COUNT_INSTRUCTIONS.join(" and ")
        ));
    }
    let mut build = workspace.cargo(&format!(
        "build --locked --release --manifest-path {MANIFEST}"
    ));
    let mut program = program(workspace, parts, quick)?;
    if is_asked(MARQUEE) {
        let gs_quant = workspace.counterparts().join(GS_QUANT);
        python::ensure(workspace, &gs_quant)?;
        program.env(HAS_GS_QUANT, python::program(workspace, &gs_quant)?);
    }
    if !is_asked(KERBEROS) {
        run_command(&mut build)?;
        return run_command(&mut program);
    }
    packages::ensure(workspace, &FOR_KERBEROS)
        .map_err(|error| format!("the part `{KERBEROS}` has {error}\nOr name the other parts."))?;
    let requests_gssapi = workspace.root().join(REQUESTS_GSSAPI);
    python::ensure_beside_debians(workspace, &requests_gssapi)?;
    program.env(
        HAS_REQUESTS_GSSAPI,
        python::program(workspace, &requests_gssapi)?,
    );
    run_command(build.args(["--features", KERBEROS]))?;
    let realm = realm(workspace)?;
    program.env(realm.0.variable, &realm.1.ready_file);
    program.envs(running::environment(&realm.1.ready));
    // As a machine has it: one file. Each more costs MIT's library a quarter of its tokens.
    if let Some(file) = realm.1.ready.pointer(REALM_FILE).and_then(Value::as_str) {
        program.env("KRB5_CONFIG", file);
    }
    run_command(&mut program)
}

fn realm(workspace: &Workspace) -> Result<(&'static Counterpart, Running)> {
    let counterpart = counterpart::named(KERBEROS)?;
    counterpart::prepare(workspace, slice::from_ref(counterpart))?;
    Ok((counterpart, counterpart.start(workspace)?))
}

/// Whether they still compile, without a warning, and do what their own tests say.
pub(crate) fn check(workspace: &Workspace) -> Result {
    packages::ensure(workspace, &FOR_KERBEROS)?;
    let of_bench = |command: &str, rest: &str| {
        run_command(&mut workspace.cargo(&format!("{command} --manifest-path {MANIFEST} {rest}")))
    };
    of_bench("fmt", "--all --check")?;
    of_bench(
        "clippy",
        "--locked --workspace --all-targets --all-features -- --deny warnings",
    )?;
    of_bench("test", "--locked --all-features")
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
