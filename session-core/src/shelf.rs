//! A session's place in a store.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::Ordering},
    time::Duration,
};

use http::HeaderName;
use tokio::sync;

use crate::{
    Credential, Identity, Lease, Result, Secret, Store, Stored,
    driver::limit,
    engine::Engine,
    held::Held,
    telemetry,
    validity::{Phase, Started},
};

/// How long a store may take for anything but a lease.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// How often a credential that could not be saved is tried to be saved again.
const SAVES: u32 = 8;

/// The pause before the first of these, longer than a save may take. It doubles with each.
const SAVE_PAUSE: Duration = Duration::from_secs(3);

/// How many credentials are remembered that a session has replaced.
const PAST: usize = 16;

/// What a session keeps about its store.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Fingerprints of the credentials that this session has replaced. A store that lags, or lost what it was told to
    /// save, may still have one of them.
    past: Mutex<VecDeque<u64>>,
    /// Held by whoever writes: a late save must not land on what came after it.
    turn: sync::Mutex<()>,
}

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
        let load = self.guard("load", TIME_LIMIT, || self.store.load(&self.who));
        // What each request makes for itself is not in any store; who put it there lies.
        Some(load.await?.filter(|stored| {
            let is_later =
                |known: &Held| known.is_stored.load(Ordering::Relaxed) && !is_same(known, stored);
            !stored.credential().is_per_request()
                && known.is_none_or(is_later)
                && !self.is_past(stored.credential())
        }))
    }

    /// Notes that these are replaced: what the store still has of them is no news.
    pub(crate) fn supersede<'c>(&self, replaced: impl IntoIterator<Item = &'c Credential>) {
        let mut past = self.past();
        past.extend(replaced.into_iter().map(fingerprint));
        let surplus = past.len().saturating_sub(PAST);
        past.drain(..surplus);
    }

    fn is_past(&self, credential: &Credential) -> bool {
        self.past().contains(&fingerprint(credential))
    }

    fn past(&self) -> MutexGuard<'_, VecDeque<u64>> {
        let past = &self.engine.ledger.past;
        past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stored credential, ready for use; `None` if it is not fresh, or damaged.
    pub(crate) fn fresh(&self, stored: &Stored, generation: u64) -> Option<Held> {
        self.revive(stored, generation, |phase| phase == Phase::Fresh)
    }

    /// One that may be due for renewal, but has not expired.
    pub(crate) fn good(&self, stored: &Stored, generation: u64) -> Option<Held> {
        self.revive(stored, generation, |phase| phase != Phase::Expired)
    }

    fn revive(
        &self,
        stored: &Stored,
        generation: u64,
        is_wanted: impl Fn(Phase) -> bool,
    ) -> Option<Held> {
        let settings = &self.engine.settings;
        let started = Started::at(&*settings.clock, stored.obtained_at());
        let mut credential = stored.credential().clone().without_lifetime();
        if let Some(expires_at) = stored.expires_at() {
            credential = credential.expires_at(expires_at);
        }
        let held = Held::new(credential, generation, started, settings.random()).ok()?;
        if !is_wanted(held.validity.phase(settings.clock.monotonic())) {
            return None;
        }
        held.is_stored.store(true, Ordering::Relaxed);
        telemetry::reused(&*self.engine.session, settings);
        Some(held)
    }

    /// Keeps other processes from authenticating as this identity; `None` if that cannot be had. Waits for as long as
    /// somebody else may hold it: that one authenticates for this session too.
    pub(crate) async fn lease(&self) -> Option<Lease> {
        // To look once more, to authenticate, and to save.
        let time = self
            .engine
            .settings
            .time_limit
            .saturating_add(2 * TIME_LIMIT);
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
        if self.try_save(&stored).await.is_some() {
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
                match Shelf::of(&engine) {
                    Some(place) if !place.save_late(serial, &stored).await => {}
                    _ => return,
                }
            }
        });
    }

    /// Saves what could not be saved in time, unless something else has come since. Whether there is nothing left to
    /// do.
    async fn save_late(&self, serial: u64, stored: &Stored) -> bool {
        let save = || async {
            let _turn = self.engine.ledger.turn.lock().await;
            // Its successor saves itself.
            let current = self.engine.held().filter(|held| held.serial == serial);
            let Some(held) = current else {
                return Ok(());
            };
            let found = self.store.load(&self.who).await?;
            let is_ours =
                |found: Stored| is_same(&held, &found) || self.is_past(found.credential());
            if found.is_none_or(is_ours) {
                self.store.save(&self.who, stored).await?;
                held.is_stored.store(true, Ordering::Relaxed);
            }
            Ok(())
        };
        self.guard("save", TIME_LIMIT, save).await.is_some()
    }

    /// Forgets what is stored, if it is one of these: what another process has got since is that one's.
    pub(crate) async fn remove(&self, ended: &[Arc<Held>]) {
        let _lease = self
            .guard("lease", TIME_LIMIT, || {
                self.store.lease(&self.who, 2 * TIME_LIMIT)
            })
            .await;
        let remove = || async {
            let _turn = self.engine.ledger.turn.lock().await;
            let stored = self.store.load(&self.who).await?;
            if stored.is_some_and(|stored| ended.iter().any(|held| is_same(held, &stored))) {
                self.store.remove(&self.who).await?;
            }
            Ok(())
        };
        self.guard("remove", TIME_LIMIT, remove).await;
    }

    async fn try_save(&self, stored: &Stored) -> Option<()> {
        let save = || async {
            let _turn = self.engine.ledger.turn.lock().await;
            self.store.save(&self.who, stored).await
        };
        self.guard("save", TIME_LIMIT, save).await
    }

    async fn guard<T, F: Future<Output = Result<T>>>(
        &self,
        action: &str,
        time: Duration,
        call: impl FnOnce() -> F,
    ) -> Option<T> {
        let executor = &self.engine.settings.executor;
        let outcome = limit(&mut executor.sleep(time), time, "store", action, call).await;
        let warn = |error: &_| {
            tracing::warn!(session = self.engine.name(), action, %error, "the store is not used");
        };
        outcome.inspect_err(warn).ok()
    }
}

/// Tells credentials apart without keeping them: a hash whose key is this process's own.
fn fingerprint(credential: &Credential) -> u64 {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    let mut hasher = KEY.get_or_init(RandomState::new).build_hasher();
    for (name, secret) in credential.iter_headers() {
        (name, secret.expose()).hash(&mut hasher);
    }
    for (name, secret) in credential.iter_kept() {
        (name, secret.expose()).hash(&mut hasher);
    }
    hasher.finish()
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
