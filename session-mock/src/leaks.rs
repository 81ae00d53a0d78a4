//! Whether a backend tells anybody its secrets.
//!
//! A `rehearsal` puts the backend through all that can happen to it, while a `capture` has whatever the process shows
//! in each `place`. A search finds secrets in that; `found` is what it found.

mod capture;
mod found;
mod place;
mod rehearsal;

pub use capture::Capture;
pub use found::Leaks;
pub use place::Place;

/// Tests that nothing which a backend shows, logs or reports has a secret in it.
///
/// For a type that implements [`Subject`](crate::Subject), with [`secrets`](crate::Subject::secrets), it makes a module
/// `leak_check` of tests, one for each [`Place`](crate::Place). The backend is put through success, refusal, outages,
/// damaged and hanging answers, answers that quote the secrets, and panics; its renewals and closes too. With the feature
/// `http` it also sends requests over real connections, to a server on loopback that stands in for the API: what arrives
/// there is looked at, and so is what the libraries below log. Then all that was
/// seen is searched for the configured secrets, the credentials, and what requests were authorized with, as
/// [`Search`](crate::Search) says; and so are the headers of all requests, on each leg, that are not marked sensitive.
/// [`Leaks`](crate::Leaks) has the same as a value.
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

            $crate::__places!(($crate::__leak_tests)[leaks]);
        }
    };
}

/// Calls a macro with the names of all places, and of the tests that nothing leaks there.
#[doc(hidden)]
#[macro_export]
macro_rules! __places {
    (($($callback:tt)+) [$($argument:tt)*]) => {
        $($callback)+! {
            [$($argument)*]
            Shown: nothing_that_is_shown_holds_a_secret
            Errors: no_error_holds_a_secret
            Logs: no_log_line_holds_a_secret
            Panics: no_panic_holds_a_secret
            Metrics: no_metric_holds_a_secret
            Requests: no_request_holds_a_secret_where_it_does_not_belong
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __leak_tests {
    ([$leaks:ident] $($place:ident: $test:ident)*) => {
        $(
            #[test]
            fn $test() {
                $leaks().assert_none($crate::Place::$place);
            }
        )*
    };
}
