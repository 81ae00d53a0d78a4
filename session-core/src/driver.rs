//! Calls the backend, on the executor.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use crate::{
    Cause, Credential, Error, ErrorKind, Executor, Result, Session,
    engine::{Authentication, Engine, Job},
    held::Held,
    validity::Started,
};

/// The task that does a session's pending work and goes.
pub(crate) struct Driver {
    engine: Arc<Engine>,
    dismissed: bool,
}

impl Driver {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            dismissed: false,
        }
    }

    pub(crate) async fn run(mut self) {
        let engine = Arc::clone(&self.engine);
        while let Some(job) = engine.next_job() {
            match job {
                Job::Authenticate(job) => {
                    let outcome = authenticate(&engine, &job).await;
                    engine.authenticated(&job, outcome);
                }
                Job::Close(held) => engine.closed(close_all(&engine, &held).await),
            }
        }
        self.dismissed = true;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.dismissed {
            self.engine.abandoned();
        }
    }
}

async fn authenticate(engine: &Engine, job: &Authentication) -> Result<Held> {
    let (session, settings) = (&engine.session, &engine.settings);
    let started = Started::now(&*settings.clock);
    let (action, outcome) = match &job.stale {
        None => ("init", guard(engine, "init", session.init()).await),
        Some(stale) => {
            let cause = job
                .refused
                .as_deref()
                .map_or(Cause::Expiring, Cause::Refused);
            let renewal = session.renew(&stale.credential, cause);
            ("renew", guard(engine, "renew", renewal).await)
        }
    };
    let outcome = outcome.and_then(|new: Credential| {
        let mut held = Held::new(new, job.generation, started, (settings.jitter)())?;
        held.replaces_refused = job.refused.as_ref().map(|_| started.monotonic());
        Ok(held)
    });
    trace(engine, action, started.monotonic(), outcome.as_ref().err());
    outcome
}

/// Ends all of them, even when one fails; the first failure is the answer.
async fn close_all(engine: &Engine, held: &[Arc<Held>]) -> Result<()> {
    let mut answer = Ok(());
    for held in held {
        let began = engine.settings.clock.monotonic();
        let outcome = guard(engine, "close", engine.session.close(&held.credential)).await;
        trace(engine, "close", began, outcome.as_ref().err());
        answer = answer.and(outcome);
    }
    answer
}

/// Ends a credential whose session is gone.
pub(crate) async fn end_orphan(
    session: Arc<dyn Session>,
    held: Arc<Held>,
    executor: Arc<dyn Executor>,
    time_limit: Duration,
) {
    let close = session.close(&held.credential);
    if let Err(error) = limit(&*executor, time_limit, "close", close).await {
        tracing::warn!(
            session = session.scheme(),
            environment = session.environment().name(),
            %error,
            "a session that was dropped open could not be closed at the server"
        );
    }
}

async fn guard<T>(
    engine: &Engine,
    action: &str,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    limit(
        &*engine.settings.executor,
        engine.settings.time_limit,
        action,
        call,
    )
    .await
}

/// Runs a call of the backend; one that hangs or panics ends in an error.
async fn limit<T>(
    executor: &dyn Executor,
    time_limit: Duration,
    action: &str,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut call = pin!(call);
    let mut timer = executor.sleep(time_limit);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(Poll::Pending) => timer
                .as_mut()
                .poll(cx)
                .map(|()| Err(timed_out(action, time_limit))),
            Ok(ready) => ready,
            Err(_) => Poll::Ready(Err(panicked(action))),
        },
    )
    .await
}

fn timed_out(action: &str, limit: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "the backend's `{action}` did not end within {limit:?}; the server or the network hangs"
        ),
    )
}

/// The panic's own message may hold a secret, so it goes no further than the panic hook.
fn panicked(action: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the backend's `{action}` panicked; this is a bug in the backend"),
    )
}

fn trace(engine: &Engine, action: &str, began: Duration, error: Option<&Error>) {
    let duration = engine.settings.clock.monotonic().saturating_sub(began);
    let (session, environment) = (engine.name(), engine.session.environment().name());
    match error {
        None => tracing::debug!(session, environment, action, ?duration, "done"),
        Some(error) => tracing::warn!(session, environment, action, ?duration, %error, "failed"),
    }
}
