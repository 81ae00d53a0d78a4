//! What came of showing all properties.

use std::{
    any::Any,
    fmt,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use super::{
    properties::{NAMES, Property, properties},
    trial::{Trial, runtime_of_one},
};
use crate::{Subject, Unable};

/// Which properties a backend has: [`conformance!`](crate::conformance!) as a value.
///
/// ```
/// # use session_core::SessionHandle;
/// # use session_mock::{Answer, MockSession, Subject, Unable};
/// # struct Keys(MockSession);
/// # impl Subject for Keys {
/// #     fn start() -> Self { Self(MockSession::bearer("k-123")) }
/// #     fn session(&self) -> SessionHandle { self.0.handle() }
/// #     fn answer(&self, _: Answer<'_>) -> Result<(), Unable> { Err(Unable::because("nobody is asked")) }
/// # }
/// use session_mock::{Outcome, Report};
///
/// let report = Report::of::<Keys>();
/// assert_eq!(report.outcome("nothing_is_sent_before_init"), Some(&Outcome::Shown));
/// assert_eq!(report.broken().count(), 0, "{report}");
/// ```
#[derive(Clone, Debug)]
pub struct Report(Vec<(&'static str, Outcome)>);

/// What came of showing one property.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The backend has it.
    Shown,
    /// That could not be found out, for this reason.
    Skipped(String),
    /// The backend does not have it: this was seen instead.
    Broken(String),
}

impl Report {
    /// The names of all properties: [`conformance!`](crate::conformance!) has a test for each.
    pub const PROPERTIES: &[&str] = NAMES;

    /// Tries all properties, each with a counterpart of its own.
    pub fn of<S: Subject>() -> Self {
        let outcomes = properties::<S>()
            .into_iter()
            .map(|(name, property)| (name, outcome(property)));
        Self(outcomes.collect())
    }

    /// What came of this property; `None`: there is none of that name.
    pub fn outcome(&self, property: &str) -> Option<&Outcome> {
        let mut outcomes = self.iter();
        outcomes
            .find(|(name, _)| *name == property)
            .map(|(_, outcome)| outcome)
    }

    /// All properties and what came of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Outcome)> {
        self.0.iter().map(|(name, outcome)| (*name, outcome))
    }

    /// The properties that the backend does not have.
    pub fn broken(&self) -> impl Iterator<Item = &'static str> {
        let broken = |(name, outcome)| matches!(outcome, &Outcome::Broken(_)).then_some(name);
        self.iter().filter_map(broken)
    }

    /// The properties that could not be shown.
    pub fn skipped(&self) -> impl Iterator<Item = &'static str> {
        let skipped = |(name, outcome)| matches!(outcome, &Outcome::Skipped(_)).then_some(name);
        self.iter().filter_map(skipped)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in self.iter() {
            match outcome {
                Outcome::Shown => writeln!(f, "{name}: shown")?,
                Outcome::Skipped(reason) => writeln!(f, "{name}: skipped: {reason}")?,
                Outcome::Broken(seen) => writeln!(f, "{name}: broken: {seen}")?,
            }
        }
        Ok(())
    }
}

/// A test of one property.
///
/// # Panics
///
/// When the backend does not have it.
pub fn test<S: Subject>(name: &str) {
    let mut all = properties::<S>().into_iter();
    let (_, property) = all
        .find(|(known, _)| *known == name)
        .expect("the macro names properties that there are");
    match outcome(property) {
        Outcome::Shown => {}
        Outcome::Skipped(reason) => skip::<S>(name, &reason),
        Outcome::Broken(seen) => panic!("{seen}"),
    }
}

/// Says so in a way that the test harness does not keep to itself.
fn skip<S>(name: &str, reason: &str) {
    let subject = std::any::type_name::<S>();
    let line = format!("conformance of {subject}: skipped `{name}`: {reason}\n");
    // Without a standard error there is nobody to tell.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// Shows a property on a thread of its own, which is left behind if it hangs.
fn outcome<S: Subject>(property: Property<S>) -> Outcome {
    let (report, reported) = mpsc::channel();
    let work = move || {
        let shown = catch_unwind(AssertUnwindSafe(|| show(property)));
        // Nobody listens any longer if it took too long.
        let _ = report.send(match shown {
            Ok(Ok(())) => Outcome::Shown,
            Ok(Err(unable)) => Outcome::Skipped(unable.reason().to_owned()),
            Err(panic) => Outcome::Broken(message(&*panic)),
        });
    };
    let thread = thread::Builder::new().name("session-conformance".into());
    drop(
        thread
            .spawn(work)
            .expect("the system has a thread to spare"),
    );
    reported.recv_timeout(S::PATIENCE).unwrap_or_else(|_| {
        Outcome::Broken(format!(
            "it hangs: nothing came of it in {:?}; does the backend block its thread, or wait for something that does not happen?",
            S::PATIENCE
        ))
    })
}

fn show<S: Subject>(property: Property<S>) -> Result<(), Unable> {
    let trial = Trial::<S>::start();
    let runtime = runtime_of_one();
    let shown = runtime.block_on(property(&trial));
    assert!(
        !trial.record.overlapped(),
        "the backend was asked something before it had done what it was asked"
    );
    shown
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
