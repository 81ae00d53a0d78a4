//! Expiry and renewal, by a clock that a test moves.

use std::{task::Poll, time::Duration};

use session_core::{SessionHandle, State};

use super::Shown;
use crate::{
    Answer, Subject,
    conformance::{
        Trial,
        trial::{poll_once, service},
    },
};

/// From when on a credential is renewed ahead, for sessions that leave nothing to chance.
const WINDOW: Duration = Duration::from_secs(300);

pub(crate) async fn the_credential_is_valid_for_as_long_as_the_counterpart_says<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let said = trial.subject.lifetime()?;
    let session = trial.open().await;
    assert_valid_for(trial, &session, said, "the first credential");
    if is_renewed(trial, &session).await {
        assert_valid_for(trial, &session, said, "a renewed credential");
    }
    Ok(())
}

pub(crate) async fn a_lifetime_that_changes_is_followed<S: Subject>(trial: &Trial<S>) -> Shown {
    // Neither is a multiple of the other, nor what anybody would take for granted.
    let [first, second] = [Duration::from_secs(601), Duration::from_secs(25_013)];
    trial.subject.set_lifetime(first)?;
    let session = trial.open().await;
    assert_valid_for(trial, &session, Some(first), "the first credential");
    trial.subject.set_lifetime(second)?;
    if is_renewed(trial, &session).await {
        assert_valid_for(trial, &session, Some(second), "a renewed credential");
    }
    let next = trial.open().await;
    assert_valid_for(trial, &next, Some(second), "the next credential");
    Ok(())
}

pub(crate) async fn a_renewal_asks_nobody<S: Subject>(trial: &Trial<S>) -> Shown {
    trial.subject.interactions()?;
    let session = trial.open().await;
    let before = trial.subject.interactions()?;
    let assert_none = |during: &str| {
        assert_eq!(
            trial.subject.interactions(),
            Ok(before),
            "how often a person was asked, before and after {during}: renewals happen unseen, at night and on servers; \
             where a person is needed, `renew` fails with `Interaction`"
        );
    };
    // One that fails without a person is as it should be.
    let _ = trial.try_replace(&session).await?;
    assert_none("a renewal");
    if let Ok(lifetime) = trial.lifetime(&session)
        && trial.answer(Answer::Refuse).is_ok()
    {
        trial.clock.advance(lifetime + Duration::from_secs(1));
        let _ = session.credential().await;
        assert_none("a renewal that the counterpart refused");
    }
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

/// Whether it was renewed because of a refusal; by its expiry it cannot be, for the counterpart's clock stands still.
async fn is_renewed<S: Subject>(trial: &Trial<S>, session: &SessionHandle) -> bool {
    service(session).is_ok() && matches!(trial.try_replace(session).await, Ok(Ok(())))
}

/// The session's credential, which the counterpart has just given out, is valid for as long as that says.
///
/// What is given as a time of day counts from when the counterpart gave it, in real time, and may be in whole seconds;
/// so may the time on its clock.
#[track_caller]
fn assert_valid_for<S: Subject>(
    trial: &Trial<S>,
    session: &SessionHandle,
    said: Option<Duration>,
    what: &str,
) {
    let is = trial.lifetime(session).ok();
    let (Some(said), Some(is)) = (said, is) else {
        assert_eq!(
            is, said,
            "how long {what} is valid, and what the counterpart says"
        );
        return;
    };
    let inexact = Duration::from_secs(2).min(said / 4);
    let (least, most) = (
        said.saturating_sub(inexact),
        said + inexact + trial.elapsed(),
    );
    assert!(
        (least..=most).contains(&is),
        "{what} is valid for {is:?}, and the counterpart says {said:?}: one that counts as valid for longer than it is \
         costs refused requests, one for less too many renewals; give it as the server does, and leave safety margins to \
         the engine"
    );
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
