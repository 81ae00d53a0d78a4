//! Why the command ends early.

use std::{error::Error as _, fmt::Display, io};

use session_kit::{Error, http::reqwest::StatusCode};

use crate::{exit::Exit, output, signals::Signal};

#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever reads the output has seen enough, as in `session … | head -1`.
    ClosedPipe,
    /// Somebody told it to, and knows.
    Ended(Signal),
    Session(Error),
    /// The server's answer, which has been printed, has a status of 400 or more.
    Status {
        host: String,
        status: StatusCode,
    },
    /// Something is wrong, which has been printed.
    Unhealthy(Exit),
    Usage(String),
    Unexpected(String),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::ClosedPipe => Exit::Done,
            Self::Ended(signal) => (*signal).into(),
            Self::Session(error) => error.kind().into(),
            Self::Status { .. } => Exit::HttpStatus,
            Self::Unhealthy(exit) => *exit,
            Self::Usage(_) => Exit::Usage,
            Self::Unexpected(_) => Exit::Unexpected,
        }
    }

    /// Tells a person, on standard error.
    pub(crate) fn report(&self) {
        match self {
            Self::ClosedPipe | Self::Ended(_) | Self::Unhealthy(_) => {}
            Self::Session(error) => report(error),
            Self::Status { host, status } => {
                output::error(format_args!("{host} answered {status}"));
            }
            Self::Usage(problem) | Self::Unexpected(problem) => output::error(problem),
        }
    }

    /// What a failure to write to standard output means.
    fn of_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Unexpected(format!("standard output cannot be written: {error}"))
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(error)
    }
}

/// The only input or output that is not told apart further is standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::of_output(&error)
    }
}

fn report(error: &Error) {
    output::error(error);
    let mut source = error.source();
    while let Some(cause) = source {
        output::note("caused by", cause);
        source = cause.source();
    }
    if let Some(wait) = error.retry_after() {
        let wait: &dyn Display = &humantime::format_duration(wait);
        output::note("try again", format_args!("in {wait}"));
    }
}
