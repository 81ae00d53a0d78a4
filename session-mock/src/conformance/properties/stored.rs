//! What another process can do with what was stored.

use super::Shown;
use crate::{
    Subject, Unable,
    conformance::{Trial, paper::Paper},
};

pub(crate) async fn what_one_process_stores_another_renews<S: Subject>(trial: &Trial<S>) -> Shown {
    let store = stored_by_another(trial).await?;
    let session = trial.session_with(&store);
    trial.init(&session).await;
    trial.assert_admitted(&session).await;
    trial.replace(&session).await?;
    assert_eq!(
        trial.record.authentications(),
        2,
        "authentications: one in the first process, whose credential the second takes over, and the renewal there; \
         what was stored is all that a renewal has"
    );
    trial.assert_authentications(2);
    trial.assert_admitted(&session).await;
    Ok(())
}

pub(crate) async fn what_one_process_stores_another_closes<S: Subject>(trial: &Trial<S>) -> Shown {
    let store = stored_by_another(trial).await?;
    let session = trial.session_with(&store);
    trial.init(&session).await;
    if let Err(error) = session.close().await {
        panic!(
            "a process that did not get the credential itself cannot close it; all that `close` needs must be in the \
             configuration, or in the credential's headers and what it keeps: {error:?}"
        );
    }
    trial.assert_authentications(1);
    if trial.subject.ends().is_err() {
        return Ok(());
    }
    trial.assert_ended().await?;
    trial.assert_forgotten().await.or(Ok(()))
}

/// A store with the credential of a process that has ended.
async fn stored_by_another<S: Subject>(trial: &Trial<S>) -> Result<Paper, Unable> {
    let store = Paper::default();
    let session = trial.session_with(&store);
    if session.session().identity().is_none() {
        return Err(Unable::because(
            "it has no identity, so that it is never stored",
        ));
    }
    trial.init(&session).await;
    let credential = trial.record.credential();
    if credential.is_some_and(|credential| credential.is_per_request()) {
        return Err(Unable::because(
            "what each request makes for itself is never stored",
        ));
    }
    Ok(store)
}
