//! What a client authenticates with.

use std::ptr;

use super::{
    cache::Cache,
    functions::{NONE, RawCredential, RawName},
    library::Library,
    name::Name,
    oid::Oid,
    status::{Failure, check},
};

/// A lifetime that has no end (RFC 2743 §1.2.1.4).
pub(crate) const INDEFINITE: u32 = u32::MAX;
/// RFC 2744 §3.9.1
const CREDENTIALS_EXPIRED: u32 = 11 << 16;

/// Tickets with which contexts are initiated, for Kerberos alone: SPNEGO takes no notice of it, and is never asked.
pub(crate) struct Credential {
    library: &'static Library,
    raw: RawCredential,
    /// By how many seconds the KDC's clock is ahead of this machine's, as its cache has it.
    ahead: i32,
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
        let library = cache.library();
        let ahead = cache.offset()?;
        let ahead = ahead.clamp(i32::MIN.into(), i32::MAX.into());
        let mut credential = Self {
            library,
            raw: NONE,
            ahead: ahead.try_into().unwrap_or(0),
        };
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

    /// For how many seconds it is still good by this machine's clock: [`INDEFINITE`] if without end, 0 if it has expired.
    pub(crate) fn lifetime(&self) -> Result<u32, Failure> {
        let mut lifetime = 0;
        // Of one that has expired MIT's library tells nothing, and loses the name that it was going to: so none is asked for.
        match self.inquire(ptr::null_mut(), &raw mut lifetime) {
            Ok(()) => Ok(lifetime),
            Err(failure) if failure.major == CREDENTIALS_EXPIRED => Ok(0),
            Err(failure) => Err(failure),
        }
    }

    /// Whose it is. None of one that has expired, by this machine's clock.
    pub(crate) fn name(&self) -> Result<Option<Name>, Failure> {
        if self.lifetime()? == 0 {
            return Ok(None);
        }
        let mut name = Name::none(self.library);
        self.inquire(name.as_mut_ptr(), ptr::null_mut())?;
        Ok(Some(name))
    }

    /// Each may be null; a name is none yet.
    fn inquire(&self, name: *mut RawName, lifetime: *mut u32) -> Result<(), Failure> {
        let mut minor = 0;
        // SAFETY: the credential is one of this library; all pointers are to values that live until after the call, or null.
        let major = unsafe {
            (self.library.gss.gss_inquire_cred)(
                &raw mut minor,
                self.raw,
                name,
                lifetime,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(self.library, Oid::KRB5, major, minor).map(drop)
    }

    pub(super) fn library(&self) -> &'static Library {
        self.library
    }

    /// By how many seconds the KDC's clock is ahead of this machine's.
    pub(super) fn ahead(&self) -> i32 {
        self.ahead
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
