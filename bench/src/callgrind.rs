//! Instructions, which are the same whatever else the machine has to do.

use std::process::{Command, Stdio};

use crate::runner::{Program, Result, Runner};

/// All instructions of a job.
pub(crate) fn instructions(job: &str) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(Runner::path(Program::Timing)?)
        .args(["--job", job])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            format!("valgrind, which counts instructions, cannot be run ({error}); install it")
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let count = collected.and_then(|(_, count)| count.trim().parse().ok());
    count
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("callgrind of `{job}` failed:\n{said}"))
}
