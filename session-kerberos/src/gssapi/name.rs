//! Names of principals.

use super::{
    buffer::{Buffer, borrowed},
    functions::{NONE, RawName},
    library::Library,
    oid::Oid,
    status::{Failure, check},
};

/// A name as the library has it.
pub(crate) struct Name {
    library: &'static Library,
    raw: RawName,
}

// SAFETY: a name belongs to no thread, as long as two do not use it at once: a name is not `Sync`, for Heimdal's functions write
// into one what they have made of it.
unsafe impl Send for Name {}

impl Name {
    /// A principal, such as `alice`, `alice@EXAMPLE.COM` or `HTTP/host@EXAMPLE.COM`; without a realm that of the
    /// configuration. Nothing asks DNS about it.
    pub(crate) fn principal(library: &'static Library, text: &str) -> Result<Self, Failure> {
        Self::import(library, text, Oid::PRINCIPAL_NAME)
    }

    /// A service on a host, such as `HTTP@host`. Which principal that is, the library finds by its configuration.
    pub(crate) fn service(library: &'static Library, text: &str) -> Result<Self, Failure> {
        Self::import(library, text, Oid::SERVICE_NAME)
    }

    fn import(library: &'static Library, text: &str, kind: Oid) -> Result<Self, Failure> {
        // Libraries are told how long it is, and yet take what is before a NUL for all of it.
        if text.contains('\0') {
            return Err(Failure::of_nobody("there is a NUL in the name"));
        }
        let (text, kind) = (borrowed(text.as_bytes()), kind.raw());
        let mut name = Self::none(library);
        let mut minor = 0;
        // SAFETY: all pointers are to values that live until after the call; the name is none yet.
        let major = unsafe {
            (library.gss.gss_import_name)(
                &raw mut minor,
                &raw const text,
                &raw const kind,
                &raw mut name.raw,
            )
        };
        check(library, Oid::KRB5, major, minor)?;
        Ok(name)
    }

    /// As Kerberos names it: of a service, which principal that is, by the configuration and maybe DNS.
    pub(crate) fn canonical(&self) -> Result<Self, Failure> {
        let mechanism = Oid::KRB5;
        let kind = mechanism.raw();
        let mut name = Self::none(self.library);
        let mut minor = 0;
        // SAFETY: the name is one of this library; all pointers are to values that live until after the call; the name that is
        // made is none yet.
        let major = unsafe {
            (self.library.gss.gss_canonicalize_name)(
                &raw mut minor,
                self.raw,
                &raw const kind,
                &raw mut name.raw,
            )
        };
        check(self.library, mechanism, major, minor)?;
        Ok(name)
    }

    /// No name yet, for a function to fill.
    pub(super) fn none(library: &'static Library) -> Self {
        Self { library, raw: NONE }
    }

    pub(super) fn library(&self) -> &'static Library {
        self.library
    }

    pub(super) fn raw(&self) -> RawName {
        self.raw
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut RawName {
        &raw mut self.raw
    }

    /// Whether there is none.
    pub(crate) fn is_none(&self) -> bool {
        self.raw.is_null()
    }

    /// As people write it; empty if there is none.
    pub(crate) fn display(&self) -> Result<String, Failure> {
        if self.is_none() {
            return Ok(String::new());
        }
        let mut text = Buffer::new(self.library);
        let (mut minor, mut kind) = (0, std::ptr::null());
        // SAFETY: the name is one of this library; all pointers are to values that live until after the call. The kind
        // that is returned belongs to the library.
        let major = unsafe {
            (self.library.gss.gss_display_name)(
                &raw mut minor,
                self.raw,
                text.as_mut_ptr(),
                &raw mut kind,
            )
        };
        check(self.library, Oid::KRB5, major, minor)?;
        Ok(text.to_text())
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if self.is_none() {
            return;
        }
        let mut minor = 0;
        // SAFETY: the library made it, and it is released once, here.
        unsafe { (self.library.gss.gss_release_name)(&raw mut minor, &raw mut self.raw) };
    }
}
