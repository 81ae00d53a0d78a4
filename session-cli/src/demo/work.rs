//! What a program does with sessions, and the tasks that do it.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll};

use session_kit::{
    Credential, Result, SessionHandle, current,
    http::{Client, reqwest::StatusCode},
};
use tokio::{
    sync::Semaphore,
    task::{JoinError, JoinSet},
};

use crate::failure::Failure;

/// Each opens a connection, on both ends of which this process sits: few enough for any limit on open files.
pub(crate) const TASKS: usize = 50;

/// Tasks that open none.
pub(crate) const CALLERS: usize = 1000;

/// Calls the API so often, and counts the answers with status 200.
pub(crate) async fn work(client: &Client, calls: usize) -> Result<usize> {
    let mut answered = 0;
    for _ in 0..calls {
        let answer = client.get("orders").send().await?;
        answered += usize::from(answer.status() == StatusCode::OK);
    }
    Ok(answered)
}

/// As [`work`], but counts only where this environment is current after the wait.
pub(crate) async fn work_as(environment: &str, client: &Client, calls: usize) -> Result<usize> {
    let mut answered = 0;
    for _ in 0..calls {
        let one = work(client, 1).await?;
        answered += if here() == environment { one } else { 0 };
    }
    Ok(answered)
}

/// The environment of the current session, or why there is none.
pub(crate) fn here() -> String {
    match current() {
        Ok(session) => session.environment().name().to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Has all callers ask for the credential; each has asked when this returns.
pub(crate) async fn ask(session: &SessionHandle) -> JoinSet<Result<Credential>> {
    let asked = Arc::new(Semaphore::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CALLERS {
        let (session, asked) = (session.clone(), Arc::clone(&asked));
        tasks.spawn(async move {
            let mut call = pin!(session.credential());
            let first = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
            asked.add_permits(1);
            match first {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => call.await,
            }
        });
    }
    // Nobody closes it.
    drop(asked.acquire_many(CALLERS as u32).await);
    tasks
}

/// The outcomes of all tasks, once all have ended.
pub(crate) async fn outcomes<T: 'static>(
    mut tasks: JoinSet<Result<T>>,
) -> Result<Vec<Result<T>>, Failure> {
    let mut outcomes = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        outcomes.push(ended.map_err(panicked)?);
    }
    Ok(outcomes)
}

/// What all tasks came to, once all have ended; the first failure, if one failed.
pub(crate) async fn finish<T: 'static>(tasks: JoinSet<Result<T>>) -> Result<Vec<T>, Failure> {
    let outcomes = outcomes(tasks).await?.into_iter();
    Ok(outcomes.collect::<Result<_>>()?)
}

/// The outcome of a task that has ended.
pub(crate) fn joined<T>(ended: Result<Result<T>, JoinError>) -> Result<T, Failure> {
    Ok(ended.map_err(panicked)??)
}

fn panicked(_: JoinError) -> Failure {
    Failure::Unexpected("a task of the demonstration panicked".into())
}
