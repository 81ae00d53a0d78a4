//! What the engine holds of a session.

use std::sync::Arc;

use session_core::{Credential, Error, ErrorKind, Result};
use tokio::sync::oneshot;

use crate::{
    mechanism::{Begun, Initiation, Principal},
    openings::{Attempt, Openings},
    workers::Workers,
};

/// What the engine holds: somebody's tickets, and the services that there were tokens for.
pub(crate) struct Held {
    pub(crate) principal: Arc<dyn Principal>,
    /// With the tickets before these, as long as they last: for services that there are no others for so far.
    former: Option<Arc<dyn Principal>>,
    openings: Openings,
}

impl Held {
    pub(crate) fn new(principal: Arc<dyn Principal>) -> Self {
        Self {
            principal,
            former: None,
            openings: Openings::default(),
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
            workers.run_for_request(work).await
        };
        let first = |attempt: Attempt| {
            let (principal, initiation) = (Arc::clone(&self.principal), initiation.clone());
            let (sender, receiver) = oneshot::channel();
            let tell = move |outcome: Result<Begun>| {
                attempt.end(outcome.as_ref().map(drop).map_err(Clone::clone));
                // Whoever was the first may be gone.
                let _ = sender.send(outcome);
            };
            workers
                .spawn_for_requests(move |worker| principal.initiate(worker, &initiation), tell)?;
            Ok(receiver)
        };
        if let Some(first) = self.openings.open(&initiation.service, first).await? {
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
