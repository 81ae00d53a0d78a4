//! A store of which only what is written can be read.

use std::time::Duration;

use async_trait::async_trait;
use session_core::{Credential, Identity, Lease, MemoryStore, Result, Secret, Store, Stored};

/// A store as one on disk: what is loaded was rebuilt from the bytes that were saved, and nothing else of the process
/// that saved it is left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paper(MemoryStore);

#[async_trait]
impl Store for Paper {
    async fn load(&self, who: &Identity) -> Result<Option<Stored>> {
        self.0.load(who).await
    }

    async fn save(&self, who: &Identity, stored: &Stored) -> Result<()> {
        self.0.save(who, &written(stored)).await
    }

    async fn remove(&self, who: &Identity) -> Result<()> {
        self.0.remove(who).await
    }

    async fn lease(&self, who: &Identity, time: Duration) -> Result<Lease> {
        self.0.lease(who, time).await
    }
}

/// What can be written down of a credential.
fn written(stored: &Stored) -> Stored {
    let original = stored.credential();
    let copy = |secret: &Secret| Secret::new(secret.expose().to_vec());
    let headers = original.iter_headers();
    let headers = headers.map(|(name, secret)| (name.clone(), copy(secret)));
    let credential = Credential::headers(headers).scopes(original.granted_scopes().iter().cloned());
    let kept = original.iter_kept();
    let credential = kept.fold(credential, |credential, (name, secret)| {
        credential.keep(name.to_owned(), copy(secret))
    });
    Stored::new(credential, stored.obtained_at(), stored.expires_at())
}
