//! The kit sees what is broken: each of these backends has one fault.

use session_mock::{Outcome, Report};

use crate::{fault, scheme::Scheme};

/// Each backend lacks these properties, and no others.
macro_rules! broken {
    ($($test:ident: $fault:ident lacks [$($property:ident)*])*) => {
        $(
            #[test]
            fn $test() {
                assert_lacks(
                    &Report::of::<Scheme<{ fault::$fault }>>(),
                    &[$(stringify!($property)),*],
                );
            }
        )*

        /// What is lacked by somebody, as these tests show.
        const LACKED: &[&str] = &[$($(stringify!($property),)*)*];
    };
}

#[track_caller]
fn assert_lacks(report: &Report, properties: &[&str]) {
    let broken: Vec<_> = report.broken().collect();
    let properties: Vec<_> = properties.iter().copied().filter(can_be_shown).collect();
    assert_eq!(broken, properties, "{report}");
}

/// Without the feature `http`, what takes connections is skipped.
fn can_be_shown(property: &&str) -> bool {
    cfg!(feature = "http") || !property.starts_with("over_http_")
}

/// A kit could be full of properties that hold whatever a backend does.
#[test]
fn every_property_is_lacked_by_some_broken_backend() {
    let lacked = || {
        LACKED
            .iter()
            .chain(LACKED_BY_THE_SLOW)
            .chain([LACKED_BY_THE_HASTY])
    };
    let properties = Report::PROPERTIES.iter();
    let never: Vec<_> = properties
        .filter(|property| lacked().all(|lacked| lacked != *property))
        .collect();
    assert!(never.is_empty(), "nobody lacks {never:?}");
}

broken! {
    one_that_keeps_a_stale_token_is_found: CACHES lacks [
        after_close_init_opens_it_again
        each_authentication_is_one_for_the_counterpart
        a_lifetime_that_changes_is_followed
        it_is_renewed_ahead_and_nobody_waits
        a_failed_renewal_displaces_nothing_that_is_valid
        all_who_find_it_expired_share_one_renewal
        a_refused_credential_is_replaced_once_and_its_successor_stays
        over_http_a_refused_credential_is_replaced_and_the_request_repeated
        what_one_process_stores_another_renews
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
        over_http_a_refused_credential_is_replaced_and_the_request_repeated
        what_one_process_stores_another_renews
    ]
    one_that_panics_is_found: PANICS lacks [
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
    ]
    one_that_forgets_the_lifetime_is_found: FORGETS_LIFETIME lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
        a_lifetime_that_changes_is_followed
    ]
    one_that_mistakes_the_unit_of_time_is_found: MISTAKES_UNIT lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
        a_lifetime_that_changes_is_followed
    ]
    one_that_invents_a_lifetime_is_found: INVENTS_LIFETIME lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
    ]
    one_that_ends_nothing_is_found: LEAVES_OPEN lacks [
        close_ends_the_credential_at_the_counterpart
        close_ends_what_is_kept_too
        a_close_that_was_not_confirmed_is_an_error
        a_session_dropped_open_is_closed_in_the_background
        what_one_process_stores_another_closes
    ]
    one_that_cannot_close_is_found: FAILS_TO_CLOSE lacks [
        close_is_idempotent_and_final
        close_ends_the_credential_at_the_counterpart
        close_ends_what_is_kept_too
        after_close_init_opens_it_again
        a_session_dropped_open_is_closed_in_the_background
        sessions_of_one_configuration_share_nothing
        each_authentication_is_one_for_the_counterpart
        who_it_is_stays_the_same
        what_one_process_stores_another_closes
        it_works_on_a_runtime_of_one_thread
        it_works_on_a_runtime_of_many_threads
        it_works_on_several_runtimes_at_once_and_in_turn
        it_works_without_a_runtime
    ]
    one_whose_credentials_are_worthless_is_found: GIVES_NONSENSE lacks [
        the_credential_is_let_in
        close_ends_the_credential_at_the_counterpart
        a_close_that_was_not_confirmed_is_an_error
        after_close_init_opens_it_again
        sessions_of_one_configuration_share_nothing
        dropping_every_caller_abandons_nothing
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
        an_answer_that_makes_no_sense_is_a_protocol_error
        it_is_renewed_ahead_and_nobody_waits
        a_failed_renewal_displaces_nothing_that_is_valid
        all_who_find_it_expired_share_one_renewal
        a_refused_credential_is_replaced_once_and_its_successor_stays
        what_one_process_stores_another_renews
        it_works_on_a_runtime_of_one_thread
        it_works_on_a_runtime_of_many_threads
        it_works_on_several_runtimes_at_once_and_in_turn
    ]
    one_that_goes_anywhere_is_found: GOES_ANYWHERE lacks [
        the_credential_goes_to_the_environment_and_nowhere_else
        over_http_nothing_of_it_goes_to_another_origin
    ]
    one_that_forgets_who_it_is_is_found: FORGETS_WHO_IT_IS lacks [
        who_it_is_stays_the_same
        what_one_process_stores_another_renews
        what_one_process_stores_another_closes
    ]
    one_that_is_the_same_as_all_others_is_found: IS_ANYBODY lacks [
        who_it_is_differs_between_configurations
    ]
    one_that_is_somebody_else_each_time_is_found: IS_SOMEBODY_NEW lacks [
        who_it_is_stays_the_same
        what_one_process_stores_another_renews
        what_one_process_stores_another_closes
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
    one_that_asks_twice_is_found: ASKS_TWICE lacks [
        init_authenticates_once_and_is_idempotent
        the_credential_is_let_in
        enter_opens_and_closes
        close_is_idempotent_and_final
        after_close_init_opens_it_again
        sessions_of_one_configuration_share_nothing
        however_many_open_it_at_once_authenticate_once
        dropping_every_caller_abandons_nothing
        each_authentication_is_one_for_the_counterpart
        a_refusal_is_denied_and_the_next_init_tries_again
        an_outage_is_unavailable_and_the_next_init_tries_again
        an_answer_that_makes_no_sense_is_a_protocol_error
        one_failure_is_the_same_for_all_who_waited
        waiting_blocks_no_thread
        it_is_renewed_ahead_and_nobody_waits
        all_who_find_it_expired_share_one_renewal
        a_refused_credential_is_replaced_once_and_its_successor_stays
        over_http_a_refused_credential_is_replaced_and_the_request_repeated
        what_one_process_stores_another_renews
        what_one_process_stores_another_closes
        it_works_on_a_runtime_of_one_thread
        it_works_on_a_runtime_of_many_threads
        it_works_on_several_runtimes_at_once_and_in_turn
        it_works_without_a_runtime
    ]
    one_that_shares_tokens_is_found: SHARES_TOKENS lacks [
        sessions_of_one_configuration_share_nothing
        each_authentication_is_one_for_the_counterpart
    ]
    one_that_renews_from_memory_is_found: RENEWS_FROM_MEMORY lacks [
        what_one_process_stores_another_renews
    ]
    one_that_asks_a_person_at_each_renewal_is_found: ASKS_A_PERSON lacks [
        a_renewal_asks_nobody
    ]
    one_that_forgets_the_lifetime_at_a_renewal_is_found: FORGETS_LIFETIME_AT_RENEWAL lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
        a_lifetime_that_changes_is_followed
    ]
    one_that_halves_the_lifetime_is_found: HALVES_LIFETIME lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
        a_lifetime_that_changes_is_followed
    ]
    one_that_doubles_the_lifetime_is_found: DOUBLES_LIFETIME lacks [
        the_credential_is_valid_for_as_long_as_the_counterpart_says
        a_lifetime_that_changes_is_followed
    ]
    one_that_takes_the_lifetime_for_granted_is_found: ASSUMES_LIFETIME lacks [
        a_lifetime_that_changes_is_followed
    ]
    one_that_leaves_what_it_keeps_is_found: LEAVES_KEPT lacks [
        close_ends_what_is_kept_too
        what_one_process_stores_another_closes
    ]
    one_that_closes_from_memory_is_found: CLOSES_FROM_MEMORY lacks [
        what_one_process_stores_another_closes
    ]
    one_that_hides_a_failed_close_is_found: HIDES_FAILED_CLOSE lacks [
        a_close_that_was_not_confirmed_is_an_error
    ]
    one_that_moves_is_found: MOVES lacks [
        its_environment_stays_the_same
    ]
    one_that_lets_a_copy_be_seen_is_found: SHOWS_A_COPY lacks [
        what_goes_on_a_request_is_marked_sensitive
    ]
    one_that_sends_it_twice_is_found: SENDS_TWICE lacks [
        over_http_the_credential_arrives_once_and_nowhere_else
    ]
    one_that_sends_what_it_keeps_is_found: SENDS_WHAT_IT_KEEPS lacks [
        what_is_kept_is_never_sent
        over_http_the_credential_arrives_once_and_nowhere_else
    ]
    one_that_strips_requests_is_found: STRIPS_REQUESTS lacks [
        any_request_is_authorized_and_otherwise_left_alone
    ]
    one_that_knows_two_methods_is_found: KNOWS_TWO_METHODS lacks [
        any_request_is_authorized_and_otherwise_left_alone
    ]
}

const LACKED_BY_THE_SLOW: &[&str] = &[
    "a_hang_runs_into_the_time_limit",
    "waiting_blocks_no_thread",
];

/// What has little patience may find more that is slow.
#[test]
fn one_that_blocks_its_thread_is_found() {
    let report = Report::of::<Scheme<{ fault::BLOCKS }>>();
    let broken: Vec<_> = report.broken().collect();
    for property in LACKED_BY_THE_SLOW {
        assert!(broken.contains(property), "{report}");
    }
}

const LACKED_BY_THE_HASTY: &&str = &"nothing_is_sent_before_init";

#[test]
fn one_that_asks_before_it_is_told_to_is_found() {
    let report = Report::of::<Scheme<{ fault::ASKS_EARLY }>>();
    assert!(
        report.broken().any(|it| it == *LACKED_BY_THE_HASTY),
        "{report}"
    );
}

#[test]
fn what_is_seen_instead_is_told() {
    let report = Report::of::<Scheme<{ fault::SWALLOWS }>>();
    let outcome = report.outcome("a_refusal_is_denied_and_the_next_init_tries_again");
    let seen = "authentication succeeded although the counterpart let nobody in".to_owned();
    assert_eq!(outcome, Some(&Outcome::Broken(seen)));
}
