//! Opening and closing.

use session_core::{ErrorKind, Result, SessionHandle, State, current};

use super::Shown;
use crate::{Answer, Subject, conformance::Trial};

pub(crate) async fn nothing_is_sent_before_init<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    session.scope(async {}).await;
    session.in_scope(|| {});
    drop(session.init());
    drop(session.enter(async {}));
    assert_closed(&session.credential().await);
    assert!(session.close().await.is_ok(), "there is nothing to close");
    assert_eq!(session.status().state, State::Closed);
    trial.assert_authentications(0);
    Ok(())
}

pub(crate) async fn init_authenticates_once_and_is_idempotent<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    trial.init(&session).await;
    trial.init(&session.clone()).await;
    assert!(session.enter(async {}).await.is_ok());
    assert_eq!(session.status().state, State::Open);
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn the_credential_is_let_in<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.open().await;
    let admitted = trial.subject.admits(&session).await?;
    assert!(admitted, "a request of an open session is refused");
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn enter_opens_and_closes<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    let block = async {
        let current = current().expect("the block has a session");
        (current.is_same(&session), current.status().state)
    };
    let inside = session.enter(block).await;
    let inside = inside.unwrap_or_else(|error| panic!("`enter` did not open it: {error:?}"));
    assert_eq!(inside, (true, State::Open));
    assert_eq!(session.status().state, State::Closed);
    assert_eq!(trial.record.closes(), 1, "closes, after the block");
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn close_is_idempotent_and_final<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.open().await;
    for _ in 0..2 {
        close(&session).await;
        assert_eq!(session.status().state, State::Closed);
        assert_closed(&session.credential().await);
    }
    assert_eq!(trial.record.closes(), 1, "closes, of one credential");
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn close_ends_the_credential_at_the_counterpart<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    trial.subject.ends()?;
    let session = trial.open().await;
    let admitted = trial.subject.admits(&session).await?;
    assert!(admitted, "a request of an open session is refused");
    close(&session).await;
    trial.assert_ended().await
}

pub(crate) async fn close_ends_what_is_kept_too<S: Subject>(trial: &Trial<S>) -> Shown {
    trial.subject.ends()?;
    let session = trial.open().await;
    close(&session).await;
    trial.assert_forgotten().await
}

pub(crate) async fn a_close_that_was_not_confirmed_is_an_error<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    trial.subject.ends()?;
    let session = trial.open().await;
    trial.answer(Answer::Fail)?;
    let closed = session.close().await;
    assert!(
        closed.is_err(),
        "`close` says that the credential has ended, but the counterpart is down and did not end it: whoever finds the \
         credential can still use it, and nobody knows"
    );
    assert_eq!(session.status().state, State::Closed, "all the same");
    trial.answer(Answer::Accept)?;
    trial.init(&session).await;
    trial.assert_admitted(&session).await;
    Ok(())
}

pub(crate) async fn after_close_init_opens_it_again<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.open().await;
    close(&session).await;
    trial.init(&session).await;
    assert_eq!(session.status().state, State::Open);
    trial.assert_admitted(&session).await;
    close(&session).await;
    trial.assert_authentications(2);
    Ok(())
}

pub(crate) async fn a_session_dropped_open_is_closed_in_the_background<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    drop(trial.open().await);
    trial.record.closed(1).await;
    if trial.subject.ends().is_ok() {
        trial.assert_ended().await?;
    }
    Ok(())
}

pub(crate) async fn sessions_of_one_configuration_share_nothing<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let [one, other] = [trial.open().await, trial.open().await];
    trial.assert_authentications(2);
    close(&one).await;
    assert_eq!(other.status().state, State::Open);
    let counts = trial.subject.authentications().map(drop);
    match trial.subject.admits(&other).await {
        Ok(admitted) => assert!(
            admitted,
            "when one of two sessions was closed, the credential of the other came to an end too: do they share one, \
             in a static or by the server's configuration?"
        ),
        Err(_) => counts?,
    }
    Ok(())
}

async fn close(session: &SessionHandle) {
    if let Err(error) = session.close().await {
        panic!("a counterpart without a fault did not confirm the close: {error:?}");
    }
}

fn assert_closed<T>(outcome: &Result<T>) {
    let kind = outcome.as_ref().err().map(session_core::Error::kind);
    assert_eq!(
        kind,
        Some(ErrorKind::Closed),
        "of a session that is not open"
    );
}
