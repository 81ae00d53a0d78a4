//! Many callers, and callers that go away.

use session_core::{BoxFuture, Result, State};

use super::Shown;
use crate::{
    Answer, Subject,
    conformance::{
        Trial,
        trial::{authorize, poll_once, service},
    },
};

const CALLERS: usize = 100;

pub(crate) async fn however_many_open_it_at_once_authenticate_once<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.session();
    trial.record.gate.shut();
    let mut callers: Vec<BoxFuture<Result<()>>> = Vec::new();
    for _ in 0..CALLERS / 2 {
        let [one, other] = [session.clone(), session.clone()];
        callers.push(Box::pin(async move { one.init().await }));
        callers.push(Box::pin(async move { other.enter(async {}).await }));
    }
    for caller in &mut callers {
        assert!(poll_once(caller).is_pending());
    }
    assert_eq!(session.status().state, State::Opening);
    trial.record.gate.open();
    for caller in callers {
        let outcome = caller.await;
        assert!(outcome.is_ok(), "one of many who waited got {outcome:?}");
    }
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn dropping_every_caller_abandons_nothing<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    // In the middle of a request where the counterpart can be held, else just before it.
    let is_held = trial.answer(Answer::Hold).is_ok();
    if !is_held {
        trial.record.gate.shut();
    }
    let mut callers: Vec<_> = (0..3).map(|_| Box::pin(session.init())).collect();
    for caller in &mut callers {
        assert!(poll_once(caller).is_pending());
    }
    trial.record.authenticates(1).await;
    trial.until_executor_is_free().await;
    drop(callers);
    if is_held {
        trial.answer(Answer::Accept)?;
    }
    trial.record.gate.open();
    trial
        .until(&session, |status| status.state != State::Opening)
        .await;
    assert_eq!(
        session.status().state,
        State::Open,
        "{:?}",
        session.status()
    );
    trial.init(&session).await;
    trial.assert_admitted(&session).await;
    trial.assert_authentications(1);
    Ok(())
}

/// Neither does a backend try again by itself, nor does it have anything left from before.
pub(crate) async fn each_authentication_is_one_for_the_counterpart<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let count = trial.subject.authentications()?;
    assert_eq!(
        count, 0,
        "authentications that reached the counterpart, of none"
    );
    let session = trial.open().await;
    trial.assert_authentications(1);
    if let Ok(url) = service(&session) {
        let (_, receipt) = authorize(&session, http::Method::GET, &url)
            .await
            .unwrap_or_else(|error| panic!("an open session cannot authorize: {error:?}"));
        let renewed = session.report_refusal(&receipt, &[]).await;
        assert!(renewed.is_ok(), "a refused credential: {renewed:?}");
        trial.assert_authentications(2);
    }
    let before = trial.record.authentications();
    assert!(session.close().await.is_ok());
    trial.init(&session).await;
    trial.assert_authentications(before + 1);
    if trial.answer(Answer::Fail).is_ok() {
        // Its outcome is no matter of authentication.
        let _ = session.close().await;
        assert!(session.init().await.is_err(), "nobody is let in");
        trial.assert_authentications(before + 2);
    }
    Ok(())
}
