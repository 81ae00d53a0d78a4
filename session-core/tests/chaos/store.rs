//! A store that does anything.

use std::{
    future::pending,
    panic::panic_any,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use fastrand::Rng;
use session_core::{
    Credential, Error, ErrorKind, Identity, Lease, MemoryStore, Result, Store, Stored,
};

use crate::{backend::Scripted, pool::stand_back};

/// Fails, hangs, panics, forgets, and gives out what it never was given; sometimes it works.
#[derive(Clone, Debug)]
pub(crate) struct Shaky {
    inner: MemoryStore,
    rng: Arc<Mutex<Rng>>,
    calm: Arc<AtomicBool>,
}

impl Shaky {
    pub(crate) fn new(rng: Rng) -> Self {
        Self {
            inner: MemoryStore::new(),
            rng: Arc::new(Mutex::new(rng)),
            calm: Arc::default(),
        }
    }

    pub(crate) fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    /// Whether it is to lie now, if it does not fail in another way.
    async fn act(&self) -> Result<bool> {
        let (drawn, stands_back) = {
            let mut rng = self.rng.lock().unwrap();
            (rng.usize(..10), rng.usize(..3))
        };
        if self.calm.load(Ordering::SeqCst) {
            return Ok(false);
        }
        stand_back(stands_back).await;
        match drawn {
            0 => Err(Error::new(ErrorKind::Unavailable, "the disk is full")),
            1 => pending().await,
            2 => panic_any(Scripted),
            drawn => Ok(drawn == 3),
        }
    }
}

#[async_trait]
impl Store for Shaky {
    async fn load(&self, who: &Identity) -> Result<Option<Stored>> {
        if self.act().await? {
            // Neither of use, nor ever put there.
            let lie = Credential::bearer("a line\nbreak");
            return Ok(Some(Stored::new(lie, SystemTime::UNIX_EPOCH, None)));
        }
        self.inner.load(who).await
    }

    async fn save(&self, who: &Identity, stored: &Stored) -> Result<()> {
        if self.act().await? {
            return Ok(());
        }
        self.inner.save(who, stored).await
    }

    async fn remove(&self, who: &Identity) -> Result<()> {
        if self.act().await? {
            return Ok(());
        }
        self.inner.remove(who).await
    }

    async fn lease(&self, who: &Identity, time: Duration) -> Result<Lease> {
        if self.act().await? {
            return Ok(Lease::new(()));
        }
        self.inner.lease(who, time).await
    }
}
