//! A process for each measurement.

use std::{
    collections::BTreeMap,
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

/// What a job measured, by name.
pub(crate) type Numbers = BTreeMap<String, f64>;

/// Something went wrong; for the person at the terminal.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// Starts jobs.
#[derive(Debug)]
pub(crate) struct Runner {
    /// Few rounds, to see whether it works.
    pub(crate) is_quick: bool,
}

/// Which of the two programs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    Timing,
    Counting,
}

impl Runner {
    /// So many rounds, or two.
    pub(crate) fn rounds(&self, many: usize) -> usize {
        if self.is_quick { 2 } else { many }
    }

    /// Does a job in a process of its own.
    pub(crate) fn job(program: Program, job: &str) -> Result<Numbers> {
        let output = Command::new(Self::path(program)?)
            .args(["--job", job])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot start `{job}`: {error}"))?;
        if !output.status.success() {
            return Err(format!("`{job}` failed: {}", output.status));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("`{job}` printed no numbers: {error}"))
    }

    /// The same job in many rounds: what it measured each time.
    pub(crate) fn repeated(job: &str, rounds: usize) -> Result<Vec<Numbers>> {
        (0..rounds)
            .map(|_| Self::job(Program::Timing, job))
            .collect()
    }

    /// The program to be run.
    pub(crate) fn path(program: Program) -> Result<PathBuf> {
        let own = env::current_exe()
            .map_err(|error| format!("where this program is cannot be told: {error}"))?;
        Ok(match program {
            Program::Timing => own.with_file_name("session-bench"),
            Program::Counting => own.with_file_name("session-bench-counting"),
        })
    }
}

/// Shows progress, away from the tables.
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}
