//! A store in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync;

use crate::{Identity, Lease, Result, Store, Stored};

/// A store that lives as long as the process: for several sessions that are the same identity, and for
/// tests. Clones are the same store.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<HashMap<Identity, Place>>>);

#[derive(Debug, Default)]
struct Place {
    stored: Option<Stored>,
    lease: Arc<sync::Mutex<()>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Identity, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, who: &Identity) -> Result<Option<Stored>> {
        Ok(self
            .places()
            .get(who)
            .and_then(|place| place.stored.clone()))
    }

    async fn save(&self, who: &Identity, stored: &Stored) -> Result<()> {
        let replaced = {
            let mut places = self.places();
            places
                .entry(who.clone())
                .or_default()
                .stored
                .replace(stored.clone())
        };
        drop(replaced);
        Ok(())
    }

    async fn remove(&self, who: &Identity) -> Result<()> {
        let removed = self
            .places()
            .get_mut(who)
            .and_then(|place| place.stored.take());
        drop(removed);
        Ok(())
    }

    /// Its time is without limit: who could die holding it takes the store along.
    async fn lease(&self, who: &Identity, _time: Duration) -> Result<Lease> {
        let lease = Arc::clone(&self.places().entry(who.clone()).or_default().lease);
        Ok(Lease::new(lease.lock_owned().await))
    }
}
