//! Tokens, and nothing else.

use std::{ffi::CStr, ptr, sync::OnceLock};

use crate::functions::{Buffer, Functions, Handle, KeyValue, KeyValues, Oid, Oids, functions};

const KRB5: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
const SERVICE_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04";

const INITIATE: i32 = 1;
const INDEFINITE: u32 = u32::MAX;
const MUTUAL: u32 = 2;

/// The cache that all threads share.
const CACHE: &CStr = c"MEMORY:session-bench";

/// One thread's credential for the tickets of a cache, with which it makes tokens for a service.
pub struct Tokens {
    functions: &'static Functions,
    credential: Handle,
    service: Vec<u8>,
}

impl Tokens {
    /// For a service such as `HTTP@host`, by the tickets in this cache, which are copied to one in memory.
    ///
    /// # Errors
    ///
    /// What the library says, in numbers.
    pub fn new(cache: &CStr, service: &str) -> Result<Self, String> {
        static COPIED: OnceLock<Result<(), String>> = OnceLock::new();
        let functions = functions()?;
        COPIED.get_or_init(|| copy(functions, cache)).clone()?;
        let both = [oid(KRB5), oid(SPNEGO)];
        let credential = acquire(functions, CACHE, &both)?;
        let krb5 = oid(KRB5);
        let only = Oids {
            count: 1,
            elements: &raw const krb5,
        };
        let mut minor = 0;
        // SAFETY: all pointers are to values that live until after the call.
        let major =
            unsafe { (functions.set_neg_mechs)(&raw mut minor, credential, &raw const only) };
        check("gss_set_neg_mechs", major, minor)?;
        Ok(Self {
            functions,
            credential,
            service: service.into(),
        })
    }

    /// Makes one token, and says how long it is.
    ///
    /// # Errors
    ///
    /// What the library says, in numbers.
    pub fn make(&self) -> Result<usize, String> {
        let gss = self.functions;
        let (text, kind) = (borrowed(&self.service), oid(SERVICE_NAME));
        let spnego = oid(SPNEGO);
        let (mut minor, mut name, mut context) = (0, ptr::null_mut(), ptr::null_mut());
        let mut token = Buffer {
            length: 0,
            value: ptr::null_mut(),
        };
        // SAFETY: the types are those of RFC 2744; all pointers are to values that live until after the calls, or null where
        // they may be; what the library makes is released once.
        unsafe {
            let major = (gss.import_name)(
                &raw mut minor,
                &raw const text,
                &raw const kind,
                &raw mut name,
            );
            check("gss_import_name", major, minor)?;
            let mut granted = 0;
            let major = (gss.init_sec_context)(
                &raw mut minor,
                self.credential,
                &raw mut context,
                name,
                &raw const spnego,
                MUTUAL,
                0,
                ptr::null(),
                ptr::null(),
                ptr::null_mut(),
                &raw mut token,
                &raw mut granted,
                ptr::null_mut(),
            );
            check("gss_init_sec_context", major, minor)?;
            let length = token.length;
            (gss.release_buffer)(&raw mut minor, &raw mut token);
            (gss.delete_sec_context)(&raw mut minor, &raw mut context, ptr::null_mut());
            (gss.release_name)(&raw mut minor, &raw mut name);
            Ok(length)
        }
    }
}

// SAFETY: a credential belongs to no thread, as long as two do not use it at once: this is not `Sync`.
unsafe impl Send for Tokens {}

impl Drop for Tokens {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the library made it, and it is released once, here.
        unsafe { (self.functions.release_cred)(&raw mut minor, &raw mut self.credential) };
    }
}

/// Copies the tickets of a cache to the one in memory.
fn copy(functions: &Functions, cache: &CStr) -> Result<(), String> {
    let mut credential = acquire(functions, cache, &[oid(KRB5)])?;
    let element = place(CACHE);
    let places = KeyValues {
        count: 1,
        elements: &raw const element,
    };
    let krb5 = oid(KRB5);
    let mut minor = 0;
    // SAFETY: all pointers are to values that live until after the calls, or null where they may be.
    unsafe {
        let major = (functions.store_cred_into)(
            &raw mut minor,
            credential,
            INITIATE,
            &raw const krb5,
            1,
            0,
            &raw const places,
            ptr::null_mut(),
            ptr::null_mut(),
        );
        check("gss_store_cred_into", major, minor)?;
        (functions.release_cred)(&raw mut minor, &raw mut credential);
    }
    Ok(())
}

fn acquire(functions: &Functions, cache: &CStr, mechanisms: &[Oid]) -> Result<Handle, String> {
    let mechanisms = Oids {
        count: mechanisms.len(),
        elements: mechanisms.as_ptr(),
    };
    let element = place(cache);
    let places = KeyValues {
        count: 1,
        elements: &raw const element,
    };
    let (mut minor, mut credential) = (0, ptr::null_mut());
    // SAFETY: all pointers are to values that live until after the call, or null where they may be.
    let major = unsafe {
        (functions.acquire_cred_from)(
            &raw mut minor,
            ptr::null_mut(),
            INDEFINITE,
            &raw const mechanisms,
            INITIATE,
            &raw const places,
            &raw mut credential,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    check("gss_acquire_cred_from", major, minor)?;
    Ok(credential)
}

fn place(cache: &CStr) -> KeyValue {
    KeyValue {
        key: c"ccache".as_ptr(),
        value: cache.as_ptr(),
    }
}

fn oid(content: &'static [u8]) -> Oid {
    Oid {
        length: u32::try_from(content.len()).unwrap_or_default(),
        elements: content.as_ptr().cast(),
    }
}

fn borrowed(bytes: &[u8]) -> Buffer {
    Buffer {
        length: bytes.len(),
        value: bytes.as_ptr().cast_mut().cast(),
    }
}

fn check(function: &str, major: u32, minor: u32) -> Result<(), String> {
    if major >> 16 == 0 {
        return Ok(());
    }
    Err(format!(
        "{function}: major {major:#010x}, minor {}",
        minor.cast_signed()
    ))
}
