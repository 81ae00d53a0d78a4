//! This backend does as all others do, with a real KDC.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "tests fail by panicking, and use a part of what they share"
)]

#[path = "counterparts/gate.rs"]
mod gate;
#[path = "counterparts/kdc_message.rs"]
mod kdc_message;
#[path = "counterparts/realm.rs"]
mod realm;
#[path = "counterparts/subject.rs"]
mod subject;

use session_mock::Report;
use subject::{CACHE, ClientBy, KEYTAB, PASSWORD};

mod by_keytab {
    use super::*;
    session_mock::conformance!(ClientBy<KEYTAB>);
}

mod by_password {
    use super::*;
    session_mock::conformance!(ClientBy<PASSWORD>);
}

mod by_cache {
    use super::*;
    session_mock::conformance!(ClientBy<CACHE>);
}

#[test]
fn nothing_is_skipped_but_what_the_scheme_has_not() {
    let report = Report::of::<ClientBy<KEYTAB>>();
    let skipped: Vec<_> = report.skipped().collect();
    assert_eq!(
        skipped,
        [
            // Nobody can take a ticket back.
            "close_ends_the_credential_at_the_counterpart",
            "close_ends_what_is_kept_too",
            "a_close_that_was_not_confirmed_is_an_error",
            // Tickets are never stored, nor kept beside the credential.
            "what_is_kept_is_never_sent",
            "who_it_is_stays_the_same",
            "who_it_is_differs_between_configurations",
            "what_one_process_stores_another_renews",
            "what_one_process_stores_another_closes",
        ],
        "{report}"
    );
}
