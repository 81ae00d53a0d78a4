//! Who a session is.

use std::collections::HashSet;

use session_core::SessionHandle;

use super::Shown;
use crate::{Subject, Unable, conformance::Trial};

pub(crate) async fn who_it_is_stays_the_same<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    let identity = || session.session().identity();
    let before = identity();
    assert_eq!(
        trial.session().session().identity(),
        before,
        "two sessions of one configuration"
    );
    trial.init(&session).await;
    assert_eq!(identity(), before, "before and after it authenticates");
    assert!(session.close().await.is_ok());
    assert_eq!(identity(), before, "before and after it is closed");
    before
        .map(drop)
        .ok_or_else(|| Unable::because("it has no identity, so that it is never stored"))
}

pub(crate) async fn who_it_is_differs_between_configurations<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let identity = trial.subject.session().session().identity();
    let identity = identity
        .ok_or_else(|| Unable::because("it has no identity, so that it is never stored"))?;
    let others = trial.subject.others();
    if others.is_empty() {
        return Err(Unable::because(
            "the subject has no `others` to compare it with",
        ));
    }
    let mut known = HashSet::from([identity]);
    for other in others {
        let identity = other.session().identity();
        let identity = identity.unwrap_or_else(|| panic!("{other:?} has no identity"));
        assert!(
            known.insert(identity),
            "sessions of different configurations have one identity: {other:?}"
        );
    }
    Ok(())
}

pub(crate) async fn its_environment_stays_the_same<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    let before = place(&session);
    let same = |now: &SessionHandle, when: &str| {
        assert_eq!(
            place(now),
            before,
            "scheme and environment {when}: where a credential may go, and how one connects, must not change under those \
             who looked before"
        );
    };
    same(&trial.session(), "of two sessions of one configuration");
    trial.init(&session).await;
    same(&session, "before and after it authenticates");
    // Whether it can be renewed is the matter of others.
    if trial.try_replace(&session).await.is_ok() {
        same(&session, "before and after it is renewed");
    }
    let _ = session.close().await;
    same(&session, "before and after it is closed");
    Ok(())
}

/// All that an environment says, and for which scheme.
fn place(session: &SessionHandle) -> impl PartialEq + std::fmt::Debug + use<> {
    let environment = session.environment();
    (
        session.session().scheme().to_owned(),
        environment.name().to_owned(),
        environment.services().clone(),
        environment.transport().clone(),
    )
}
