//! Counterparts that refuse, fail, talk nonsense or hang.

use session_core::{Error, ErrorKind, SessionBuilder, SessionHandle, State};

use super::Shown;
use crate::{
    Answer, Subject,
    conformance::{Trial, trial::poll_once},
};

pub(crate) async fn a_refusal_is_denied_and_the_next_init_tries_again<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    trial.answer(Answer::Refuse)?;
    fails_once(trial, &[ErrorKind::Denied, ErrorKind::Interaction]).await
}

pub(crate) async fn an_outage_is_unavailable_and_the_next_init_tries_again<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    trial.answer(Answer::Fail)?;
    fails_once(trial, &[ErrorKind::Unavailable]).await
}

pub(crate) async fn an_answer_that_makes_no_sense_is_a_protocol_error<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    trial.answer(Answer::Garble)?;
    fails_once(trial, &[ErrorKind::Protocol]).await
}

pub(crate) async fn one_failure_is_the_same_for_all_who_waited<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    trial
        .answer(Answer::Fail)
        .or_else(|_| trial.answer(Answer::Refuse))?;
    let session = trial.session();
    trial.record.gate.shut();
    let mut callers: Vec<_> = (0..20).map(|_| Box::pin(session.init())).collect();
    for caller in &mut callers {
        assert!(poll_once(caller).is_pending());
    }
    trial.record.gate.open();
    let mut told = Vec::new();
    for caller in callers {
        told.push(failure(caller.await));
    }
    for error in &told {
        let (one, other) = (&told[0], error);
        assert_eq!(
            (one.kind(), one.to_string()),
            (other.kind(), other.to_string())
        );
    }
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn a_hang_runs_into_the_time_limit<S: Subject>(trial: &Trial<S>) -> Shown {
    trial.answer(Answer::Hold)?;
    let session = trial.session();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    trial.record.authenticates(1).await;
    trial.clock.sleeper(SessionBuilder::TIME_LIMIT).await;
    trial.clock.advance(SessionBuilder::TIME_LIMIT);
    let error = failure(init.await);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    trial.answer(Answer::Accept)?;
    trial.init(&session).await;
    assert_eq!(trial.record.authentications(), 2);
    Ok(())
}

pub(crate) async fn waiting_blocks_no_thread<S: Subject>(trial: &Trial<S>) -> Shown {
    trial.answer(Answer::Hold)?;
    let session = trial.session();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    trial.record.authenticates(1).await;
    trial.until_executor_is_free().await;
    trial.answer(Answer::Accept)?;
    let outcome = init.await;
    assert!(outcome.is_ok(), "after a slow answer: {outcome:?}");
    trial.assert_authentications(1);
    Ok(())
}

/// The counterpart is in such a state that authentication fails; then it lets everybody in.
async fn fails_once<S: Subject>(trial: &Trial<S>, kinds: &[ErrorKind]) -> Shown {
    let session = trial.session();
    let error = failure(session.init().await);
    assert!(
        kinds.contains(&error.kind()),
        "it failed as {:?}, not as {kinds:?}: {error}",
        error.kind()
    );
    assert!(!error.to_string().is_empty(), "the error says nothing");
    assert_failed(&session, &error);
    let entered = session.enter(async {}).await;
    assert!(entered.is_err(), "a block ran without a session");
    trial.answer(Answer::Accept)?;
    let before = trial.record.authentications();
    trial.init(&session).await;
    assert_eq!(trial.record.authentications(), before + 1);
    assert_eq!(session.status().state, State::Open);
    trial.assert_admitted(&session).await;
    trial.assert_authentications(before + 1);
    Ok(())
}

fn assert_failed(session: &SessionHandle, error: &Error) {
    let status = session.status();
    assert_eq!(status.state, State::Closed, "after a failure");
    let kept = status.failure.as_ref().map(Error::kind);
    assert_eq!(kept, Some(error.kind()), "the failure that its status has");
}

#[track_caller]
fn failure(outcome: session_core::Result<()>) -> Error {
    match outcome {
        Err(error) => error,
        Ok(()) => panic!("authentication succeeded although the counterpart let nobody in"),
    }
}
