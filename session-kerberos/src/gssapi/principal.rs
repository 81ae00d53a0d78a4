//! Principals, as libkrb5 has them.

use std::ptr;

use super::{
    functions::RawPrincipal,
    krb5::{Krb5, copied},
    library::Library,
    status::Failure,
};

/// Whom a realm knows.
pub(crate) struct Principal<'k> {
    krb5: &'k Krb5,
    raw: RawPrincipal,
}

impl<'k> Principal<'k> {
    /// One that the library has made, and that nobody else frees.
    pub(super) fn new(krb5: &'k Krb5, raw: RawPrincipal) -> Self {
        Self { krb5, raw }
    }

    pub(crate) fn is_same(&self, other: &Principal<'_>) -> bool {
        if self.library().ensure_same(other.library()).is_err() {
            return false;
        }
        let compare = self.krb5.functions().krb5_principal_compare;
        // SAFETY: both are of this library, and none is null.
        unsafe { compare(self.krb5.raw(), self.raw, other.raw) != 0 }
    }

    /// As libraries write and read it.
    pub(crate) fn name(&self) -> Result<String, Failure> {
        // SAFETY: the principal is one of this library, and lives until after the call.
        unsafe { name(self.krb5, self.raw) }
    }

    pub(super) fn library(&self) -> &'static Library {
        self.krb5.library()
    }

    pub(super) fn raw(&self) -> RawPrincipal {
        self.raw
    }
}

impl Drop for Principal<'_> {
    fn drop(&mut self) {
        // SAFETY: the library made it, and it is freed once, here.
        unsafe { (self.krb5.functions().krb5_free_principal)(self.krb5.raw(), self.raw) };
    }
}

/// What a principal is called.
///
/// # Safety
///
/// It must be one of the same library, and live until after the call.
pub(super) unsafe fn name(krb5: &Krb5, principal: RawPrincipal) -> Result<String, Failure> {
    let functions = krb5.functions();
    let mut text = ptr::null_mut();
    // SAFETY: the caller vouches for the principal; the pointer is to a value that lives until after the call.
    let code = unsafe { (functions.krb5_unparse_name)(krb5.raw(), principal, &raw mut text) };
    krb5.check(code)?;
    // SAFETY: the text stays until it is freed below.
    let name = unsafe { copied(text) };
    // SAFETY: the text is the library's, and is freed once, here.
    unsafe { (functions.krb5_free_unparsed_name)(krb5.raw(), text) };
    Ok(name)
}
