//! What a client authenticates with.

use super::{
    cache::Cache,
    functions::{NONE, RawCredential},
    library::Library,
    name::Name,
    oid::Oid,
    status::{Failure, check},
};

/// A lifetime that has no end (RFC 2743 §1.2.1.4).
pub(crate) const INDEFINITE: u32 = u32::MAX;

/// Tickets with which contexts are initiated, for Kerberos alone: SPNEGO takes no notice of it, and is never asked.
pub(crate) struct Credential {
    library: &'static Library,
    raw: RawCredential,
}

// SAFETY: a credential belongs to no thread.
unsafe impl Send for Credential {}
// SAFETY: the functions that are called on shared ones here only look at it, or use it to initiate a context. MIT's library locks it
// while they do. Heimdal's reads from it what never changes after it was made, and locks what does.
unsafe impl Sync for Credential {}

impl Credential {
    /// From a cache, named by the caller. The library never chooses one: MIT's (1.20) crashes where the default cache is empty or
    /// damaged.
    pub(super) fn from_cache(cache: &Cache<'_>) -> Result<Self, Failure> {
        let library = cache.krb5().library();
        let mut credential = Self { library, raw: NONE };
        let mut minor = 0;
        // SAFETY: the cache is one of this library, which opens it once more for itself; the credential is none yet; what may be
        // null is.
        let major = unsafe {
            (library.gss.gss_krb5_import_cred)(
                &raw mut minor,
                cache.raw(),
                NONE,
                NONE,
                &raw mut credential.raw,
            )
        };
        check(library, Oid::KRB5, major, minor)?;
        Ok(credential)
    }

    /// Whose it is, and for how many seconds it is still good: [`INDEFINITE`] if without end, 0 if it has expired.
    pub(crate) fn inquire(&self) -> Result<(Name, u32), Failure> {
        let mut name = Name::none(self.library);
        let (mut minor, mut lifetime) = (0, 0);
        // SAFETY: the credential is one of this library; all pointers are to values that live until after the call; what
        // may be null is. The name is none yet.
        let major = unsafe {
            (self.library.gss.gss_inquire_cred)(
                &raw mut minor,
                self.raw,
                name.as_mut_ptr(),
                &raw mut lifetime,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        check(self.library, Oid::KRB5, major, minor)?;
        Ok((name, lifetime))
    }

    pub(super) fn library(&self) -> &'static Library {
        self.library
    }

    pub(super) fn raw(&self) -> RawCredential {
        self.raw
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        if self.raw.is_null() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the library made it, and it is released once, here.
        unsafe { (self.library.gss.gss_release_cred)(&raw mut minor, &raw mut self.raw) };
    }
}
