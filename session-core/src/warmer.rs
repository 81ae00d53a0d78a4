//! Keeps a session warm, on the executor.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Weak},
    task::Poll,
};

use tokio::sync::watch;

use crate::engine::Engine;

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
            && let Some(pause) = engine.next_warming()
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
            engine.cooled();
        }
    }
}
