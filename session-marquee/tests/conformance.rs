//! This backend does as all others do.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use session_mock::Report;
use support::{Application, GSSSO, Given, MARQUEE_LOGIN, TOKEN};

mod of_an_application {
    use super::*;
    session_mock::conformance!(Application);
}

mod of_an_application_that_tells_of_itself {
    use super::*;
    session_mock::conformance!(Application<true>);
}

mod of_a_token {
    use super::*;
    session_mock::conformance!(Given<TOKEN>);
}

mod of_a_cookie_of_single_sign_on {
    use super::*;
    session_mock::conformance!(Given<GSSSO>);
}

mod of_the_cookie_of_a_log_in {
    use super::*;
    session_mock::conformance!(Given<MARQUEE_LOGIN>);
}

#[test]
fn nothing_is_skipped_but_what_the_scheme_has_not() {
    let report = Report::of::<Application>();
    let skipped: Vec<_> = report.skipped().collect();
    // Nobody knows where Marquee would revoke a token.
    assert_eq!(
        skipped,
        [
            "close_ends_the_credential_at_the_counterpart",
            "close_ends_what_is_kept_too",
            "a_close_that_was_not_confirmed_is_an_error",
            "what_is_kept_is_never_sent",
            "each_request_has_an_authorization_of_its_own",
        ]
    );
}
