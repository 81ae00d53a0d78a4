//! Keytabs, as libkrb5 has them.

use super::{
    functions::{NONE, Opaque, RawKeytab},
    krb5::{END, Krb5},
    library::Library,
    principal::Principal,
    status::Failure,
};

/// Keys of principals.
pub(crate) struct Keytab<'k> {
    krb5: &'k Krb5,
    raw: RawKeytab,
}

impl<'k> Keytab<'k> {
    /// One that the library has opened, and that nobody else closes.
    pub(super) fn new(krb5: &'k Krb5, raw: RawKeytab) -> Self {
        Self { krb5, raw }
    }

    /// Whose key comes first. None if there is no key.
    pub(crate) fn first(&self) -> Result<Option<Principal<'k>>, Failure> {
        let (krb5, functions) = (self.krb5, self.krb5.functions());
        let mut cursor = Opaque::empty();
        // SAFETY: context and keytab are of this library; the cursor is room for one, and lives until after the last call.
        let code =
            unsafe { (functions.krb5_kt_start_seq_get)(krb5.raw(), self.raw, &raw mut cursor) };
        krb5.check(code)?;
        let mut entry = Opaque::empty();
        // SAFETY: as above; the entry is room for one.
        let code = unsafe {
            (functions.krb5_kt_next_entry)(krb5.raw(), self.raw, &raw mut entry, &raw mut cursor)
        };
        let found = if code == END {
            Ok(None)
        } else {
            krb5.check(code).and_then(|()| {
                let theirs = entry.pointer(krb5.library().place_of_principal());
                if theirs.is_null() {
                    return Ok(None);
                }
                let mut raw = NONE;
                // SAFETY: the entry was filled just now, and begins with its principal; the copy is ours.
                let code =
                    unsafe { (functions.krb5_copy_principal)(krb5.raw(), theirs, &raw mut raw) };
                let copied = krb5.check(code).map(|()| Some(Principal::new(krb5, raw)));
                // SAFETY: the library filled the entry, and what it points to is freed once, here.
                unsafe { (functions.krb5_kt_free_entry)(krb5.raw(), &raw mut entry) };
                copied
            })
        };
        // SAFETY: the cursor was begun above, and is not used again.
        unsafe { (functions.krb5_kt_end_seq_get)(krb5.raw(), self.raw, &raw mut cursor) };
        found
    }

    pub(super) fn library(&self) -> &'static Library {
        self.krb5.library()
    }

    pub(super) fn raw(&self) -> RawKeytab {
        self.raw
    }
}

impl Drop for Keytab<'_> {
    fn drop(&mut self) {
        // SAFETY: the library opened it, and it is closed once, here.
        unsafe { (self.krb5.functions().krb5_kt_close)(self.krb5.raw(), self.raw) };
    }
}
