//! This backend does as all others do.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use session_mock::Report;
use support::ClientCredentials;

mod known_by_its_endpoints {
    use super::*;
    session_mock::conformance!(ClientCredentials<false>);
}

mod discovered {
    use super::*;
    session_mock::conformance!(ClientCredentials<true>);
}

mod refreshed {
    use super::*;
    session_mock::conformance!(ClientCredentials<false, true>);
}

#[test]
fn nothing_is_skipped_but_what_the_scheme_has_not() {
    let report = Report::of::<ClientCredentials<false, true>>();
    let skipped: Vec<_> = report.skipped().collect();
    assert_eq!(skipped, ["each_request_has_an_authorization_of_its_own"]);
}
