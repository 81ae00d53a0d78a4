//! How a session is run.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use crate::{BackgroundThread, BoxFuture, Clock, Executor, Session, Store, SystemClock};

/// What a [`SessionBuilder`](crate::SessionBuilder) decides, for the engine.
pub(crate) struct Settings {
    pub(crate) name: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) executor: Arc<dyn Executor>,
    /// For each authentication, and for each close.
    pub(crate) time_limit: Duration,
    /// Renews without being asked.
    pub(crate) keep_warm: bool,
    pub(crate) store: Option<Arc<dyn Store>>,
    /// From 0 to 1.
    pub(crate) jitter: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl Settings {
    /// How long an authentication or a close may take, unless it is told otherwise.
    pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(60);

    /// The session's name, which is its scheme unless it was given one.
    pub(crate) fn name<'a>(&'a self, session: &'a dyn Session) -> &'a str {
        self.name.as_deref().unwrap_or_else(|| session.scheme())
    }

    /// Completes when the time limit is over.
    pub(crate) fn timer(&self) -> BoxFuture<()> {
        self.executor.sleep(self.time_limit)
    }

    /// A random number from 0 to 1, whatever the source does. To be asked for without the lock: it
    /// is foreign code.
    pub(crate) fn random(&self) -> f64 {
        let random = catch_unwind(AssertUnwindSafe(|| (self.jitter)()));
        random
            .ok()
            .filter(|random| random.is_finite())
            .map_or(1.0, |random| random.clamp(0.0, 1.0))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: None,
            clock: Arc::new(SystemClock),
            executor: Arc::new(BackgroundThread),
            time_limit: Self::TIME_LIMIT,
            keep_warm: false,
            store: None,
            jitter: Box::new(fastrand::f64),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("clock", &self.clock)
            .field("executor", &self.executor)
            .field("time_limit", &self.time_limit)
            .field("keep_warm", &self.keep_warm)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
