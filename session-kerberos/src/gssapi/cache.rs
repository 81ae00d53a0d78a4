//! Credential caches, as libkrb5 has them.

use std::{
    ffi::{CStr, CString, c_void},
    ptr,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{functions::Krb5, library::Library};

/// The name of the default cache, by the environment and the configuration. `None` where nothing knows it.
pub(crate) fn default_cache(library: &'static Library) -> Option<CString> {
    let session = Session::new(library)?;
    // SAFETY: the context is one of this library.
    let name = unsafe { (session.krb5.krb5_cc_default_name)(session.raw) };
    if name.is_null() {
        return None;
    }
    // SAFETY: the name ends with a NUL, belongs to the context, and is copied before that is freed.
    Some(unsafe { CStr::from_ptr(name) }.to_owned())
}

/// A cache in memory that no other part of the process knows of, removed with all tickets in it when this is dropped.
pub(crate) struct PrivateCache {
    name: CString,
    /// Made when the cache is: removing it then reads no configuration. None where the library has no such functions.
    session: Option<Session>,
}

// SAFETY: a `krb5_context` belongs to no thread, as long as two do not use it at once: it is used when this is dropped.
unsafe impl Send for PrivateCache {}
// SAFETY: shared, this gives its name and nothing else.
unsafe impl Sync for PrivateCache {}

impl PrivateCache {
    pub(crate) fn new(library: &'static Library) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The address tells apart several copies of this crate in one process.
        let copy = ptr::from_ref(&NUMBER).addr();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            name: CString::new(format!("MEMORY:session-kit-{copy:x}-{number}"))
                .expect("there is no NUL in it"),
            session: Session::new(library),
        }
    }

    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }
}

impl Drop for PrivateCache {
    fn drop(&mut self) {
        let Some(session) = &self.session else {
            return;
        };
        let mut cache = ptr::null_mut();
        // SAFETY: the context is one of this library; the name ends with a NUL and lives until after the call.
        let code = unsafe {
            (session.krb5.krb5_cc_resolve)(session.raw, self.name.as_ptr(), &raw mut cache)
        };
        if code == 0 && !cache.is_null() {
            // SAFETY: the cache was resolved just now, and destroying it releases it: it is not used again.
            unsafe { (session.krb5.krb5_cc_destroy)(session.raw, cache) };
        }
    }
}

/// A `krb5_context`.
struct Session {
    krb5: &'static Krb5,
    raw: *mut c_void,
}

impl Session {
    fn new(library: &'static Library) -> Option<Self> {
        let krb5 = library.krb5.as_ref()?;
        let mut raw = ptr::null_mut();
        // SAFETY: the pointer is to a value that lives until after the call.
        let code = unsafe { (krb5.krb5_init_context)(&raw mut raw) };
        (code == 0 && !raw.is_null()).then_some(Self { krb5, raw })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the library made it, and it is freed once, here.
        unsafe { (self.krb5.krb5_free_context)(self.raw) };
    }
}
