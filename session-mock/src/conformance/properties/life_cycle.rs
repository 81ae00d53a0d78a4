//! Opening and closing.

use session_core::{ErrorKind, Result, SessionHandle, State, current};

use super::Shown;
use crate::{Subject, conformance::Trial};

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
    assert_ended(trial).await
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
        assert_ended(trial).await?;
    }
    Ok(())
}

async fn close(session: &SessionHandle) {
    if let Err(error) = session.close().await {
        panic!("a counterpart without a fault did not confirm the close: {error:?}");
    }
}

/// Requests with the last credential, which was closed, are no longer let in.
async fn assert_ended<S: Subject>(trial: &Trial<S>) -> Shown {
    let credential = trial.record.credential();
    let credential = credential.expect("there was one");
    let session = trial.remember(&credential).await;
    let admitted = trial.subject.admits(&session).await?;
    assert!(!admitted, "a credential that was closed is still let in");
    Ok(())
}

fn assert_closed<T>(outcome: &Result<T>) {
    let kind = outcome.as_ref().err().map(session_core::Error::kind);
    assert_eq!(
        kind,
        Some(ErrorKind::Closed),
        "of a session that is not open"
    );
}
