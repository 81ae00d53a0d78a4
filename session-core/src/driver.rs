//! Calls the backend, on the executor.

use std::{
    future::{poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use tracing::Instrument;

use crate::{
    BoxFuture, Cause, Credential, Error, ErrorKind, Result, Session, Stored,
    backoff::is_worth_retrying,
    engine::Engine,
    held::Held,
    job::{Authentication, Job},
    life::End,
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
                Job::Close(held, how) => engine.closed(close_all(&engine, held, how).await),
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
        if let Some(held) = found.and_then(|stored| shelf.fresh(&stored, job.generation)) {
            return Ok(held);
        }
        lease = shelf.lease().await;
        // Whoever had the lease before may have done the work.
        news = shelf.news(known).await.flatten();
        if let Some(held) = news
            .as_ref()
            .and_then(|stored| shelf.fresh(stored, job.generation))
        {
            return Ok(held);
        }
    }
    // What is stored may have expired and still hold the last refresh token.
    let held = match ask(engine, job, news.as_ref()).await {
        Ok(held) => held,
        // Or be good for a while yet, which is better than nothing.
        Err(error) if engine.is_without(job) => {
            let spare = news.and_then(|stored| shelf.good(&stored, job.generation));
            return spare.ok_or(error);
        }
        Err(error) => return Err(error),
    };
    let stale = known.map(|held| &held.credential);
    shelf.supersede(
        stale
            .into_iter()
            .chain(news.as_ref().map(Stored::credential)),
    );
    shelf.save(&held).await;
    drop(lease);
    Ok(held)
}

/// Has the backend authenticate, in the time that one authentication may take.
async fn ask(engine: &Engine, job: &Authentication, stored: Option<&Stored>) -> Result<Held> {
    let (session, settings) = (&engine.session, &*engine.settings);
    let hold = |new: Credential, started: Started| {
        Held::new(new, job.generation, started, settings.random())
    };
    let mut timer = settings.timer();
    let stale = job.stale.as_ref().map(|held| &held.credential);
    let cause = job
        .refused
        .as_deref()
        .map_or(Cause::Expiring, Cause::Refused);
    // What another process stored comes after what this one has; but a store may be wrong.
    let mut refusal = None;
    for credential in [stored.map(Stored::credential), stale]
        .into_iter()
        .flatten()
    {
        let started = Started::now(&*settings.clock);
        let renew = || async { hold(session.renew(credential, cause).await?, started) };
        match call(session, settings, &mut timer, "renew", renew).await {
            Err(error) if !is_worth_retrying(error.kind()) => refusal = Some(error),
            outcome => return outcome,
        }
    }
    // What cannot be renewed need not be: by `init` one starts over, and nobody is bound to what an earlier process
    // left.
    if let Some(error) = refusal
        && stale.is_some()
        && !engine.is_asked(job)
    {
        return Err(error);
    }
    let started = Started::now(&*settings.clock);
    let init = || async { hold(session.init().await?, started) };
    call(session, settings, &mut timer, "init", init).await
}

/// Ends all of them, even when one fails; the first failure is the answer.
async fn close_all(engine: &Arc<Engine>, mut held: Vec<Arc<Held>>, how: End) -> Result<()> {
    let _turn = engine.turn.lock().await;
    if how == End::Left {
        held.retain(|held| !held.is_stored.load(Ordering::Relaxed));
    }
    if let Some(shelf) = Shelf::of(engine).filter(|_| !held.is_empty()) {
        shelf.remove(&held).await;
    }
    let mut answer = Ok(());
    for held in held {
        answer = answer.and(end(&engine.session, &engine.settings, &held).await);
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
pub(crate) async fn call<T, F: Future<Output = Result<T>>>(
    session: &Arc<dyn Session>,
    settings: &Settings,
    timer: &mut BoxFuture<()>,
    action: &'static str,
    call: impl FnOnce() -> F,
) -> Result<T> {
    let operation = Operation::begin(&**session, settings, action);
    let call = || call().instrument(operation.span());
    let outcome = limit(timer, settings.time_limit, "backend", action, call).await;
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
    let mut poll = |cx: &mut Context<'_>| {
        // First of all: one that cannot tell the time must not cost what the call is about to get.
        let guarded = catch_unwind(AssertUnwindSafe(|| timer.as_mut().poll(cx)));
        let Ok(is_over) = guarded else {
            return Poll::Ready(Err(timeless()));
        };
        if is_over.is_ready() {
            // The call may be through all the same, and another be limited by what is left of the time: nothing.
            *timer = Box::pin(ready(()));
        }
        match call.as_mut().poll(cx) {
            Poll::Pending => is_over.map(|()| Err(timed_out(who, action, time_limit))),
            ready @ Poll::Ready(_) => ready,
        }
    };
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(panicked(who, action))))
    })
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
pub(crate) fn panicked(who: &str, action: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the {who}'s `{action}` panicked; this is a bug in the {who}"),
    )
}

fn timeless() -> Error {
    Error::new(
        ErrorKind::Config,
        "the executor's timer panicked; if its runtime is of tokio, build that with `enable_time`",
    )
}

#[cfg(all(test, not(any(model_loom, model_shuttle))))]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn what_ends_as_its_time_does_leaves_no_time_for_what_comes_after() {
        // As most timers are, it is not to be asked again once it is over.
        let mut timer: BoxFuture<()> = Box::pin(async {});
        let denied = || async { Err::<(), _>(Error::new(ErrorKind::Denied, "no")) };
        let outcome = limit(&mut timer, Duration::ZERO, "backend", "renew", denied).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Denied);
        for _ in 0..2 {
            let outcome = limit(
                &mut timer,
                Duration::ZERO,
                "backend",
                "init",
                pending::<Result<()>>,
            );
            assert_eq!(outcome.await.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        let at_once = || async { Ok(7) };
        let outcome = limit(&mut timer, Duration::ZERO, "backend", "init", at_once).await;
        assert_eq!(outcome.unwrap(), 7);
    }
}
