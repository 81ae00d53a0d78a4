//! A credential cache of one session's own.

use std::{
    ptr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    cache::{Cache, Taken},
    credential::{Credential, INDEFINITE},
    krb5::Krb5,
    library::Library,
    status::Failure,
    ticket::{Ticket, now},
};

/// A cache in memory that no other part of the process knows of, removed with all tickets in it when this is dropped.
pub(crate) struct PrivateCache {
    library: &'static Library,
    name: String,
    /// Made when the cache is: what goes by this reads no configuration. Held by nobody who asks somebody else for something.
    krb5: Mutex<Krb5>,
}

// SAFETY: a `krb5_context` belongs to no thread, as long as two do not use it at once.
unsafe impl Send for PrivateCache {}
// SAFETY: shared, this gives its name, and opens that cache by a context of the caller's, or by its own, which it locks. The libraries
// lock their list of caches in memory, and each of them: Heimdal's since 7.0, and older ones are refused. Heimdal's readers walk through one without its lock: tickets are added at its
// start, and removed by nothing but the correction of a clock, for which a context needs an error that it is never given.
unsafe impl Sync for PrivateCache {}

impl PrivateCache {
    /// One with this ticket.
    pub(crate) fn with(krb5: &Krb5, ticket: Ticket<'_>) -> Result<Self, Failure> {
        let cache = Self::new(krb5.library())?;
        // By the context that has asked the KDC, for that knows by how much the clocks differ.
        cache.open(krb5)?.hold(ticket)?;
        Ok(cache)
    }

    /// One with what is in that one, which stays as it is.
    pub(crate) fn copy_of(theirs: &Cache<'_>, taken: Taken) -> Result<Self, Failure> {
        let cache = Self::new(theirs.library())?;
        // Reading it, the context learns by how much the clocks differ; unless it has learned of another cache that they do not.
        theirs.principal()?;
        cache.open(theirs.krb5())?.copy(theirs, taken)?;
        Ok(cache)
    }

    fn new(library: &'static Library) -> Result<Self, Failure> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The address tells apart several copies of this crate in one process.
        let copy = ptr::from_ref(&NUMBER).addr();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            library,
            name: format!("MEMORY:session-kit-{copy:x}-{number}"),
            krb5: Mutex::new(Krb5::new(library)?),
        })
    }

    /// A credential with its tickets. Computation: nobody is asked, and no configuration is read but what the library looks at for a
    /// token too.
    pub(crate) fn credential(&self) -> Result<Credential, Failure> {
        Credential::from_cache(&self.open(&self.krb5())?)
    }

    /// Whether there is a ticket for just this service that is still good: so that a library which is asked for one asks nobody.
    pub(crate) fn has(&self, service: &str) -> Result<bool, Failure> {
        let krb5 = self.krb5();
        let cache = self.open(&krb5)?;
        let now = now().saturating_add(cache.offset()?);
        cache.has(service, u64::try_from(now).unwrap_or(0))
    }

    /// The realm that a ticket kept for this service is from, where the library may keep one of another realm by its name.
    pub(crate) fn realm_of(&self, service: &str) -> Result<Option<String>, Failure> {
        let krb5 = self.krb5();
        self.open(&krb5)?.realm_of(service)
    }

    /// For how many seconds a credential with its tickets is still good by the KDC's clock: [`INDEFINITE`] if without end, 0 if it has
    /// ended. Asked for that, MIT's library goes by this machine's clock, and Heimdal's by that of the KDC that the thread had to do with
    /// last: so the tickets are looked at, where it is known what they are like.
    pub(crate) fn lifetime(&self, credential: &Credential) -> Result<u32, Failure> {
        let ours = credential.lifetime()?;
        if ours == INDEFINITE {
            return Ok(ours);
        }
        let krb5 = Krb5::new(self.library)?;
        let cache = self.open(&krb5)?;
        let left = match cache.end()? {
            Some(end) => i64::from(end).saturating_sub(now()),
            None => ours.into(),
        };
        let left = left.saturating_sub(cache.offset()?).max(0);
        Ok(u32::try_from(left).unwrap_or(INDEFINITE - 1))
    }

    /// By how many seconds the KDC's clock is ahead of this machine's, as was seen when the tickets were got.
    pub(crate) fn offset(&self) -> Result<i64, Failure> {
        let krb5 = Krb5::new(self.library)?;
        self.open(&krb5)?.offset()
    }

    /// What a server's error is, by its code. No configuration is read for that, which Heimdal's library does where there is no context.
    /// This one is given nothing that a KDC or a server says, and so quotes nobody.
    pub(crate) fn failure_of_server(&self, code: i32) -> Failure {
        Failure::of_kerberos(code, self.krb5().words_of(code))
    }

    pub(crate) fn library(&self) -> &'static Library {
        self.library
    }

    pub(crate) fn open<'k>(&self, krb5: &'k Krb5) -> Result<Cache<'k>, Failure> {
        self.library.ensure_same(krb5.library())?;
        krb5.cache(&self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is under the lock is whole: nothing panics half-way.
    fn krb5(&self) -> MutexGuard<'_, Krb5> {
        self.krb5.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PrivateCache {
    fn drop(&mut self) {
        if let Ok(cache) = self.open(&self.krb5()) {
            cache.destroy();
        }
    }
}
