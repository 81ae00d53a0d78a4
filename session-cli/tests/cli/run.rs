//! Running the command.

use std::{
    ffi::OsStr,
    io::Write as _,
    process::{Command, Output, Stdio},
};
#[cfg(unix)]
use std::{
    process::Child,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

/// The command, in an environment that is the same on every machine.
pub(crate) fn session<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session"));
    command.args(args).stdin(Stdio::null());
    for variable in [
        "SESSION_CONFIG",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "XDG_CONFIG_HOME",
    ] {
        command.env_remove(variable);
    }
    command
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The standard output of a command that succeeded and had nothing else to say.
    #[track_caller]
    pub(crate) fn quietly(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// The standard error of a command that failed so, before it printed anything.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(code), ""),
            "{self:?}"
        );
        self.stderr
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is text"),
            stderr: String::from_utf8(output.stderr).expect("standard error is text"),
        }
    }
}

/// Runs it to its end.
pub(crate) fn run(mut command: Command) -> Ended {
    command.output().expect("the command starts").into()
}

/// Runs it to its end with this on standard input.
pub(crate) fn run_with_input(mut command: Command, input: &str) -> Ended {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    stdin
        .write_all(input.as_bytes())
        .expect("the command reads its input");
    drop(stdin);
    child.wait_with_output().expect("the command ends").into()
}

/// Sends a signal to a command that runs, such as `-TERM`.
#[cfg(unix)]
pub(crate) fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.expect("there is a `kill`").success());
}

/// Kills a command that should long have ended, so that a test which waits for it fails in place of hanging.
#[cfg(unix)]
pub(crate) struct Watchdog(
    #[expect(dead_code, reason = "is there to be dropped")] mpsc::Sender<()>,
);

#[cfg(unix)]
impl Watchdog {
    /// Until it is dropped.
    pub(crate) fn over(child: &Child) -> Self {
        let (watched, ended) = mpsc::channel::<()>();
        let id = child.id().to_string();
        thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                drop(Command::new("kill").args(["-KILL", &id]).status());
            }
        });
        Self(watched)
    }
}

/// More than anything takes on the slowest machine.
#[cfg(unix)]
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
