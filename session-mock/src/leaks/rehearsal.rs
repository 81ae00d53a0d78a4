//! All that can happen to a backend.

#[cfg(feature = "http")]
mod wired;

use std::{fmt::Debug, future::poll_fn, pin::pin, task::Poll, time::Duration};

use http::{HeaderMap, Method};
use session_core::{
    Challenge, Clock, Credential, Result, Secret, SessionBuilder, SessionHandle, State, Stored,
    WithSession,
};

use super::{Capture, Place};
use crate::{
    Answer, Search, Subject, canary,
    conformance::{
        Trial,
        trial::{authorize, converse, poll_once, runtime_of_one, service},
    },
    secrets,
};

/// A run through all that can happen, with everything noted that can be looked at.
pub(super) struct Rehearsal<'a, S> {
    trial: Trial<S>,
    capture: &'a Capture,
    /// The secrets that came with credentials, or went on requests.
    pub(super) obtained: Vec<Vec<u8>>,
    /// What the counterpart could not be made to do.
    pub(super) skipped: Vec<String>,
    /// What the last authentication yielded.
    latest: Option<Credential>,
}

/// What a counterpart does once a session is open.
#[derive(Clone, Copy)]
enum Then<'a> {
    /// Answers like this.
    Answer(Answer<'a>),
    /// Quotes the credential, in the spelling of this number.
    Quote(usize),
}

impl<'a, S: Subject> Rehearsal<'a, S> {
    pub(super) fn run(capture: &'a Capture) -> Self {
        let mut rehearsal = Self {
            trial: Trial::start(),
            capture,
            obtained: Vec::new(),
            skipped: Vec::new(),
            latest: None,
        };
        runtime_of_one().block_on(rehearsal.everything());
        rehearsal
    }

    /// The secrets that the subject knows of.
    pub(super) fn configured(&self) -> Vec<String> {
        self.trial.subject.secrets()
    }

    async fn everything(&mut self) {
        // A backend can only keep from being repeated what it knows: of tokens, its own.
        let configured = self.trial.subject.secrets();
        for value in self.trial.subject.visible() {
            self.look(&*value);
        }
        for other in self.trial.subject.others() {
            self.look(&(&other, other.session()));
        }
        self.life(Answer::Accept, Then::Answer(Answer::Accept))
            .await;
        self.over_http().await;
        self.panics().await;
        for answer in [Answer::Refuse, Answer::Fail, Answer::Garble, Answer::Hold] {
            self.lives(answer).await;
        }
        for secret in configured {
            for spelled in Search::spellings(&secret) {
                if !self.lives(Answer::Echo(&spelled)).await {
                    return;
                }
            }
        }
        for spelling in 0..Search::spellings(canary()).len() {
            self.life(Answer::Accept, Then::Quote(spelling)).await;
        }
    }

    /// Two sessions: the counterpart answers like this from the start, or once it is open. `false`: it cannot.
    async fn lives(&mut self, answer: Answer<'_>) -> bool {
        if let Err(unable) = self.trial.answer(answer) {
            let what = match answer {
                Answer::Echo(_) => "Echo".to_owned(),
                answer => format!("{answer:?}"),
            };
            self.skipped.push(format!("`{what}`: {}", unable.reason()));
            return false;
        }
        self.life(answer, Then::Answer(answer)).await;
        self.life(Answer::Accept, Then::Answer(answer)).await;
        true
    }

    async fn life(&mut self, first: Answer<'_>, then: Then<'_>) {
        self.answer(first);
        let session = self.trial.session();
        self.look_at(&session);
        let opened = self.outlast(first, session.init()).await;
        self.note(opened);
        self.look_at(&session);
        for finding in self.outlast(first, session.examine()).await {
            self.look(&finding);
            self.capture.note(Place::Shown, &finding.to_string());
        }
        let quoted = self.quoted(then);
        let then = match then {
            Then::Answer(answer) => answer,
            Then::Quote(_) => Answer::Echo(&quoted),
        };
        if session.status().state == State::Open {
            self.use_it(&session, then).await;
        }
        self.answer(then);
        let closed = self.outlast(then, session.close()).await;
        self.note(closed);
        self.look_at(&session);

        // One that is dropped open, and one that nobody waits for.
        self.answer(first);
        let session = self.trial.session();
        let opened = self.outlast(first, session.init()).await;
        self.note(opened);
        let left_open = session.status().state == State::Open;
        let before = self.trial.record.closes_ended();
        drop(session);
        if left_open {
            self.trial.record.closed(before + 1).await;
        }
        let session = self.trial.session();
        drop(poll_once(session.init()));
        let closed = self.outlast(first, session.close()).await;
        self.note(closed);
        self.look_at_credentials();
        self.answer(Answer::Accept);
    }

    /// A secret of the last credential, as it is to be quoted.
    fn quoted(&self, then: Then<'_>) -> String {
        let (Then::Quote(spelling), Some(credential)) = (then, &self.latest) else {
            return String::new();
        };
        let kept = credential.iter_kept().map(|(_, secret)| secret);
        let mut secrets = credential
            .iter_headers()
            .map(|(_, secret)| secret)
            .chain(kept);
        let secret = secrets.next().map(Secret::expose).unwrap_or_default();
        // Without a scheme, which is not secret.
        let bare = secret.split(|byte| *byte == b' ').next_back();
        let mut spellings = Search::spellings(bare.unwrap_or_default()).into_iter();
        spellings.nth(spelling).unwrap_or_default()
    }

    /// Requests, a refusal that quotes them, and a renewal.
    async fn use_it(&mut self, session: &SessionHandle, then: Answer<'_>) {
        if let Ok(url) = service(session)
            && let Ok((headers, mut receipt)) = authorize(session, Method::GET, &url).await
        {
            self.look(&receipt);
            self.look_at_request(&headers);
            let answered = converse(&mut receipt, &headers).await;
            self.note(answered);
            // What the API answers is the caller's.
            let _ = self.trial.subject.admits(session).await;
            self.look_at_legs();
            self.answer(then);
            let challenges = challenges(&headers);
            self.look(&challenges);
            let refused = session.report_refusal(&receipt, &challenges);
            let renewed = self.outlast(then, refused).await;
            self.note(renewed);
            self.look_at(session);
        }
        self.answer(then);
        let lifetime = self.trial.lifetime(session).unwrap_or_default();
        self.trial.clock.advance(lifetime + Duration::from_secs(1));
        let renewed = self.outlast(then, session.credential()).await;
        self.note(renewed);
        self.look_at(session);
    }

    /// The backend panics, and so does a program with an open session.
    async fn panics(&mut self) {
        self.answer(Answer::Accept);
        self.trial.record.panic_next();
        let session = self.trial.session();
        let outcome = session.init().await;
        self.note(outcome);
        self.look_at(&session);
        let entered = session.clone();
        let block = async move { entered.enter(async { panic!("a program panics") }).await };
        let outcome: std::result::Result<Result<()>, _> = tokio::spawn(block).await;
        if let Err(error) = outcome {
            self.capture.note(Place::Errors, &Search::texts(&error));
        }
        self.note(session.close().await);
    }

    /// Waits for something that the counterpart may hold up for longer than it may take.
    async fn outlast<T>(&self, answer: Answer<'_>, call: impl Future<Output = T>) -> T {
        let clock = &self.trial.clock;
        let mut call = pin!(call);
        let mut patience = Box::pin(clock.sleeper(SessionBuilder::TIME_LIMIT));
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(value) = call.as_mut().poll(cx) {
                    return Poll::Ready(value);
                }
                if answer != Answer::Hold || patience.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                clock.advance(SessionBuilder::TIME_LIMIT);
                patience = Box::pin(clock.sleeper(SessionBuilder::TIME_LIMIT));
            }
        })
        .await
    }

    /// What it cannot, it was asked before.
    fn answer(&self, answer: Answer<'_>) {
        let _ = self.trial.answer(answer);
    }

    fn look_at(&mut self, session: &SessionHandle) {
        self.look(&(session, session.session(), session.environment()));
        self.look(&(session.status(), session.blocking(), session.changes()));
        self.look(&(session.session().identity(), session.enter(async {})));
        self.look(&async {}.with_session(session));
        if let Some(error) = session.status().failure {
            self.note::<()>(Err(error));
        }
        self.look_at_credentials();
    }

    fn look_at_credentials(&mut self) {
        for credential in self.trial.record.take_credentials() {
            self.look(&credential);
            self.latest = Some(credential.clone());
            self.look(&Stored::new(
                credential.clone(),
                self.trial.clock.wall(),
                None,
            ));
            self.obtain(secrets::of_credential(&credential));
        }
    }

    /// What is marked on a request is secret, and what is not marked has no secret in it.
    fn look_at_request(&mut self, headers: &HeaderMap) {
        self.obtain(secrets::on_request(headers));
        let unmarked = secrets::unmarked(headers);
        self.capture.note(Place::Requests, &unmarked);
    }

    /// The same for those that the backend itself authorized, on each leg.
    fn look_at_legs(&mut self) {
        for headers in self.trial.record.take_legs() {
            self.look_at_request(&headers);
        }
    }

    fn look(&self, value: &(impl Debug + ?Sized)) {
        self.capture
            .note(Place::Shown, &format!("{value:?}\n{value:#?}"));
    }

    fn note<T>(&self, outcome: Result<T>) {
        if let Err(error) = outcome {
            self.capture.note(Place::Errors, &Search::texts(&error));
        }
    }

    fn obtain(&mut self, secrets: Vec<Vec<u8>>) {
        self.obtained.extend(secrets);
        self.obtained.sort_unstable();
        self.obtained.dedup();
    }
}

#[cfg(not(feature = "http"))]
impl<S: Subject> Rehearsal<'_, S> {
    async fn over_http(&mut self) {
        let reason = "`session-mock` is built without its feature `http`";
        self.skipped.push(format!("requests over HTTP: {reason}"));
        std::future::ready(()).await;
    }
}

/// Those of an API that quotes what it was sent.
fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let values = headers
        .values()
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let quoting = values.map(|value| {
        Challenge::new(value.split(' ').next().unwrap_or_default())
            .with_parameter("realm", value.clone())
            .with_parameter("error_description", format!("what is {value}?"))
            .with_token68(value.as_bytes())
    });
    quoting.collect()
}
