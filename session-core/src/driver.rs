//! Calls the backend, on the executor.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tracing::Instrument;

use crate::{
    BoxFuture, Cause, Credential, Error, ErrorKind, Result, Session, Stored,
    backoff::is_worth_retrying,
    engine::Engine,
    held::Held,
    job::{Authentication, Job},
    settings::Settings,
    shelf::Shelf,
    telemetry::Operation,
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

/// A new credential: from the store, if another process was quicker, else from the server.
async fn authenticate(engine: &Arc<Engine>, job: &Authentication) -> Result<Held> {
    let Some(shelf) = Shelf::of(engine) else {
        return ask(engine, job, None).await;
    };
    let known = job.stale.as_deref();
    // A store that cannot be read is not waited for any longer.
    let mut lease = None;
    let mut news = None;
    if let Some(found) = shelf.news(known).await {
        if let Some(held) = found.and_then(|stored| shelf.revive(&stored, job.generation)) {
            return Ok(held);
        }
        lease = shelf.lease().await;
        // Whoever had the lease before may have done the work.
        news = shelf.news(known).await.flatten();
        if let Some(held) = news
            .as_ref()
            .and_then(|stored| shelf.revive(stored, job.generation))
        {
            return Ok(held);
        }
    }
    // What is stored may have expired and still hold the last refresh token.
    let held = ask(engine, job, news.as_ref()).await?;
    shelf.save(&held).await;
    drop(lease);
    Ok(held)
}

/// Has the backend authenticate, in the time that one authentication may take.
async fn ask(engine: &Engine, job: &Authentication, stored: Option<&Stored>) -> Result<Held> {
    let (session, settings) = (&engine.session, &*engine.settings);
    let started = Started::now(&*settings.clock);
    let hold = |new: Credential| {
        let mut held = Held::new(new, job.generation, started, settings.random())?;
        held.replaces_refused = job.refused.as_ref().map(|_| settings.clock.monotonic());
        Ok(held)
    };
    let mut timer = settings.timer();
    let stale = job.stale.as_ref().map(|held| &held.credential);
    if let Some(credential) = stored.map(Stored::credential).or(stale) {
        let cause = job
            .refused
            .as_deref()
            .map_or(Cause::Expiring, Cause::Refused);
        let renew = || async { hold(session.renew(credential, cause).await?) };
        let renewed = call(session, settings, &mut timer, "renew", renew).await;
        // What cannot be renewed need not be: by `init` one starts over, and nobody is bound to what an earlier
        // process left.
        let starts_over =
            |error: &Error| !is_worth_retrying(error.kind()) && (job.asked || stale.is_none());
        if !renewed.as_ref().is_err_and(starts_over) {
            return renewed;
        }
    }
    let init = || async { hold(session.init().await?) };
    call(session, settings, &mut timer, "init", init).await
}

/// Ends all of them, even when one fails; the first failure is the answer.
async fn close_all(engine: &Arc<Engine>, held: &[Arc<Held>]) -> Result<()> {
    if let Some(shelf) = Shelf::of(engine) {
        shelf.remove(held).await;
    }
    let mut answer = Ok(());
    for held in held {
        answer = answer.and(end(&engine.session, &engine.settings, held).await);
    }
    answer
}

/// Ends a credential at the server.
pub(crate) async fn end(
    session: &Arc<dyn Session>,
    settings: &Settings,
    held: &Held,
) -> Result<()> {
    let close = || session.close(&held.credential);
    call(session, settings, &mut settings.timer(), "close", close).await
}

/// Calls the backend, and tells of it.
async fn call<T, F: Future<Output = Result<T>>>(
    session: &Arc<dyn Session>,
    settings: &Settings,
    timer: &mut BoxFuture<()>,
    action: &'static str,
    call: impl FnOnce() -> F,
) -> Result<T> {
    let operation = Operation::begin(&**session, settings, action);
    let outcome = limit(timer, settings.time_limit, "backend", action, call)
        .instrument(operation.span())
        .await;
    operation.end(outcome.as_ref().err());
    outcome
}

/// Runs somebody else's code; what hangs or panics ends in an error.
pub(crate) async fn limit<T, F: Future<Output = Result<T>>>(
    timer: &mut BoxFuture<()>,
    time_limit: Duration,
    who: &str,
    action: &str,
    call: impl FnOnce() -> F,
) -> Result<T> {
    let Ok(call) = catch_unwind(AssertUnwindSafe(call)) else {
        return Err(panicked(who, action));
    };
    let mut call = pin!(call);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(Poll::Pending) => timer
                .as_mut()
                .poll(cx)
                .map(|()| Err(timed_out(who, action, time_limit))),
            Ok(ready) => ready,
            Err(_) => Poll::Ready(Err(panicked(who, action))),
        },
    )
    .await
}

fn timed_out(who: &str, action: &str, limit: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!(
            "the {who}'s `{action}` did not end within {limit:?}; the server or the network hangs"
        ),
    )
}

/// The panic's own message may hold a secret, so it goes no further than the panic hook.
fn panicked(who: &str, action: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the {who}'s `{action}` panicked; this is a bug in the {who}"),
    )
}
