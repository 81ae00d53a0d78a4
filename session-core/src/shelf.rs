//! A session's place in a store.

use std::{sync::Arc, time::Duration};

use crate::{
    Identity, Lease, Result, Store, Stored,
    driver::limit,
    engine::Engine,
    held::Held,
    validity::{Phase, Started},
};

/// How long a store may take for anything but a lease.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// How long a lease is waited for: somebody else authenticates meanwhile, for this session too.
const LEASE_LIMIT: Duration = Duration::from_secs(10);

/// How often a credential that could not be saved is tried to be saved again, each time after
/// twice the pause.
const SAVES: u32 = 8;

/// A session's place in its store. Whatever goes wrong there is a warning and no more.
pub(crate) struct Shelf<'a> {
    engine: &'a Arc<Engine>,
    store: &'a Arc<dyn Store>,
    who: Identity,
}

impl<'a> Shelf<'a> {
    /// `None` for a session without a store, or without an identity.
    pub(crate) fn of(engine: &'a Arc<Engine>) -> Option<Self> {
        let store = engine.settings.store.as_ref()?;
        let who = engine.session.identity()?;
        Some(Self { engine, store, who })
    }

    /// What is stored, if it is of use: not `known` already, whose replacement is wanted.
    pub(crate) async fn news(&self, known: Option<&Held>) -> Option<Stored> {
        let load = self.guard("load", TIME_LIMIT, self.store.load(&self.who));
        let stored = load.await.flatten()?;
        let is_known = |known: &Held| {
            let (known, stored) = (
                known.credential.iter_headers(),
                stored.credential().iter_headers(),
            );
            known
                .map(|(_, secret)| secret.expose())
                .eq(stored.map(|(_, secret)| secret.expose()))
        };
        // What each request makes for itself is not in any store; who put it there lies.
        let is_of_use = !stored.credential().is_per_request() && !known.is_some_and(is_known);
        is_of_use.then_some(stored)
    }

    /// A stored credential, ready for use; `None` if it is not fresh, or damaged.
    pub(crate) fn revive(&self, stored: &Stored, generation: u64) -> Option<Held> {
        let settings = &self.engine.settings;
        let started = Started::at(&*settings.clock, stored.obtained_at());
        let mut credential = stored.credential().clone().without_lifetime();
        if let Some(expires_at) = stored.expires_at() {
            credential = credential.expires_at(expires_at);
        }
        let held = Held::new(credential, generation, started, (settings.jitter)()).ok()?;
        (held.validity.phase(settings.clock.monotonic()) == Phase::Fresh).then_some(held)
    }

    /// Keeps other processes from authenticating as this identity; `None` if that cannot be had.
    pub(crate) async fn lease(&self) -> Option<Lease> {
        let time = self.engine.settings.time_limit;
        self.guard("lease", LEASE_LIMIT, self.store.lease(&self.who, time))
            .await
    }

    /// Saves a new credential before it is used. If that fails it goes on trying in the background.
    pub(crate) async fn save(&self, held: &Held, started: Started) {
        if held.credential.is_per_request() {
            return;
        }
        let expires_at = held.validity.expires_at();
        let stored = Stored::new(held.credential.clone(), started.wall(), expires_at);
        if self.try_save(&stored).await.is_none() {
            let (session, generation) = (Arc::downgrade(self.engine), held.generation);
            let executor = Arc::clone(&self.engine.settings.executor);
            self.engine.spawn(async move {
                for attempt in 0..SAVES {
                    executor.sleep(Duration::from_secs(1 << attempt)).await;
                    let Some(engine) = session.upgrade() else {
                        return;
                    };
                    let current = engine.held().map(|held| held.generation);
                    // Its successor saves itself.
                    match Shelf::of(&engine).filter(|_| current == Some(generation)) {
                        Some(place) if place.try_save(&stored).await.is_none() => {}
                        _ => return,
                    }
                }
            });
        }
    }

    /// Forgets what is stored.
    pub(crate) async fn remove(&self) {
        self.guard("remove", TIME_LIMIT, self.store.remove(&self.who))
            .await;
    }

    async fn try_save(&self, stored: &Stored) -> Option<()> {
        self.guard("save", TIME_LIMIT, self.store.save(&self.who, stored))
            .await
    }

    async fn guard<T>(
        &self,
        action: &str,
        time: Duration,
        call: impl Future<Output = Result<T>>,
    ) -> Option<T> {
        let executor = &*self.engine.settings.executor;
        let outcome = limit(executor, time, "store", action, call).await;
        let warn = |error: &_| {
            tracing::warn!(session = self.engine.name(), action, %error, "the store is not used");
        };
        outcome.inspect_err(warn).ok()
    }
}
