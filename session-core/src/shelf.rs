//! A session's place in a store.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use http::HeaderName;

use crate::{
    Identity, Lease, Result, Secret, Store, Stored,
    driver::limit,
    engine::Engine,
    held::Held,
    settings::Settings,
    sync::atomic::AtomicU64,
    validity::{Phase, Started},
};

/// How long a store may take for anything but a lease.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// How often a credential that could not be saved is tried to be saved again.
const SAVES: u32 = 8;

/// The pause before the first of these, longer than a save may take. It doubles with each.
const SAVE_PAUSE: Duration = Duration::from_secs(3);

/// How long a store that hung is left alone: it must not cost each renewal its time.
const REST: Duration = Duration::from_secs(60);

/// Until when a store is left alone, on the clock's monotonic time.
#[derive(Debug, Default)]
pub(crate) struct Rest(AtomicU64);

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
        let identity = catch_unwind(AssertUnwindSafe(|| engine.session.identity()));
        let who = identity.unwrap_or_else(|_| {
            let session = engine.settings.name.as_deref();
            tracing::warn!(
                session,
                "the backend's `identity` panicked; the store is not used"
            );
            None
        })?;
        Some(Self { engine, store, who })
    }

    /// What is stored, if another process put it there after `known`. `None` if the store cannot be read.
    ///
    /// Clocks of several machines do not tell which is newer. But where `known` was stored, something else
    /// came after it; and where it never was, what is stored came before, and is used up.
    pub(crate) async fn news(&self, known: Option<&Held>) -> Option<Option<Stored>> {
        if self.is_at_rest() {
            return None;
        }
        let load = self.guard("load", TIME_LIMIT, || self.store.load(&self.who));
        // What each request makes for itself is not in any store; who put it there lies.
        Some(load.await?.filter(|stored| {
            let is_later =
                |known: &Held| known.is_stored.load(Ordering::Relaxed) && !is_same(known, stored);
            !stored.credential().is_per_request() && known.is_none_or(is_later)
        }))
    }

    /// A stored credential, ready for use; `None` if it is not fresh, or damaged.
    pub(crate) fn revive(&self, stored: &Stored, generation: u64) -> Option<Held> {
        let settings = &self.engine.settings;
        let started = Started::at(&*settings.clock, stored.obtained_at());
        let mut credential = stored.credential().clone().without_lifetime();
        if let Some(expires_at) = stored.expires_at() {
            credential = credential.expires_at(expires_at);
        }
        let held = Held::new(credential, generation, started, settings.random()).ok()?;
        held.is_stored.store(true, Ordering::Relaxed);
        (held.validity.phase(settings.clock.monotonic()) == Phase::Fresh).then_some(held)
    }

    /// Keeps other processes from authenticating as this identity; `None` if that cannot be had. Waits for as long as
    /// somebody else may hold it: that one authenticates for this session too.
    pub(crate) async fn lease(&self) -> Option<Lease> {
        // To look once more, to authenticate, and to save.
        let time = self.engine.settings.time_limit + 2 * TIME_LIMIT;
        self.guard("lease", time, || self.store.lease(&self.who, time))
            .await
    }

    /// Saves a new credential before it is used. If that fails it goes on trying in the background.
    pub(crate) async fn save(&self, held: &Held) {
        if held.credential.is_per_request() {
            return;
        }
        let (from, until) = (held.validity.obtained_at(), held.validity.expires_at());
        let stored = Stored::new(held.credential.clone(), from, until);
        if !self.is_at_rest() && self.try_save(&stored).await.is_some() {
            held.is_stored.store(true, Ordering::Relaxed);
            return;
        }
        let (session, serial) = (Arc::downgrade(self.engine), held.serial);
        let executor = Arc::clone(&self.engine.settings.executor);
        self.engine.spawn(async move {
            for attempt in 0..SAVES {
                executor.sleep(SAVE_PAUSE * (1 << attempt)).await;
                let Some(engine) = session.upgrade() else {
                    return;
                };
                // Its successor saves itself.
                let current = engine.held().filter(|held| held.serial == serial);
                let (Some(held), Some(place)) = (current, Shelf::of(&engine)) else {
                    return;
                };
                if place.try_save(&stored).await.is_some() {
                    held.is_stored.store(true, Ordering::Relaxed);
                    return;
                }
            }
        });
    }

    /// Forgets what is stored, if it is one of these: what another process has got since is that one's.
    pub(crate) async fn remove(&self, ended: &[Arc<Held>]) {
        let loaded = self
            .guard("load", TIME_LIMIT, || self.store.load(&self.who))
            .await;
        let Some(Some(stored)) = loaded else {
            return;
        };
        if ended.iter().any(|held| is_same(held, &stored)) {
            self.guard("remove", TIME_LIMIT, || self.store.remove(&self.who))
                .await;
        }
    }

    async fn try_save(&self, stored: &Stored) -> Option<()> {
        self.guard("save", TIME_LIMIT, || self.store.save(&self.who, stored))
            .await
    }

    async fn guard<T, F: Future<Output = Result<T>>>(
        &self,
        action: &str,
        time: Duration,
        call: impl FnOnce() -> F,
    ) -> Option<T> {
        let Settings {
            clock, executor, ..
        } = &*self.engine.settings;
        let began = clock.monotonic();
        let outcome = limit(&mut executor.sleep(time), time, "store", action, call).await;
        let Err(error) = &outcome else {
            return outcome.ok();
        };
        let session = self.engine.name();
        tracing::warn!(session, action, %error, "the store is not used");
        let now = clock.monotonic();
        if now.saturating_sub(began) >= time {
            let until = (now + REST).as_nanos() as u64;
            self.engine.store_rest.0.store(until, Ordering::Relaxed);
        }
        None
    }

    fn is_at_rest(&self) -> bool {
        let until = Duration::from_nanos(self.engine.store_rest.0.load(Ordering::Relaxed));
        self.engine.settings.clock.monotonic() < until
    }
}

/// Whether both are the same credential: what they send, and what they keep.
fn is_same(held: &Held, stored: &Stored) -> bool {
    let (held, stored) = (&held.credential, stored.credential());
    let headers = |(name, secret): (&HeaderName, &Secret)| (name.clone(), secret.bytes());
    let kept = |(name, secret): (&str, &Secret)| (name.to_owned(), secret.bytes());
    held.iter_headers()
        .map(headers)
        .eq(stored.iter_headers().map(headers))
        && held.iter_kept().map(kept).eq(stored.iter_kept().map(kept))
}
