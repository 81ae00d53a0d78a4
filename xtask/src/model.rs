//! `cargo xtask model`: the engine under model checkers.

use crate::{
    Result,
    workspace::{Workspace, run as run_command},
};

/// Each builds all that the engine needs once more, with its own doubles of locks and atomics.
const CHECKERS: [&str; 2] = ["shuttle", "loom"];

/// Runs the model tests: those that try schedules at random, then those that try all of them.
pub(crate) fn run(workspace: &Workspace, long: bool) -> Result {
    for checker in CHECKERS {
        let mut test = workspace.cargo("test --locked --package session-core --release --test");
        test.arg(checker);
        test.arg("--target-dir");
        test.arg(workspace.target()?.join("model").join(checker));
        test.env("RUSTFLAGS", format!("--cfg model_{checker}"));
        if long {
            test.envs([("MODEL_SCHEDULES", "1000000"), ("MODEL_PREEMPTIONS", "2")]);
        }
        run_command(&mut test)?;
    }
    Ok(())
}
