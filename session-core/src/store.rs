//! Where credentials outlive a session.

use std::{
    any::Any,
    fmt::{self, Debug},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

use crate::{Credential, Identity, Result};

/// Where credentials outlive a session, and are shared by processes that are the same [`Identity`].
///
/// The engine asks it before it authenticates and tells it before a new credential is used, so that a rotated
/// refresh token is not lost with the process. It is a cache: one that fails, hangs or lies costs a warning and the
/// reuse, never a request. Its calls run on the session's [`Executor`](crate::Executor) and are given
/// up after two seconds; only a [`lease`](Self::lease) is waited for as long as somebody else may hold one.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// What was saved last for this identity.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    async fn load(&self, who: &Identity) -> Result<Option<Stored>>;

    /// Saves a credential in place of an earlier one.
    ///
    /// # Errors
    ///
    /// When it is not there for others, and for later.
    async fn save(&self, who: &Identity, stored: &Stored) -> Result<()>;

    /// Forgets what was saved.
    ///
    /// # Errors
    ///
    /// When it may still be there.
    async fn remove(&self, who: &Identity) -> Result<()>;

    /// Waits until nobody else authenticates as this identity, and keeps others from it until the lease is
    /// dropped, or `time` has passed: its holder may have died.
    ///
    /// # Errors
    ///
    /// When leases cannot be had; everybody then authenticates for themselves.
    async fn lease(&self, who: &Identity, time: Duration) -> Result<Lease>;
}

/// A credential in a [`Store`], with its times by the wall clock.
#[derive(Clone, Debug)]
pub struct Stored {
    credential: Credential,
    obtained_at: SystemTime,
    expires_at: Option<SystemTime>,
}

impl Stored {
    /// A credential that was asked for at one time and expires at another; `None` is never.
    pub fn new(
        credential: Credential,
        obtained_at: SystemTime,
        expires_at: Option<SystemTime>,
    ) -> Self {
        Self {
            credential,
            obtained_at,
            expires_at,
        }
    }

    /// The credential.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// When it was asked for.
    pub fn obtained_at(&self) -> SystemTime {
        self.obtained_at
    }

    /// Until when it is valid; `None` is for ever.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

/// The right to authenticate as an identity, given back when it is dropped.
pub struct Lease(#[expect(dead_code, reason = "kept for its end")] Box<dyn Any + Send>);

impl Lease {
    /// A lease that ends when this value is dropped, such as the guard of a lock.
    pub fn new(guard: impl Any + Send) -> Self {
        Self(Box::new(guard))
    }
}

impl Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}
