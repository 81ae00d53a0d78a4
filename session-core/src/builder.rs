//! Sessions that are not like most.

use std::{sync::Arc, time::Duration};

use crate::{Clock, Executor, Session, SessionHandle, Store, engine::Engine, settings::Settings};

/// Makes a [`SessionHandle`] that is not like most.
#[derive(Debug)]
#[must_use]
pub struct SessionBuilder {
    session: Arc<dyn Session>,
    settings: Settings,
}

impl SessionBuilder {
    /// How long an authentication or a close may take, unless it is told otherwise.
    pub const TIME_LIMIT: Duration = Settings::TIME_LIMIT;

    pub(crate) fn new(session: Arc<dyn Session>) -> Self {
        Self {
            session,
            settings: Settings::default(),
        }
    }

    /// The session's name, for logs and [`current_named`](crate::current_named). Default: its scheme.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Where it gets the time from. Default: the [`SystemClock`](crate::SystemClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Where it authenticates. Default: the [`BackgroundThread`](crate::BackgroundThread).
    pub fn executor(mut self, executor: impl Executor) -> Self {
        self.settings.executor = Arc::new(executor);
        self
    }

    /// How long an authentication may take, be it a renewal that is refused and starts over, and how long a close:
    /// more where a person must log in. With a [`store`](Self::store), another process that is at it may be waited for
    /// before, for as long. Default:
    /// [`TIME_LIMIT`](Self::TIME_LIMIT).
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit;
        self
    }

    /// Renews an open session ahead of its expiry even if nobody uses it, for programs whose next request
    /// must not wait however long they were idle. Default: renewed when used.
    pub fn keep_warm(mut self, keep_warm: bool) -> Self {
        self.settings.keep_warm = keep_warm;
        self
    }

    /// Where its credential outlives it, if its backend says who it is
    /// ([`Session::identity`]). What is stored is there for others who are the same: a session that is dropped open, or
    /// left by the last [`enter`](SessionHandle::enter), leaves it to them, and [`close`](SessionHandle::close) ends it for
    /// all. Default: none.
    pub fn store(mut self, store: impl Store) -> Self {
        self.settings.store = Some(Arc::new(store));
        self
    }

    /// Where it gets randomness from, from 0 to 1: it spreads renewals and retries of many sessions
    /// over time. Default: a generator that is good enough for that.
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.settings.jitter = Box::new(jitter);
        self
    }

    /// The session. Nothing is sent yet.
    pub fn build(self) -> SessionHandle {
        SessionHandle::from_engine(Engine::new(self.session, self.settings))
    }
}
