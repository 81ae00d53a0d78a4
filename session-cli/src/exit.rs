//! How the command ends.

use std::process::ExitCode;

use session_kit::ErrorKind;

use crate::signals::Signal;

/// What a script can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nobody is there any more to read the output: no fault of anybody's.
    Done = 0,
    Unexpected = 1,
    Usage = 2,
    Denied = 3,
    Unavailable = 4,
    /// An HTTP status of 400 or more; the number is that of `curl --fail`.
    HttpStatus = 22,
    /// As shells have it: 128 and the signal's number.
    Interrupted = 130,
    Terminated = 143,
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Config
            | ErrorKind::UnknownBackend
            | ErrorKind::NoSession
            | ErrorKind::Forbidden => Self::Usage,
            ErrorKind::Denied | ErrorKind::Interaction => Self::Denied,
            ErrorKind::Unavailable => Self::Unavailable,
            _ => Self::Unexpected,
        }
    }
}

impl From<Signal> for Exit {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Interrupt => Self::Interrupted,
            Signal::Terminate => Self::Terminated,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_code() {
        for (kind, code) in [
            (ErrorKind::Config, 2),
            (ErrorKind::UnknownBackend, 2),
            (ErrorKind::NoSession, 2),
            (ErrorKind::Forbidden, 2),
            (ErrorKind::Denied, 3),
            (ErrorKind::Interaction, 3),
            (ErrorKind::Unavailable, 4),
            (ErrorKind::Protocol, 1),
            (ErrorKind::Closed, 1),
        ] {
            assert_eq!(Exit::from(kind) as u8, code, "{kind:?}");
        }
    }
}
