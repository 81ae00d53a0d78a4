//! The kit sees what is broken: each of these backends has one fault.

use session_mock::{Outcome, Report};

use crate::scheme::{self, Scheme};

/// Each backend lacks these properties, and no others.
macro_rules! broken {
    ($($test:ident: $fault:ident lacks [$($property:ident)*])*) => {
        $(
            #[test]
            fn $test() {
                assert_lacks(
                    &Report::of::<Scheme<{ scheme::$fault }>>(),
                    &[$(stringify!($property)),*],
                );
            }
        )*
    };
}

#[track_caller]
fn assert_lacks(report: &Report, properties: &[&str]) {
    let broken: Vec<_> = report.broken().collect();
    assert_eq!(broken, properties, "{report}");
}

broken! {
    one_that_keeps_a_stale_token_is_found: CACHES lacks [
        after_close_init_opens_it_again
        each_authentication_is_one_for_the_counterpart
        it_is_renewed_ahead_and_nobody_waits
        a_failed_renewal_displaces_nothing_that_is_valid
        all_who_find_it_expired_share_one_renewal
        a_refused_credential_is_replaced_once_and_its_successor_stays
        it_works_on_several_runtimes_at_once_and_in_turn
        it_works_without_a_runtime
    ]
    one_that_tries_again_by_itself_is_found: RETRIES lacks [
        each_authentication_is_one_for_the_counterpart
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
        an_answer_that_makes_no_sense_is_a_protocol_error
        one_failure_is_the_same_for_all_who_waited
    ]
    one_that_swallows_failures_is_found: SWALLOWS lacks [
        each_authentication_is_one_for_the_counterpart
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
        an_answer_that_makes_no_sense_is_a_protocol_error
        one_failure_is_the_same_for_all_who_waited
        a_failed_renewal_displaces_nothing_that_is_valid
    ]
    one_whose_errors_are_of_no_use_is_found: MISLABELS lacks [
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
        an_answer_that_makes_no_sense_is_a_protocol_error
    ]
    one_that_never_forgets_a_failure_is_found: REMEMBERS_FAILURE lacks [
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
        an_answer_that_makes_no_sense_is_a_protocol_error
        a_failed_renewal_displaces_nothing_that_is_valid
    ]
    one_that_cannot_renew_is_found: CANNOT_RENEW lacks [
        each_authentication_is_one_for_the_counterpart
        it_is_renewed_ahead_and_nobody_waits
        all_who_find_it_expired_share_one_renewal
        a_refused_credential_is_replaced_once_and_its_successor_stays
    ]
    one_that_panics_is_found: PANICS lacks [
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
    ]
    one_that_forgets_the_lifetime_is_found: FORGETS_LIFETIME lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
    ]
    one_that_mistakes_the_unit_of_time_is_found: MISTAKES_UNIT lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
    ]
    one_that_invents_a_lifetime_is_found: INVENTS_LIFETIME lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
    ]
    one_that_ends_nothing_is_found: LEAVES_OPEN lacks [
        close_ends_the_credential_at_the_counterpart
        a_session_dropped_open_is_closed_in_the_background
    ]
    one_that_cannot_close_is_found: FAILS_TO_CLOSE lacks [
        close_is_idempotent_and_final
        close_ends_the_credential_at_the_counterpart
        after_close_init_opens_it_again
        a_session_dropped_open_is_closed_in_the_background
        each_authentication_is_one_for_the_counterpart
        who_it_is_stays_the_same
        it_works_on_a_runtime_of_one_thread
        it_works_on_a_runtime_of_many_threads
        it_works_on_several_runtimes_at_once_and_in_turn
        it_works_without_a_runtime
    ]
    one_whose_credentials_are_worthless_is_found: GIVES_NONSENSE lacks [
        the_credential_is_let_in
        close_ends_the_credential_at_the_counterpart
        after_close_init_opens_it_again
        dropping_every_caller_abandons_nothing
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
        an_answer_that_makes_no_sense_is_a_protocol_error
        it_is_renewed_ahead_and_nobody_waits
        a_failed_renewal_displaces_nothing_that_is_valid
        all_who_find_it_expired_share_one_renewal
        a_refused_credential_is_replaced_once_and_its_successor_stays
        it_works_on_a_runtime_of_one_thread
        it_works_on_a_runtime_of_many_threads
        it_works_on_several_runtimes_at_once_and_in_turn
    ]
    one_that_goes_anywhere_is_found: GOES_ANYWHERE lacks [
        the_credential_goes_to_the_environment_and_nowhere_else
    ]
    one_that_forgets_who_it_is_is_found: FORGETS_WHO_IT_IS lacks [
        who_it_is_stays_the_same
    ]
    one_that_is_the_same_as_all_others_is_found: IS_ANYBODY lacks [
        who_it_is_differs_between_configurations
    ]
    one_that_is_somebody_else_each_time_is_found: IS_SOMEBODY_NEW lacks [
        who_it_is_stays_the_same
    ]
    one_that_gives_two_requests_the_same_is_found: SHARES_AUTHORIZATION lacks [
        each_request_has_an_authorization_of_its_own
    ]
    one_that_lets_its_headers_be_seen_is_found: SHOWS_AUTHORIZATION lacks [
        what_goes_on_a_request_is_marked_sensitive
    ]
    one_that_clings_to_a_runtime_is_found: CLINGS_TO_A_RUNTIME lacks [
        it_works_on_several_runtimes_at_once_and_in_turn
    ]
}

/// What has little patience may find more that is slow.
#[test]
fn one_that_blocks_its_thread_is_found() {
    let report = Report::of::<Scheme<{ scheme::BLOCKS }>>();
    let broken: Vec<_> = report.broken().collect();
    for property in [
        "a_hang_runs_into_the_time_limit",
        "waiting_blocks_no_thread",
    ] {
        assert!(broken.contains(&property), "{report}");
    }
}

#[test]
fn one_that_asks_before_it_is_told_to_is_found() {
    let report = Report::of::<Scheme<{ scheme::ASKS_EARLY }>>();
    assert!(
        report
            .broken()
            .any(|it| it == "nothing_is_sent_before_init")
    );
}

#[test]
fn what_is_seen_instead_is_told() {
    let report = Report::of::<Scheme<{ scheme::SWALLOWS }>>();
    let outcome = report.outcome("a_refusal_is_denied_and_the_next_init_tries_again");
    let seen = "authentication succeeded although the counterpart let nobody in".to_owned();
    assert_eq!(outcome, Some(&Outcome::Broken(seen)));
}
