//! Expiry and renewal, by a clock that a test moves.

use std::{task::Poll, time::Duration};

use session_core::{SessionHandle, State};

use super::Shown;
use crate::{
    Answer, Subject,
    conformance::{Trial, trial::poll_once},
};

/// From when on a credential is renewed ahead, for sessions that leave nothing to chance.
const WINDOW: Duration = Duration::from_secs(300);

pub(crate) async fn the_credential_is_valid_for_as_long_as_the_counterpart_says<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let said = trial.subject.lifetime()?;
    let session = trial.open().await;
    let is = trial.lifetime(&session).ok();
    let (Some(said), Some(is)) = (said, is) else {
        assert_eq!(
            is, said,
            "how long it is valid, and what the counterpart says"
        );
        return Ok(());
    };
    // The counterpart's clock is a real one, and the unit what is mistaken easily.
    assert!(
        is <= said * 2 && said <= is * 2,
        "it is valid for {is:?}, and the counterpart says {said:?}"
    );
    Ok(())
}

pub(crate) async fn it_is_renewed_ahead_and_nobody_waits<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.open().await;
    let lifetime = trial.lifetime(&session)?;
    trial.clock.advance(into_window(lifetime));
    trial.record.gate.shut();
    for _ in 0..10 {
        assert_served(&session);
    }
    trial.record.authenticates(2).await;
    assert_served(&session);
    assert_eq!(session.status().generation, 1);
    trial.record.gate.open();
    until_renewed(trial, &session).await;
    assert_served(&session);
    trial.assert_admitted(&session).await;
    assert_eq!(session.status().generation, 2);
    trial.assert_authentications(2);
    Ok(())
}

pub(crate) async fn a_failed_renewal_displaces_nothing_that_is_valid<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    let lifetime = trial.lifetime(&session)?;
    trial
        .answer(Answer::Fail)
        .or_else(|_| trial.answer(Answer::Refuse))?;
    trial.clock.advance(into_window(lifetime));
    assert_served(&session);
    trial
        .until(&session, |status| {
            status.failure.is_some() || status.generation > 1
        })
        .await;
    let status = session.status();
    assert_eq!(
        (status.state, status.generation),
        (State::Open, 1),
        "after a renewal that failed"
    );
    assert_served(&session);
    trial.answer(Answer::Accept)?;
    trial.clock.advance(window(lifetime));
    assert_eq!(session.status().state, State::Expired);
    trial.init(&session).await;
    assert_eq!(session.status().generation, 2);
    trial.assert_admitted(&session).await;
    Ok(())
}

pub(crate) async fn all_who_find_it_expired_share_one_renewal<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    let lifetime = trial.lifetime(&session)?;
    trial.clock.advance(lifetime + Duration::from_secs(1));
    assert_eq!(session.status().state, State::Expired);
    trial.record.gate.shut();
    let mut callers: Vec<_> = (0..100).map(|_| Box::pin(session.credential())).collect();
    for caller in &mut callers {
        assert!(poll_once(caller).is_pending());
    }
    trial.record.gate.open();
    for caller in callers {
        if let Err(error) = caller.await {
            panic!("an expired credential was not renewed: {error:?}");
        }
    }
    assert_eq!(session.status().state, State::Open);
    assert_eq!(session.status().generation, 2);
    trial.assert_admitted(&session).await;
    trial.assert_authentications(2);
    Ok(())
}

/// There is a credential at once.
#[track_caller]
fn assert_served(session: &SessionHandle) {
    let served = poll_once(session.credential());
    assert!(
        matches!(served, Poll::Ready(Ok(_))),
        "somebody waits, or fails, although there is a valid credential: {served:?}"
    );
}

async fn until_renewed<S: Subject>(trial: &Trial<S>, session: &SessionHandle) {
    trial.until(session, |status| !status.is_renewing).await;
    if let Some(error) = session.status().failure {
        panic!("the renewal failed: {error:?}");
    }
}

/// After that long, the credential is in the middle of its window.
fn into_window(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(window(lifetime) / 2)
}

fn window(lifetime: Duration) -> Duration {
    (lifetime / 4).min(WINDOW)
}
