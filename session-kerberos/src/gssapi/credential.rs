//! What a client authenticates with.

use std::ptr;

use super::{
    buffer::borrowed,
    functions::{NONE, RawCredential},
    library::Library,
    name::Name,
    oid::{Oid, Oids},
    status::{Failure, check},
    store::{self, KeyValues},
};

/// A lifetime that has no end (RFC 2743 §1.2.1.4).
pub(crate) const INDEFINITE: u32 = u32::MAX;

const INITIATE: i32 = 1;
const OVERWRITE: u32 = 1;
const NOT_THE_DEFAULT: u32 = 0;

/// Tickets with which contexts are initiated.
pub(crate) struct Credential {
    library: &'static Library,
    raw: RawCredential,
}

// SAFETY: a credential belongs to no thread.
unsafe impl Send for Credential {}
// SAFETY: MIT's and Heimdal's libraries lock a credential while they use it, and document it as fit for several threads.
// The functions that are called on shared ones here only look at it, or use it to initiate a context.
unsafe impl Sync for Credential {}

impl Credential {
    /// From a store that names its places. Never without one: with a cache of its own choice, empty or damaged, MIT's library
    /// (1.20) crashes.
    pub(crate) fn from_store(
        library: &'static Library,
        name: Option<&Name>,
        mechanisms: &[Oid],
        places: &KeyValues,
    ) -> Result<Self, Failure> {
        let mechanisms = Oids::of(mechanisms);
        let mechanisms = mechanisms.raw();
        let elements = places.elements();
        let places = store::raw(&elements);
        let mut credential = Self::none(library);
        let mut minor = 0;
        // SAFETY: the name is one of this library; all pointers are to values that live until after the call, among them
        // `elements` and what they point to. The credential is none yet; what may be null is.
        let major = unsafe {
            (library.gss.gss_acquire_cred_from)(
                &raw mut minor,
                name.map_or(NONE, Name::raw),
                INDEFINITE,
                &raw const mechanisms,
                INITIATE,
                &raw const places,
                &raw mut credential.raw,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(library, Oid::KRB5, major, minor)?;
        Ok(credential)
    }

    /// By a password: asks the realm, once for each mechanism.
    pub(crate) fn with_password(
        library: &'static Library,
        name: &Name,
        password: &[u8],
        mechanisms: &[Oid],
    ) -> Result<Self, Failure> {
        let mechanisms = Oids::of(mechanisms);
        let mechanisms = mechanisms.raw();
        let password = borrowed(password);
        let mut credential = Self::none(library);
        let mut minor = 0;
        // SAFETY: as in `from_store`; the password lives until after the call, which copies it.
        let major = unsafe {
            (library.gss.gss_acquire_cred_with_password)(
                &raw mut minor,
                name.raw(),
                &raw const password,
                INDEFINITE,
                &raw const mechanisms,
                INITIATE,
                &raw mut credential.raw,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(library, Oid::KRB5, major, minor)?;
        Ok(credential)
    }

    /// Copies its tickets to a store, in place of what is there.
    pub(crate) fn store_into(&self, places: &KeyValues) -> Result<(), Failure> {
        let mechanism = Oid::KRB5.raw();
        let elements = places.elements();
        let places = store::raw(&elements);
        let mut minor = 0;
        // SAFETY: the credential is one of this library; all pointers are to values that live until after the call; what
        // may be null is.
        let major = unsafe {
            (self.library.gss.gss_store_cred_into)(
                &raw mut minor,
                self.raw,
                INITIATE,
                &raw const mechanism,
                OVERWRITE,
                NOT_THE_DEFAULT,
                &raw const places,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(self.library, Oid::KRB5, major, minor).map(drop)
    }

    /// Has SPNEGO offer these mechanisms alone: whatever else is installed, such as NTLM, is not.
    pub(crate) fn offer_only(&self, mechanisms: &[Oid]) -> Result<(), Failure> {
        let mechanisms = Oids::of(mechanisms);
        let mechanisms = mechanisms.raw();
        let mut minor = 0;
        // SAFETY: the credential is one of this library; the set lives until after the call, which copies it.
        let major = unsafe {
            (self.library.gss.gss_set_neg_mechs)(&raw mut minor, self.raw, &raw const mechanisms)
        };
        check(self.library, Oid::SPNEGO, major, minor).map(drop)
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
                ptr::null_mut(),
                ptr::null_mut(),
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

    /// None yet, for a function to fill.
    fn none(library: &'static Library) -> Self {
        Self { library, raw: NONE }
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
