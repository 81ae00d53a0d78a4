//! `cargo xtask ci`: everything that a change must pass, cheapest first.

use crate::{
    Result, bare, bench, dependencies,
    packages::is_on_path,
    steps::Steps,
    tidy,
    workspace::{Package, Workspace, output, run as run_command},
};

const CLIPPY: &str = "clippy --locked --workspace --all-targets --all-features -- --deny warnings";
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Runs all steps, also after one that failed, and sums up.
pub(crate) fn run(workspace: &Workspace, long: bool) -> Result {
    let mut steps = Steps::begin();
    if steps.run("components", || components(workspace)).is_some() {
        steps.run("formatting", || {
            run_command(&mut workspace.cargo("fmt --all --check"))
        });
        steps.run("tidy", || tidy::run(workspace));
        steps.run("clippy", || run_command(&mut workspace.cargo(CLIPPY)));
        steps.run("each feature alone", || each_feature(workspace));
        steps.run("documentation", || documentation(workspace));
        check_dependencies(&mut steps, workspace, long);
        // As the README has it, so that what it says is tested.
        let test = if long {
            "xtask test --long"
        } else {
            "xtask test"
        };
        steps.run("tests", || run_command(&mut workspace.cargo(test)));
        if long {
            steps.run("benchmarks", || bench::check(workspace));
            steps.run("mutation tests", || mutants(workspace));
            match bare::obstacle() {
                None => drop(steps.run("without Kerberos", || bare::run(workspace))),
                Some(obstacle) => steps.leave_out("without Kerberos", obstacle),
            }
        } else {
            // What they are compared with takes long to build.
            steps.leave_out("benchmarks", "part of `cargo xtask ci --long`");
            steps.leave_out(
                "without Kerberos",
                "on a machine that has none, part of `cargo xtask ci --long`",
            );
        }
    }
    steps.end()
}

fn components(workspace: &Workspace) -> Result {
    for (command, component) in [("fmt --version", "rustfmt"), ("clippy --version", "clippy")] {
        output(&mut workspace.cargo(command)).map_err(|error| {
            format!("{component} is missing: rustup component add {component}\n{error}")
        })?;
    }
    Ok(())
}

/// No feature may lean on another that happens to be on elsewhere.
fn each_feature(workspace: &Workspace) -> Result {
    for package in workspace.packages()? {
        for arguments in alone(&package) {
            run_command(&mut workspace.cargo(&arguments))?;
        }
    }
    Ok(())
}

fn alone(package: &Package) -> Vec<String> {
    // Clippy rather than check: it also says what a missing feature leaves unused, and shares what
    // it builds.
    let clippy = |features: &str| {
        format!(
            "clippy --locked --package {} --no-default-features {features} -- --deny warnings",
            package.name
        )
    };
    let features = package
        .features
        .iter()
        .map(|feature| clippy(&format!("--features {feature}")));
    [clippy("")].into_iter().chain(features).collect()
}

fn documentation(workspace: &Workspace) -> Result {
    let mut doc = workspace.cargo("doc --locked --workspace --no-deps --all-features");
    run_command(doc.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Licences, bans and sources; in its long form by cargo-deny too, and known vulnerabilities where their database
/// can be had.
fn check_dependencies(steps: &mut Steps, workspace: &Workspace, long: bool) {
    steps.run("dependencies", || dependencies::check(workspace));
    if !long {
        steps.leave_out("advisories", "part of `cargo xtask ci --long`");
        return;
    }
    steps.run("cargo-deny", || {
        install(workspace, "cargo-deny")?;
        run_command(
            &mut workspace.cargo("deny --locked --all-features check bans licenses sources"),
        )
    });
    let mut database = workspace.command("git");
    if output(database.args(["ls-remote", ADVISORIES, "HEAD"])).is_err() {
        steps.leave_out(
            "advisories",
            &format!("{ADVISORIES} cannot be reached: cargo deny check advisories"),
        );
    } else {
        steps.run("advisories", || {
            run_command(&mut workspace.cargo("deny --locked check advisories"))
        });
    }
}

fn mutants(workspace: &Workspace) -> Result {
    install(workspace, "cargo-mutants")?;
    let target = workspace.target()?;
    run_command(
        workspace
            .cargo("mutants --package session-core --all-features --output")
            .arg(target),
    )
}

fn install(workspace: &Workspace, program: &str) -> Result {
    if is_on_path(program) {
        Ok(())
    } else {
        run_command(workspace.cargo("install --locked").arg(program))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_is_tried_alone_and_none_too() {
        let features = ["default", "tls"].map(str::to_owned).into();
        let commands = alone(&Package {
            name: "a".to_owned(),
            features,
        });
        let expected = ["", "--features default", "--features tls"].map(|features| {
            format!(
                "clippy --locked --package a --no-default-features {features} -- --deny warnings"
            )
        });
        assert_eq!(commands, expected);
    }
}
