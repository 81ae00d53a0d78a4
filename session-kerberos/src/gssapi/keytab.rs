//! Keytabs, as libkrb5 has them.

use super::{
    functions::{NONE, RawKeytab},
    krb5::Krb5,
    layout::{Room, principal_of_entry},
    library::Library,
    principal::Principal,
    status::Failure,
};

/// There are no more keys (`KRB5_KT_END`).
const END: i32 = -1_765_328_202;

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
        Ok(self.read(1)?.pop())
    }

    /// Whose keys are in it, in its order: of each key.
    pub(crate) fn principals(&self) -> Result<Vec<Principal<'k>>, Failure> {
        self.read(usize::MAX)
    }

    /// Whose the first ones are, of so many keys at most.
    fn read(&self, most: usize) -> Result<Vec<Principal<'k>>, Failure> {
        let (krb5, functions) = (self.krb5, self.krb5.functions());
        let mut cursor = Room::empty();
        // SAFETY: context and keytab are of this library; the cursor is room for one, and lives until after the last call.
        let code =
            unsafe { (functions.krb5_kt_start_seq_get)(krb5.raw(), self.raw, &raw mut cursor) };
        krb5.check(code)?;
        let mut principals = Vec::new();
        let mut outcome = Ok(());
        while principals.len() < most {
            match self.next(&mut cursor) {
                Ok(Some(principal)) => principals.push(principal),
                Ok(None) => break,
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            }
        }
        // SAFETY: the cursor was begun above, and is not used again.
        unsafe { (functions.krb5_kt_end_seq_get)(krb5.raw(), self.raw, &raw mut cursor) };
        outcome.map(|()| principals)
    }

    /// Whose the next key is; none at the end. The cursor is one of this keytab, begun and not ended.
    fn next(&self, cursor: &mut Room) -> Result<Option<Principal<'k>>, Failure> {
        let (krb5, functions) = (self.krb5, self.krb5.functions());
        let mut entry = Room::empty();
        // SAFETY: context and keytab are of this library; the entry is room for one; the cursor was begun.
        let code =
            unsafe { (functions.krb5_kt_next_entry)(krb5.raw(), self.raw, &raw mut entry, cursor) };
        if code == END {
            return Ok(None);
        }
        krb5.check(code)?;
        let place = principal_of_entry(&self.library().make);
        let theirs = place.map_or(NONE, |place| entry.pointer(place));
        let copied = if place.is_none() {
            Err(Failure::of_nobody(
                "what a keytab is like in this library is not known",
            ))
        } else if theirs.is_null() {
            Err(Failure::of_nobody("there is a key in it that is nobody's"))
        } else {
            let mut raw = NONE;
            // SAFETY: the entry was filled just now, and has its principal there; the copy is ours.
            let code = unsafe { (functions.krb5_copy_principal)(krb5.raw(), theirs, &raw mut raw) };
            krb5.check(code).map(|()| Some(Principal::new(krb5, raw)))
        };
        // SAFETY: the library filled the entry, and what it points to is freed once, here; that wipes the key.
        unsafe { (functions.krb5_kt_free_entry)(krb5.raw(), &raw mut entry) };
        copied
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
