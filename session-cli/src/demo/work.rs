//! What a program does with sessions, and the tasks that do it.

use session_kit::{
    Result, current,
    http::{Client, reqwest::StatusCode},
};
use tokio::task::{JoinError, JoinSet};

use crate::failure::Failure;

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

/// The outcomes of all tasks, once all have ended.
pub(crate) async fn finish<T: 'static>(mut tasks: JoinSet<Result<T>>) -> Result<Vec<T>, Failure> {
    let mut outcomes = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        outcomes.push(joined(ended)?);
    }
    Ok(outcomes)
}

/// The outcome of a task that has ended.
pub(crate) fn joined<T>(ended: Result<Result<T>, JoinError>) -> Result<T, Failure> {
    let outcome =
        ended.map_err(|_| Failure::Unexpected("a task of the demonstration panicked".into()))?;
    Ok(outcome?)
}
