//! Programs of every kind: with one runtime, several, or none.

use session_core::{ErrorKind, SessionHandle, State};

use super::Shown;
use crate::{
    Subject,
    conformance::{
        Trial,
        trial::{authorize, outside, runtime_of_many, runtime_of_one, service},
    },
};

pub(crate) async fn it_works_on_a_runtime_of_one_thread<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    outside(|| {
        runtime_of_one().block_on(async {
            trial.init(&session).await;
            use_it(trial, &session).await;
            close(&session).await;
        });
    });
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn it_works_on_a_runtime_of_many_threads<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    outside(|| {
        runtime_of_many().block_on(async {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let session = session.clone();
                    tokio::spawn(async move { session.init().await })
                })
                .collect();
            for task in tasks {
                let outcome = task.await.expect("the task does not panic");
                assert!(outcome.is_ok(), "{outcome:?}");
            }
            use_it(trial, &session).await;
            close(&session).await;
        });
    });
    trial.assert_authentications(1);
    Ok(())
}

pub(crate) async fn it_works_on_several_runtimes_at_once_and_in_turn<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.session();
    let life = || {
        runtime_of_one().block_on(async {
            trial.init(&session).await;
            use_it(trial, &session).await;
        });
    };
    outside(|| {
        std::thread::scope(|scope| {
            scope.spawn(life);
            scope.spawn(life);
        });
    });
    trial.assert_authentications(1);
    // Those runtimes are gone, and whatever the backend may have left on them.
    for _ in 0..2 {
        outside(|| {
            runtime_of_one().block_on(async {
                close(&session).await;
                trial.init(&session).await;
                use_it(trial, &session).await;
            });
        });
    }
    trial.assert_authentications(3);
    Ok(())
}

pub(crate) async fn it_works_without_a_runtime<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.session();
    outside(|| {
        let blocking = session.blocking();
        let opened = blocking.init();
        assert!(opened.is_ok(), "{opened:?}");
        assert!(blocking.credential().is_ok());
        let closed = blocking.close();
        assert!(closed.is_ok(), "{closed:?}");
        let unopened = blocking.credential().map_err(|error| error.kind());
        assert_eq!(unopened.err(), Some(ErrorKind::Closed));
        let state = blocking.enter(|| session.status().state);
        assert_eq!(state.ok(), Some(State::Open));
        assert_eq!(session.status().state, State::Closed);
    });
    trial.assert_authentications(2);
    Ok(())
}

/// Sends a request, or comes as close to that as can be.
async fn use_it<S: Subject>(trial: &Trial<S>, session: &SessionHandle) {
    assert!(session.credential().await.is_ok());
    if let Ok(url) = service(session) {
        let authorized = authorize(session, http::Method::GET, &url).await;
        assert!(authorized.is_ok(), "{:?}", authorized.err());
    }
    trial.assert_admitted(session).await;
}

async fn close(session: &SessionHandle) {
    let closed = session.close().await;
    assert!(closed.is_ok(), "{closed:?}");
}
