//! What a backend has left to do once its session is open, on the executor.

use std::{
    future::{poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Weak},
    task::Poll,
};

use tokio::sync::{Mutex, watch};

use crate::{
    BoxFuture, Result, Session,
    driver::{call, panicked},
    engine::Engine,
    held::Held,
    settings::Settings,
};

const ACTION: &str = "follow_up";

/// The task that does it, beside everything else, for as long as the session stays open. It does not keep the session alive.
pub(crate) struct FollowUp {
    work: BoxFuture<Result<()>>,
    /// Which of the session's openings it follows.
    opening: u64,
    engine: Weak<Engine>,
    session: Arc<dyn Session>,
    settings: Arc<Settings>,
    changes: watch::Receiver<()>,
    turn: Turn,
}

/// Held by whoever is at it, and by whoever ends credentials: so none is ended that a follow-up may be using.
pub(crate) type Turn = Arc<Mutex<()>>;

impl FollowUp {
    /// Asks the backend for it. To be called without the lock: it is foreign code.
    pub(crate) fn of(engine: &Arc<Engine>, held: &Held, opening: u64) -> Option<Self> {
        let session = Arc::clone(&engine.session);
        let asked = catch_unwind(AssertUnwindSafe(|| session.follow_up(&held.credential)));
        // One that panics is told of as one that fails.
        let work = asked.unwrap_or_else(|_| {
            let failure = Err(panicked("backend", ACTION));
            Some(Box::pin(ready(failure)))
        })?;
        Some(Self {
            work,
            opening,
            engine: Arc::downgrade(engine),
            session,
            settings: Arc::clone(&engine.settings),
            changes: engine.changes(),
            turn: Arc::clone(&engine.turn),
        })
    }

    pub(crate) async fn run(self) {
        let Self {
            work,
            opening,
            engine,
            session,
            settings,
            mut changes,
            turn,
        } = self;
        let _turn = turn.lock().await;
        if !is_still_open(&engine, opening) {
            return;
        }
        let ended =
            async { while changes.changed().await.is_ok() && is_still_open(&engine, opening) {} };
        let mut timer = settings.timer();
        let work = call(&session, &settings, &mut timer, ACTION, || work);
        // Dropped in this order: what it works with, then its turn.
        let (mut ended, mut work) = (pin!(ended), pin!(work));
        poll_fn(|cx| match ended.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => work.as_mut().poll(cx).map(drop),
        })
        .await;
    }
}

/// Whether the session is open, and was not closed since.
fn is_still_open(engine: &Weak<Engine>, opening: u64) -> bool {
    engine.upgrade().is_some_and(|engine| {
        let life = engine.life();
        engine.held().is_some() && life.openings == opening
    })
}
