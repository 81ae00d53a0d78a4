//! Keeps a session warm, on the executor.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Weak},
    task::Poll,
    time::Duration,
};

use tokio::sync::watch;

use crate::{backoff::Backoff, engine::Engine};

/// The least pause between looks.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest: a timer may stand still while the machine sleeps, and a credential grows older.
const LONGEST: Duration = Duration::from_secs(60);

/// The task that looks at a session when nobody else does. There is one for each session that is kept warm and open;
/// it does not keep the session alive.
pub(crate) struct Warmer {
    session: Weak<Engine>,
    changes: watch::Receiver<()>,
    dismissed: bool,
}

impl Warmer {
    pub(crate) fn new(engine: &Arc<Engine>) -> Self {
        Self {
            session: Arc::downgrade(engine),
            changes: engine.changes(),
            dismissed: false,
        }
    }

    pub(crate) async fn run(mut self) {
        while let Some(engine) = self.session.upgrade()
            && let Some(pause) = pause(&engine)
        {
            let mut timer = engine.settings.executor.sleep(pause);
            drop(engine);
            let is_time = {
                let mut change = pin!(self.changes.changed());
                // Whatever happens to the session, the time to wait is another one then.
                poll_fn(|cx| match timer.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(true),
                    Poll::Pending => change.as_mut().poll(cx).map(|_| false),
                })
                .await
            };
            if is_time && let Some(engine) = self.session.upgrade() {
                engine.warm();
            }
        }
        self.dismissed = true;
    }
}

impl Drop for Warmer {
    /// An executor that drops the task, or a panic, leaves room for another.
    fn drop(&mut self) {
        if !self.dismissed
            && let Some(engine) = self.session.upgrade()
        {
            engine.life().warmed = false;
        }
    }
}

/// How long until the session is to be looked at; `None` when there is nothing to look at, and no task is needed any
/// longer.
fn pause(engine: &Engine) -> Option<Duration> {
    let mut life = engine.life();
    let held = engine
        .held()
        .filter(|held| held.validity.expires_at().is_some());
    life.warmed = held.is_some();
    let due = held?.validity.due();
    let due = due.max(life.backoff.as_ref().map_or(Duration::ZERO, Backoff::until));
    let left = due.saturating_sub(engine.settings.clock.monotonic());
    Some(left.clamp(SHORTEST, LONGEST))
}
