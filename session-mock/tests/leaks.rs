//! The leak kit: a backend that keeps its secrets passes, and those that tell them do not. In a process of its own,
//! because it listens to all of it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{fmt, sync::Mutex, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, COOKIE},
    request::Parts,
};
use session_core::{
    BasicEnvironment, Config, Credential, Environment, Error, ErrorKind, Exchange, Identity,
    Incoming, Outgoing, Result, Secret, Session, SessionHandle, Verdict,
};
use session_mock::{
    Answer, Capture, Leaks, MockSession, Place, Search, Step, Subject, Unable, canary,
};

const HONEST: u8 = 0;
const SHOWS: u8 = 1;
const SHOWS_PRETTILY: u8 = 2;
const IS_ITS_SECRET: u8 = 3;
const TRACES: u8 = 4;
const LOGS: u8 = 5;
const LOGS_WHEN_CLOSED: u8 = 6;
const REPEATS_ANSWERS: u8 = 7;
const HAS_A_TALKATIVE_CAUSE: u8 = 8;
const PANICS: u8 = 9;
const MEASURES: u8 = 10;
const SHOWS_ITS_BUILDER: u8 = 11;
const LOGS_REQUESTS: u8 = 12;
const FORGETS_TO_MARK: u8 = 13;
const FORGETS_TO_MARK_WHAT_IT_GOT: u8 = 14;
const FORGETS_TO_MARK_LATER: u8 = 15;
const LOGS_ANSWERS: u8 = 16;

/// A scheme whose server is a script, and which leaks in one way or none.
struct Leaky<const HOW: u8> {
    key: String,
    answer: std::sync::Arc<Mutex<String>>,
}

impl<const HOW: u8> Subject for Leaky<HOW> {
    fn start() -> Self {
        Self {
            key: canary(),
            answer: std::sync::Arc::default(),
        }
    }

    fn session(&self) -> SessionHandle {
        SessionHandle::new(Backend {
            how: HOW,
            key: self.key.clone(),
            answer: self.answer.clone(),
            environment: BasicEnvironment::new("test")
                .service("api", "https://api.test/")
                .unwrap(),
        })
    }

    fn answer(&self, answer: Answer<'_>) -> std::result::Result<(), Unable> {
        *self.answer.lock().unwrap() = match answer {
            Answer::Accept => String::new(),
            Answer::Refuse => "no".to_owned(),
            Answer::Hold => "wait".to_owned(),
            Answer::Echo(text) => format!("what is {text}?"),
            _ => return Err(Unable::because("it has no such answer")),
        };
        Ok(())
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.key.clone()]
    }

    fn visible(&self) -> Vec<Box<dyn fmt::Debug>> {
        let builder = match HOW {
            SHOWS_ITS_BUILDER => self.key.clone(),
            _ => "..".to_owned(),
        };
        vec![Box::new(builder)]
    }
}

struct Backend {
    how: u8,
    key: String,
    answer: std::sync::Arc<Mutex<String>>,
    environment: BasicEnvironment,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.how {
            SHOWS => write!(f, "Backend({:?})", self.key),
            SHOWS_PRETTILY if f.alternate() => write!(f, "{:#?}", self.key.as_bytes()),
            _ => f.write_str("Backend"),
        }
    }
}

#[async_trait]
impl Session for Backend {
    fn scheme(&self) -> &'static str {
        "test"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    fn identity(&self) -> Option<Identity> {
        (self.how == IS_ITS_SECRET).then(|| Identity::new([&*self.key]))
    }

    async fn init(&self) -> Result<Credential> {
        let encoded = STANDARD.encode(format!("me:{}", self.key));
        match self.how {
            TRACES => {
                let span = tracing::trace_span!("log_in", header = tracing::field::Empty);
                span.record("header", format!("Basic {encoded}"));
            }
            LOGS => log::trace!("sent {:?}", self.key.as_bytes()),
            MEASURES => {
                metrics::counter!("logins", "key" => self.key.clone()).increment(1);
            }
            _ => {}
        }
        let answer = self.answer.lock().unwrap().clone();
        let error = |text: String| Err(Error::new(ErrorKind::Denied, text));
        match &*answer {
            "" => Ok(Credential::per_request(self.key.clone()).expires_in(Duration::from_secs(60))),
            "wait" => std::future::pending().await,
            _ if self.how == PANICS => panic!("`{}` is wrong", self.key),
            _ if self.how == REPEATS_ANSWERS => error(answer),
            _ if self.how == HAS_A_TALKATIVE_CAUSE => {
                let cause = std::io::Error::other(format!("{:02X?}", self.key.as_bytes()));
                Err(Error::new(ErrorKind::Denied, "no").with_source(cause))
            }
            _ => error("no".to_owned()),
        }
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let key = credential.state::<String>().unwrap();
        let once: String = STANDARD.encode(key).chars().rev().collect();
        if self.how == LOGS_REQUESTS {
            tracing::debug!(once, "authorized");
        }
        let mut value = HeaderValue::from_str(&format!("Once {once}")).unwrap();
        value.set_sensitive(true);
        let headers = &mut request.request.headers;
        headers.insert(AUTHORIZATION, value);
        let copy = HeaderName::from_static("x-anything");
        match self.how {
            FORGETS_TO_MARK => {
                let encoded = STANDARD.encode(format!("me:{key}"));
                headers.insert(copy, HeaderValue::from_str(&encoded).unwrap());
            }
            // The same secret as in the header that is marked, which the subject does not know.
            FORGETS_TO_MARK_WHAT_IT_GOT => {
                headers.insert(copy, HeaderValue::from_str(&format!("({once})")).unwrap());
            }
            FORGETS_TO_MARK_LATER | LOGS_ANSWERS => {
                let (how, key) = (self.how, key.clone());
                return Ok(Some(Box::new(Dialogue { how, key })));
            }
            _ => {}
        }
        Ok(None)
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        if self.how == LOGS_WHEN_CLOSED {
            let key = credential.state::<String>().unwrap();
            tracing::info!(?key, "closed");
        }
        Ok(())
    }
}

/// Wants each request twice.
struct Dialogue {
    how: u8,
    key: String,
}

#[async_trait]
impl Exchange for Dialogue {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        if self.how == LOGS_ANSWERS {
            tracing::debug!(self.key, status = %answer.status, "heard");
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(Verdict::Done);
        }
        if self.how == FORGETS_TO_MARK_LATER {
            let again = HeaderValue::from_str(&format!("again;{}", self.key)).unwrap();
            next.headers
                .insert(HeaderName::from_static("x-anything"), again);
        }
        Ok(Verdict::Resend)
    }
}

session_mock::leak_check!(Leaky<HONEST>);

/// The mock, with all that a credential can hold.
struct Mock {
    session: MockSession,
    secrets: Vec<String>,
    good: Step,
}

impl Subject for Mock {
    fn start() -> Self {
        let [cookie, csrf, refresh] = [canary(), canary(), canary()];
        let cookies = Secret::new(format!("theme=dark; sid={cookie}"));
        let credential = Credential::headers([
            (COOKIE, cookies),
            (
                HeaderName::from_static("x-csrf-token"),
                Secret::new(csrf.as_str()),
            ),
        ])
        .keep("refresh_token", Secret::new(refresh.as_str()));
        let good = Step::credential(credential).expires_in(Duration::from_secs(60));
        Self {
            session: MockSession::scripted([good.clone()]),
            secrets: vec![cookie, csrf, refresh],
            good,
        }
    }

    fn session(&self) -> SessionHandle {
        self.session.handle()
    }

    fn answer(&self, answer: Answer<'_>) -> std::result::Result<(), Unable> {
        self.session.always(match answer {
            Answer::Accept => self.good.clone(),
            Answer::Refuse => Step::fail(ErrorKind::Denied),
            Answer::Fail => Step::fail(ErrorKind::Unavailable),
            Answer::Garble => Step::panic(),
            Answer::Hold => Step::hang(),
            _ => return Err(Unable::because("it says what it is told to")),
        });
        Ok(())
    }

    fn secrets(&self) -> Vec<String> {
        self.secrets.clone()
    }
}

mod mock {
    use super::*;
    session_mock::leak_check!(Mock);
}

/// The backend `mock`, as profiles open it.
struct ByName(String);

impl Subject for ByName {
    fn start() -> Self {
        Self(canary())
    }

    fn session(&self) -> SessionHandle {
        let config = Config::new()
            .set("token", self.0.as_str())
            .set("lifetime", Duration::from_secs(60))
            .set("environment.api", "https://api.mock.test/");
        session_core::open("mock", config).unwrap()
    }

    fn answer(&self, _: Answer<'_>) -> std::result::Result<(), Unable> {
        Err(Unable::because("the backend `mock` talks to nobody"))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.0.clone()]
    }
}

mod by_name {
    use super::*;
    session_mock::leak_check!(ByName);
}

/// It is found there, and nowhere else.
#[track_caller]
fn assert_found<const HOW: u8>(place: Place) {
    let leaks = Leaks::of::<Leaky<HOW>>();
    for &other in Place::ALL {
        assert_eq!(
            !leaks.found(other).is_empty(),
            other == place,
            "in {other:?}: {leaks}"
        );
    }
}

#[test]
fn a_secret_in_debug_is_found() {
    assert_found::<SHOWS>(Place::Shown);
    assert_found::<SHOWS_PRETTILY>(Place::Shown);
    assert_found::<SHOWS_ITS_BUILDER>(Place::Shown);
}

#[test]
fn a_secret_in_an_identity_is_found() {
    assert_found::<IS_ITS_SECRET>(Place::Shown);
}

#[test]
fn a_secret_in_a_log_line_is_found() {
    assert_found::<TRACES>(Place::Logs);
    assert_found::<LOGS>(Place::Logs);
    assert_found::<LOGS_WHEN_CLOSED>(Place::Logs);
    assert_found::<LOGS_REQUESTS>(Place::Logs);
}

#[test]
fn a_secret_that_a_server_repeats_is_found() {
    let leaks = Leaks::of::<Leaky<REPEATS_ANSWERS>>();
    let found = leaks.found(Place::Errors);
    // However the server spells it.
    assert!(found.len() > 20, "{found:?}");
    assert!(found.iter().any(|leak| leak.spelling() == "decimal bytes"));
}

#[test]
fn a_secret_in_the_cause_of_an_error_is_found() {
    let leaks = Leaks::of::<Leaky<HAS_A_TALKATIVE_CAUSE>>();
    let found = leaks.found(Place::Errors);
    assert_eq!(found[0].spelling(), "hexadecimal", "{found:?}");
}

#[test]
fn a_secret_in_a_panic_is_found() {
    assert_found::<PANICS>(Place::Panics);
}

#[test]
fn a_secret_in_a_metric_is_found() {
    assert_found::<MEASURES>(Place::Metrics);
}

#[test]
fn a_secret_in_a_header_that_is_not_marked_is_found_without_its_name() {
    assert_found::<FORGETS_TO_MARK>(Place::Requests);
    assert_found::<FORGETS_TO_MARK_WHAT_IT_GOT>(Place::Requests);
}

#[test]
fn a_secret_on_the_later_leg_of_an_exchange_is_found() {
    assert_found::<FORGETS_TO_MARK_LATER>(Place::Requests);
    assert_found::<LOGS_ANSWERS>(Place::Logs);
}

#[test]
fn what_the_counterpart_cannot_do_is_skipped_by_name() {
    let leaks = Leaks::of::<Leaky<HONEST>>();
    let skipped = leaks.skipped();
    let skipped: Vec<_> = skipped
        .filter(|it| !it.starts_with("requests over HTTP"))
        .collect();
    assert_eq!(
        skipped,
        [
            "`Fail`: it has no such answer",
            "`Garble`: it has no such answer"
        ]
    );
    assert!(
        leaks
            .to_string()
            .ends_with("skipped `Garble`: it has no such answer\n")
    );
}

struct Silent(String);

impl Subject for Silent {
    fn start() -> Self {
        Self("short".to_owned())
    }

    fn session(&self) -> SessionHandle {
        MockSession::bearer("t").handle()
    }

    fn answer(&self, _: Answer<'_>) -> std::result::Result<(), Unable> {
        Err(Unable::because("it cannot"))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.0.clone()]
    }
}

#[test]
#[should_panic(expected = "make it with `canary`")]
fn what_is_too_short_to_be_searched_for_is_told() {
    Leaks::of::<Silent>();
}

#[test]
fn what_is_noted_is_kept() {
    let (capture, marker) = (Capture::install(), canary());
    capture.note(Place::Errors, &marker);
    let search = Search::new([&marker]);
    assert_eq!(search.leaks(&capture.text(Place::Errors)).len(), 1);
    search.assert_silent(&capture.text(Place::Shown));
    assert_eq!(format!("{capture:?}"), "Capture { .. }");
}
