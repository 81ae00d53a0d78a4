//! What an examination finds.

use std::{
    borrow::Cow,
    error::Error as _,
    fmt,
    time::{Duration, SystemTime},
};

use crate::{Error, ErrorKind};

/// One thing that was looked at: how it is, and what to do about it.
///
/// Made by [`Session::examine`](crate::Session::examine), and shown by `session doctor`. Its texts are for people, and never hold a
/// secret.
///
/// ```
/// use session_core::{Finding, Health};
///
/// let finding = Finding::warning("licence", "ends in 3 days").with_remedy("ask for another");
/// assert_eq!(finding.health(), Health::Warning);
/// assert_eq!(finding.to_string(), "warning: licence: ends in 3 days; ask for another");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    what: Cow<'static, str>,
    health: Health,
    detail: String,
    remedy: Option<Cow<'static, str>>,
    kind: Option<ErrorKind>,
}

/// How something is that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Health {
    /// As it is to be.
    Ok,
    /// It works, but not for ever, or not as well as it could.
    Warning,
    /// It does not work.
    Problem,
}

impl Finding {
    /// What a clock may differ by without anybody's noticing: answers tell the time in whole seconds.
    const SAME_TIME: Duration = Duration::from_secs(2);

    /// `what` is as it is to be: `detail`.
    pub fn ok(what: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(what.into(), Health::Ok, detail.into())
    }

    /// `what` works, but: `detail`.
    pub fn warning(what: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(what.into(), Health::Warning, detail.into())
    }

    /// `what` does not work: `detail`.
    pub fn problem(what: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(what.into(), Health::Problem, detail.into())
    }

    /// `what` failed with this error, whose text says what to do.
    pub fn failed(what: impl Into<Cow<'static, str>>, error: &Error) -> Self {
        let mut detail = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            detail = format!("{detail} (caused by: {cause})");
            source = cause.source();
        }
        Self {
            kind: Some(error.kind()),
            ..Self::problem(what, detail)
        }
    }

    /// A clock that shows `theirs` while this machine's shows `ours`: a warning, if they differ by more than is tolerated.
    pub fn clock(
        what: impl Into<Cow<'static, str>>,
        theirs: SystemTime,
        ours: SystemTime,
        tolerance: Duration,
    ) -> Self {
        let (difference, direction) = match theirs.duration_since(ours) {
            Ok(ahead) => (ahead, "ahead of"),
            Err(behind) => (behind.duration(), "behind"),
        };
        if difference < Self::SAME_TIME {
            return Self::ok(what, "agrees with this machine's");
        }
        let seconds = difference.as_secs();
        let detail = format!("is {seconds} s {direction} this machine's");
        if difference <= tolerance {
            return Self::ok(what, detail);
        }
        Self::warning(what, detail).with_remedy("set the one that is wrong, by NTP")
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What was looked at, in a word or two.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How it is.
    pub fn health(&self) -> Health {
        self.health
    }

    /// What there is to say of it.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to do about it, where the detail does not say that.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }

    /// Of what kind the error was, where it [failed](Self::failed) with one.
    pub fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }

    fn new(what: Cow<'static, str>, health: Health, detail: String) -> Self {
        Self {
            what,
            health,
            detail,
            remedy: None,
            kind: None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.health, self.what, self.detail)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl Health {
    /// As people and programs read it: `ok`, `warning`, `problem`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_problem_of_its_kind_with_what_caused_it() {
        let error = Error::new(ErrorKind::Unavailable, "`idp` cannot be reached; try later")
            .with_source(std::io::Error::other("no route"));
        let finding = Finding::failed("token endpoint", &error);
        assert_eq!(finding.health(), Health::Problem);
        assert_eq!(finding.kind(), Some(ErrorKind::Unavailable));
        assert_eq!(
            finding.detail(),
            "`idp` cannot be reached; try later (caused by: no route)"
        );
    }

    #[test]
    fn clocks_that_differ_by_more_than_is_tolerated_are_a_warning() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let clock = |theirs| Finding::clock("clock", at(theirs), at(1000), Duration::from_secs(60));
        assert_eq!(
            clock(1001),
            Finding::ok("clock", "agrees with this machine's")
        );
        assert_eq!(
            clock(1060),
            Finding::ok("clock", "is 60 s ahead of this machine's")
        );
        let late = clock(939);
        assert_eq!(late.health(), Health::Warning);
        assert_eq!(late.detail(), "is 61 s behind this machine's");
        assert!(late.remedy().is_some_and(|remedy| remedy.contains("NTP")));
    }
}
