//! Whether a backend tells anybody its secrets.
//!
//! A `rehearsal` puts the backend through all that can happen to it, while a `capture` has whatever the process shows.
//! A `search` finds secrets in that, in every `spelling`; `found` is what it found.

mod canary;
mod capture;
mod found;
mod rehearsal;
mod search;
mod spelling;

pub use canary::canary;
pub use capture::{Capture, Place};
pub use found::Leaks;
pub use search::{Leak, Search};

/// Tests that nothing which a backend shows, logs or reports has a secret in it.
///
/// For a type that implements [`Subject`](crate::Subject), with [`secrets`](crate::Subject::secrets), it makes a module
/// `leak_check` of tests, one for each [`Place`](crate::Place). The backend is put through success, refusal, outages,
/// damaged and hanging answers, answers that quote the secrets, and panics; its renewals and closes too. Then all that was
/// seen is searched for the configured secrets, the credentials, and what requests were authorized with, as
/// [`Search`](crate::Search) says. [`Leaks`](crate::Leaks) has the same as a value.
///
/// It listens to all log lines, panics and metrics of the process, and so needs a test binary to itself: a file in
/// `tests/` with nothing else in it.
///
/// ```
/// # use session_core::SessionHandle;
/// # use session_mock::{Answer, MockSession, Subject, Unable, canary};
/// struct Keys(MockSession, String);
///
/// impl Subject for Keys {
///     fn start() -> Self {
///         let key = canary();
///         Self(MockSession::bearer(&key), key)
///     }
///     fn secrets(&self) -> Vec<String> {
///         vec![self.1.clone()]
///     }
/// #   fn session(&self) -> SessionHandle { self.0.handle() }
/// #   fn answer(&self, _: Answer<'_>) -> Result<(), Unable> { Err(Unable::because("nobody is asked")) }
///     // …
/// }
///
/// session_mock::leak_check!(Keys);
/// ```
#[macro_export]
macro_rules! leak_check {
    ($subject:ty) => {
        #[cfg(test)]
        mod leak_check {
            #[allow(unused_imports, reason = "the subject may have an absolute path")]
            use super::*;

            fn leaks() -> &'static $crate::Leaks {
                static LEAKS: ::std::sync::OnceLock<$crate::Leaks> = ::std::sync::OnceLock::new();
                LEAKS.get_or_init($crate::Leaks::of::<$subject>)
            }

            #[test]
            fn nothing_that_is_shown_holds_a_secret() {
                leaks().assert_none($crate::Place::Shown);
            }

            #[test]
            fn no_error_holds_a_secret() {
                leaks().assert_none($crate::Place::Errors);
            }

            #[test]
            fn no_log_line_holds_a_secret() {
                leaks().assert_none($crate::Place::Logs);
            }

            #[test]
            fn no_panic_holds_a_secret() {
                leaks().assert_none($crate::Place::Panics);
            }

            #[test]
            fn no_metric_holds_a_secret() {
                leaks().assert_none($crate::Place::Metrics);
            }
        }
    };
}
