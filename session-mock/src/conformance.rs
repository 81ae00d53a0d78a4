//! Whether a backend keeps the engine's promises.
//!
//! `properties` are what is shown, each on a `trial` of its own, in which a `watched` backend runs by a mock clock; what
//! it stores goes to `paper`. A `report` has the outcome of all.

mod paper;
mod properties;
mod report;
pub(crate) mod trial;
mod watched;

pub use report::{Outcome, Report, test};
pub(crate) use trial::Trial;

/// Tests of a backend: one for each property that every session has, whatever its scheme.
///
/// For a type that implements [`Subject`](crate::Subject), it makes a module `conformance` of tests: the life cycle,
/// concurrency, cancellation, failures, time, refusals, stores, runtimes, and where the credential goes. Each has a
/// counterpart of its own. With the feature `http`, requests are sent by `session-http` over real connections, to a
/// server on loopback that stands in for the API, and what arrives there is looked at byte by byte. One that cannot be shown, because the subject cannot do what it takes, says so on standard
/// error, captured or not, and passes. [`Report`](crate::Report) has the same as a value.
///
/// ```
/// # use session_core::SessionHandle;
/// # use session_mock::{Answer, MockSession, Subject, Unable};
/// struct Keys(MockSession);
///
/// impl Subject for Keys {
/// #   fn start() -> Self { Self(MockSession::bearer("k-123")) }
/// #   fn session(&self) -> SessionHandle { self.0.handle() }
/// #   fn answer(&self, _: Answer<'_>) -> Result<(), Unable> { Err(Unable::because("nobody is asked")) }
///     // …
/// }
///
/// session_mock::conformance!(Keys);
/// ```
///
/// A second one in the same file goes into a module of its own.
#[macro_export]
macro_rules! conformance {
    ($subject:ty) => {
        #[cfg(test)]
        mod conformance {
            #[allow(unused_imports, reason = "the subject may have an absolute path")]
            use super::*;

            $crate::__properties!(($crate::__conformance_tests)[$subject]);
        }
    };
}

/// Calls a macro with the names of all properties.
#[doc(hidden)]
#[macro_export]
macro_rules! __properties {
    (($($callback:tt)+) [$($argument:tt)*]) => {
        $($callback)+! {
            [$($argument)*]
            nothing_is_sent_before_init
            init_authenticates_once_and_is_idempotent
            the_credential_is_let_in
            enter_opens_and_closes
            close_is_idempotent_and_final
            close_ends_the_credential_at_the_counterpart
            close_ends_what_is_kept_too
            a_close_that_was_not_confirmed_is_an_error
            after_close_init_opens_it_again
            a_session_dropped_open_is_closed_in_the_background
            sessions_of_one_configuration_share_nothing
            however_many_open_it_at_once_authenticate_once
            dropping_every_caller_abandons_nothing
            each_authentication_is_one_for_the_counterpart
            a_refusal_is_denied_and_the_next_init_tries_again
            an_outage_is_unavailable_and_the_next_init_tries_again
            an_answer_that_makes_no_sense_is_a_protocol_error
            one_failure_is_the_same_for_all_who_waited
            a_hang_runs_into_the_time_limit
            waiting_blocks_no_thread
            the_credential_is_valid_for_as_long_as_the_counterpart_says
            a_lifetime_that_changes_is_followed
            it_is_renewed_ahead_and_nobody_waits
            a_failed_renewal_displaces_nothing_that_is_valid
            all_who_find_it_expired_share_one_renewal
            a_renewal_asks_nobody
            a_refused_credential_is_replaced_once_and_its_successor_stays
            the_credential_goes_to_the_environment_and_nowhere_else
            what_goes_on_a_request_is_marked_sensitive
            what_is_kept_is_never_sent
            any_request_is_authorized_and_otherwise_left_alone
            each_request_has_an_authorization_of_its_own
            over_http_the_credential_arrives_once_and_nowhere_else
            over_http_a_refused_credential_is_replaced_and_the_request_repeated
            over_http_nothing_of_it_goes_to_another_origin
            who_it_is_stays_the_same
            who_it_is_differs_between_configurations
            its_environment_stays_the_same
            what_one_process_stores_another_renews
            what_one_process_stores_another_closes
            it_works_on_a_runtime_of_one_thread
            it_works_on_a_runtime_of_many_threads
            it_works_on_several_runtimes_at_once_and_in_turn
            it_works_without_a_runtime
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ([$subject:ty] $($property:ident)*) => {
        $(
            #[test]
            fn $property() {
                $crate::__private::test::<$subject>(stringify!($property));
            }
        )*
    };
}
