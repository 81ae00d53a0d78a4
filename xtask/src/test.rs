//! `cargo xtask test`: all tests, with everything that they need.

use std::process::Command;

use crate::{
    Result,
    counterpart::{self, COUNTERPARTS},
    model,
    running::{self, Running},
    steps::Steps,
    valgrind,
    workspace::{Workspace, run as run_command},
};

/// Every test, documentation's examples too. All features include `counterparts`, whose tests fail
/// unless the counterparts are up. One run tells of all that fails.
const TESTS: &str = "test --workspace --all-features --no-fail-fast";

/// Sets up what the tests need and runs all of them; `long` also in release mode, and what checks
/// the counterparts.
pub(crate) fn run(workspace: &Workspace, long: bool) -> Result {
    let mut steps = Steps::begin();
    test(&mut steps, workspace, long);
    steps.end()
}

fn test(steps: &mut Steps, workspace: &Workspace, long: bool) -> Option<()> {
    steps.run("packages", || counterpart::prepare(workspace, COUNTERPARTS))?;
    if long {
        for counterpart in COUNTERPARTS {
            if let Some(mut verification) = counterpart.verification(workspace) {
                let name = format!("verification of {}", counterpart.name);
                steps.run(&name, || run_command(&mut verification));
            }
        }
    }
    let running = steps.run("counterparts", || {
        COUNTERPARTS
            .iter()
            .map(|counterpart| counterpart.start(workspace))
            .collect::<Result<Vec<_>>>()
    })?;
    steps.run("tests", || {
        run_command(introduce(&mut workspace.cargo(TESTS), &running))
    });
    steps.run("model checking", || model::run(workspace, long));
    if long {
        steps.run("Kerberos under valgrind", || {
            run_command(introduce(&mut valgrind::tests(workspace)?, &running))
        });
        let mut tests = workspace.cargo(TESTS);
        steps.run("tests in release mode", || {
            run_command(introduce(tests.arg("--release"), &running))
        });
    }
    Some(())
}

/// Tells the tests where the counterparts are.
fn introduce<'a>(command: &'a mut Command, running: &[Running]) -> &'a mut Command {
    let variables = COUNTERPARTS.iter().map(|counterpart| counterpart.variable);
    command.envs(variables.zip(running.iter().map(|running| &running.ready_file)));
    command.envs(running::joined(
        running.iter().map(|running| &running.ready),
    ))
}
