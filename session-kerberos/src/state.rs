//! What the engine holds of a session.

use std::sync::{Arc, PoisonError, RwLock};

use session_core::{Credential, Error, ErrorKind, Result};

use crate::{
    mechanism::{Acquired, Begun, Initiation, Principal},
    openings::Openings,
    workers::Workers,
};

/// What the engine holds: somebody's tickets, and those that come in their place when they end before their time.
pub(crate) struct State {
    current: RwLock<Arc<Held>>,
    /// For whoever replaces what is held. What the realm has said no with, it is not asked for again: failures may lock an account.
    replacing: tokio::sync::Mutex<Option<Error>>,
}

/// Somebody's tickets, and the services that there were tokens for.
pub(crate) struct Held {
    pub(crate) principal: Arc<dyn Principal>,
    /// With the tickets before these, as long as they last: for services that there are no others for so far.
    former: Option<Arc<dyn Principal>>,
    openings: Openings,
}

impl State {
    pub(crate) fn new(held: Held) -> Self {
        Self {
            current: RwLock::new(Arc::new(held)),
            replacing: tokio::sync::Mutex::default(),
        }
    }

    /// That of a credential.
    pub(crate) fn of(credential: &Credential) -> Result<&Self> {
        credential.state().ok_or_else(|| {
            Error::new(
                ErrorKind::Protocol,
                "the credential is none of Kerberos; use one that this session made",
            )
        })
    }

    pub(crate) fn current(&self) -> Arc<Held> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// What is in the place of tickets that have ended: `acquire`d once, for however many requests find that.
    pub(crate) async fn replace(
        &self,
        ended: &Arc<Held>,
        acquire: impl Future<Output = Result<Acquired>>,
    ) -> Result<Arc<Held>> {
        let mut denied = self.replacing.lock().await;
        let current = self.current();
        if !Arc::ptr_eq(&current, ended) {
            return Ok(current);
        }
        if let Some(error) = &*denied {
            return Err(error.clone());
        }
        match acquire.await {
            Ok(acquired) => {
                let held = Arc::new(Held::new(acquired.principal));
                self.set(&held);
                Ok(held)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Denied {
                    *denied = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    fn set(&self, held: &Arc<Held>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::clone(held);
    }
}

impl Held {
    pub(crate) fn new(principal: Arc<dyn Principal>) -> Self {
        Self {
            principal,
            former: None,
            openings: Openings::default(),
        }
    }

    /// In the place of these, which may last for a while yet.
    pub(crate) fn renewed(&self, principal: Arc<dyn Principal>) -> Self {
        Self {
            former: Some(Arc::clone(&self.principal)),
            ..Self::new(principal)
        }
    }

    /// Begins to authenticate to a service: at once, where that needs nobody; else on one of the workers.
    pub(crate) async fn begin(&self, workers: &Workers, initiation: &Initiation) -> Result<Begun> {
        if let Some(begun) = self.begin_now(initiation) {
            return Ok(begun);
        }
        let elsewhere = async || {
            let (principal, initiation) = (Arc::clone(&self.principal), initiation.clone());
            let work = move |worker| principal.initiate(worker, &initiation);
            workers.run(work).await
        };
        if let Some(first) = self.openings.open(&initiation.service, elsewhere()).await? {
            return Ok(first);
        }
        match self.begin_now(initiation) {
            Some(begun) => Ok(begun),
            None => elsewhere().await,
        }
    }

    fn begin_now(&self, initiation: &Initiation) -> Option<Begun> {
        let begun = self.principal.initiate_now(initiation);
        begun.or_else(|| self.former.as_ref()?.initiate_now(initiation))
    }
}
