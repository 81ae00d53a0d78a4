//! The mocks, and a scheme that does everything right, have all properties.

use std::time::Duration;

use session_core::{Config, ErrorKind, Identity, SessionHandle};
use session_mock::{Answer, Gate, MockSession, Outcome, Report, Step, Subject, Unable};

use crate::{
    fault::{HONEST, HONEST_PER_REQUEST},
    scheme::Scheme,
};

/// A mock as a subject: what it is told is what its counterpart does.
struct Mock {
    session: MockSession,
    gate: Gate,
    good: Step,
}

impl Mock {
    fn scripted(good: Step) -> Self {
        Self {
            session: MockSession::scripted([good.clone()]).as_identity(Identity::new(["mock"])),
            gate: Gate::new(),
            good,
        }
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.gate.open();
        self.session.always(match answer {
            Answer::Accept => self.good.clone(),
            Answer::Refuse | Answer::Echo(_) => Step::fail(ErrorKind::Denied),
            Answer::Fail => Step::fail(ErrorKind::Unavailable),
            Answer::Garble => Step::fail(ErrorKind::Protocol),
            Answer::Hold => {
                self.gate.shut();
                self.good.clone().behind(&self.gate)
            }
            _ => return Err(Unable::because("the mock does not know how")),
        });
        Ok(())
    }
}

macro_rules! mock {
    ($name:ident, $good:expr) => {
        struct $name(Mock);

        impl Subject for $name {
            fn start() -> Self {
                Self(Mock::scripted($good.expires_in(Duration::from_secs(3600))))
            }

            fn session(&self) -> SessionHandle {
                self.0.session.handle()
            }

            fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
                self.0.answer(answer)
            }

            fn authentications(&self) -> Result<usize, Unable> {
                use session_mock::Call::{Init, Renew, RenewRefused};
                Ok([Init, Renew, RenewRefused]
                    .map(|call| self.0.session.count(call))
                    .iter()
                    .sum())
            }

            fn lifetime(&self) -> Result<Option<Duration>, Unable> {
                Ok(Some(Duration::from_secs(3600)))
            }

            fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
                self.0.session.always($good.expires_in(lifetime));
                Ok(())
            }

            fn interactions(&self) -> Result<usize, Unable> {
                Ok(0)
            }

            fn others(&self) -> Vec<SessionHandle> {
                let other = MockSession::bearer("t").as_identity(Identity::new(["other"]));
                vec![other.handle()]
            }
        }
    };
}

mock!(Bearer, Step::bearer("t0k3n"));
mock!(PerRequest, Step::per_request());

mod bearer {
    use super::*;
    session_mock::conformance!(Bearer);
}

mod per_request {
    use super::*;
    session_mock::conformance!(PerRequest);
}

/// The backend `mock`, as profiles open it.
struct ByName;

impl Subject for ByName {
    fn start() -> Self {
        Self
    }

    fn session(&self) -> SessionHandle {
        let config = Config::new()
            .set("lifetime", Duration::from_secs(60))
            .set("environment.api", "https://api.mock.test/");
        session_core::open("mock", config).unwrap()
    }

    fn answer(&self, _: Answer<'_>) -> Result<(), Unable> {
        Err(Unable::because("the backend `mock` talks to nobody"))
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok(Some(Duration::from_secs(60)))
    }
}

mod by_name {
    use super::*;
    session_mock::conformance!(ByName);
}

mod honest {
    use super::*;
    session_mock::conformance!(Scheme<HONEST>);
}

mod honest_per_request {
    use super::*;
    session_mock::conformance!(Scheme<HONEST_PER_REQUEST>);
}

#[test]
fn what_cannot_be_shown_is_skipped_by_name_and_with_the_reason() {
    let report = Report::of::<ByName>();
    assert_eq!(
        skipped(&report),
        [
            "the_credential_is_let_in",
            "close_ends_the_credential_at_the_counterpart",
            "close_ends_what_is_kept_too",
            "a_close_that_was_not_confirmed_is_an_error",
            "sessions_of_one_configuration_share_nothing",
            "each_authentication_is_one_for_the_counterpart",
            "a_refusal_is_denied_and_the_next_init_tries_again",
            "an_outage_is_unavailable_and_the_next_init_tries_again",
            "an_answer_that_makes_no_sense_is_a_protocol_error",
            "one_failure_is_the_same_for_all_who_waited",
            "a_hang_runs_into_the_time_limit",
            "waiting_blocks_no_thread",
            "a_lifetime_that_changes_is_followed",
            "a_failed_renewal_displaces_nothing_that_is_valid",
            "a_renewal_asks_nobody",
            "what_is_kept_is_never_sent",
            "each_request_has_an_authorization_of_its_own",
            "who_it_is_stays_the_same",
            "who_it_is_differs_between_configurations",
            "what_one_process_stores_another_renews",
            "what_one_process_stores_another_closes",
        ]
    );
    assert_eq!(
        report.outcome("waiting_blocks_no_thread"),
        Some(&Outcome::Skipped(
            "the backend `mock` talks to nobody".to_owned()
        ))
    );
    assert!(
        report
            .to_string()
            .contains("waiting_blocks_no_thread: skipped: the backend `mock` talks to nobody\n")
    );
    assert_eq!(report.outcome("no_such_property"), None);
}

#[test]
fn of_a_whole_subject_nothing_is_skipped_but_what_the_scheme_has_not() {
    assert_eq!(
        skipped(&Report::of::<Scheme<HONEST>>()),
        ["each_request_has_an_authorization_of_its_own"]
    );
    assert_eq!(
        skipped(&Report::of::<Scheme<HONEST_PER_REQUEST>>()),
        [
            "what_one_process_stores_another_renews",
            "what_one_process_stores_another_closes",
        ]
    );
}

/// But for what takes connections, where there are none.
fn skipped(report: &Report) -> Vec<&'static str> {
    let wired = |property: &&str| property.starts_with("over_http_");
    let all = report.skipped();
    all.filter(|property| cfg!(feature = "http") || !wired(property))
        .collect()
}
