//! What MIT's libkrb5 tells of its configuration, of caches and keytabs, and of the KDC.

mod raw;

use std::{
    ffi::{CStr, CString, c_void},
    os::raw::c_char,
    ptr,
    time::{Duration, SystemTime},
};

use super::{
    functions::NONE,
    library::{Library, Make},
    status::Failure,
};
use raw::{Functions, RawCreds, RawEntry};

/// A look around, with the configuration as it is now.
pub(crate) struct Inspection {
    functions: Functions,
    context: *mut c_void,
}

/// A ticket, without what is secret of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) service: String,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    /// If it can be renewed.
    pub(crate) renewable_until: Option<SystemTime>,
    pub(crate) is_forwardable: bool,
}

/// Whose a cache is, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tickets {
    pub(crate) owner: String,
    pub(crate) tickets: Vec<Ticket>,
}

/// The library was not given a password, and has nobody to ask (`KRB5_LIBOS_CANTREADPWD`); so it can prove nothing to a KDC that
/// wants proof (`KRB5_PREAUTH_FAILED`).
const NO_PASSWORD: [i32; 2] = [-1_765_328_254, -1_765_328_174];
/// The codes that a KDC answers with (RFC 4120 §7.5.9).
const OF_KDC: std::ops::Range<i32> = -1_765_328_384..-1_765_328_256;
/// `TKT_FLG_FORWARDABLE`, `TKT_FLG_RENEWABLE` (RFC 4120 §5.3).
const FORWARDABLE: i32 = 0x4000_0000;
const RENEWABLE: i32 = 0x0080_0000;
/// `GSS_S_FAILURE`: the code of the mechanism says what it is.
const FAILURE: u32 = 13 << 16;
/// Whose tickets are no tickets but what a cache remembers.
const NOT_A_REALM: &str = "@X-CACHECONF:";
/// More than anybody has in a cache or keytab.
const MOST_ENTRIES: usize = 10_000;

impl Inspection {
    /// `None` where the library is not MIT's.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be used.
    pub(crate) fn new(library: &'static Library) -> Option<Result<Self, Failure>> {
        // What structures are like is known of MIT's alone: that a library has all of the functions says nothing of that.
        let Make::Mit(_) = &library.make else {
            return None;
        };
        // SAFETY: the library is there already; its initializers ran.
        let loaded = unsafe { libloading::Library::new(library.name()) }.ok()?;
        // A library is looked through together with those that it depends on: so its own libkrb5 is found.
        // SAFETY: it is MIT's, whose headers have had these types since version 1.10; and it is never unloaded, for `library` has
        // it too.
        let functions = unsafe { Functions::of(&loaded) }.ok()?;
        let mut context = NONE;
        // SAFETY: the pointer is to a value that lives until after the call.
        let code = unsafe { (functions.krb5_init_context)(&raw mut context) };
        let inspection = Self { functions, context };
        Some(inspection.check(code).map(|()| inspection))
    }

    /// The files that the configuration is read from, there or not.
    pub(crate) fn configuration_files(&self) -> Vec<String> {
        let mut names = ptr::null_mut();
        // SAFETY: the pointer is to a value that lives until after the call.
        let code = unsafe { (self.functions.krb5_get_default_config_files)(&raw mut names) };
        if code != 0 || names.is_null() {
            return Vec::new();
        }
        let mut files = Vec::new();
        for index in 0..MOST_ENTRIES {
            // SAFETY: the names end with a null, and nothing beyond it was read yet.
            let name = unsafe { *names.add(index) };
            if name.is_null() {
                break;
            }
            files.push(text(name));
        }
        // SAFETY: the library made them, and they are freed once, here.
        unsafe { (self.functions.krb5_free_config_files)(names) };
        files
    }

    /// The realm of principals that are written without one.
    pub(crate) fn default_realm(&self) -> Result<String, Failure> {
        let mut name = ptr::null_mut();
        // SAFETY: the context is one of this library; the pointer is to a value that lives until after the call.
        let code = unsafe { (self.functions.krb5_get_default_realm)(self.context, &raw mut name) };
        self.check(code)?;
        let realm = text(name);
        // SAFETY: the library made it, and it is freed once, here.
        unsafe { (self.functions.krb5_free_default_realm)(self.context, name) };
        Ok(realm)
    }

    /// The principal as the library understands it: with its realm.
    pub(crate) fn full_name(&self, principal: &str) -> Result<String, Failure> {
        self.display(&self.principal(principal)?)
    }

    /// The name of the default cache.
    pub(crate) fn default_cache(&self) -> Option<String> {
        // SAFETY: the context is one of this library.
        let name = unsafe { (self.functions.krb5_cc_default_name)(self.context) };
        // It belongs to the context.
        (!name.is_null()).then(|| text(name))
    }

    /// What is in a cache.
    pub(crate) fn tickets(&self, cache: &str) -> Result<Tickets, Failure> {
        let cache = c_string(cache)?;
        let mut raw = NONE;
        // SAFETY: the context is one of this library; the name ends with a NUL, and all pointers are to values that live
        // until after the call.
        let code =
            unsafe { (self.functions.krb5_cc_resolve)(self.context, cache.as_ptr(), &raw mut raw) };
        self.check(code)?;
        let found = self.tickets_in(raw);
        // SAFETY: the library made it, and it is closed once, here.
        unsafe { (self.functions.krb5_cc_close)(self.context, raw) };
        found
    }

    /// Whose keys are in a keytab; each principal once.
    pub(crate) fn principals(&self, keytab: &str) -> Result<Vec<String>, Failure> {
        let keytab = c_string(keytab)?;
        let mut raw = NONE;
        // SAFETY: as in `tickets`.
        let code = unsafe {
            (self.functions.krb5_kt_resolve)(self.context, keytab.as_ptr(), &raw mut raw)
        };
        self.check(code)?;
        let found = self.principals_in(raw);
        // SAFETY: the library made it, and it is closed once, here.
        unsafe { (self.functions.krb5_kt_close)(self.context, raw) };
        found
    }

    /// Asks the principal's KDC for a ticket, without proving anything: what it answers with shows that it is there, and counts for
    /// nobody as a failed attempt.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one that is about the principal.
    pub(crate) fn ask_kdc(&self, principal: &str) -> Result<(), Failure> {
        let principal = self.principal(principal)?;
        let mut creds = RawCreds::empty();
        // SAFETY: context and principal are of this library; `creds` lives until after the call; all others may be null or
        // zero: there is no password, and nobody to ask for one.
        let code = unsafe {
            (self.functions.krb5_get_init_creds_password)(
                self.context,
                &raw mut creds,
                principal.raw,
                ptr::null(),
                ptr::null(),
                NONE,
                0,
                ptr::null(),
                NONE,
            )
        };
        if code == 0 {
            // SAFETY: the library filled it, and what it holds is freed once, here.
            unsafe { (self.functions.krb5_free_cred_contents)(self.context, &raw mut creds) };
        }
        if NO_PASSWORD.contains(&code) {
            return Ok(());
        }
        self.check(code)
    }

    fn tickets_in(&self, cache: *mut c_void) -> Result<Tickets, Failure> {
        let mut owner = self.no_principal();
        // SAFETY: context and cache are of this library; the pointer is to a value that lives until after the call.
        let code = unsafe {
            (self.functions.krb5_cc_get_principal)(self.context, cache, &raw mut owner.raw)
        };
        self.check(code)?;
        let owner = self.display(&owner)?;
        let mut cursor = NONE;
        // SAFETY: as above.
        let code =
            unsafe { (self.functions.krb5_cc_start_seq_get)(self.context, cache, &raw mut cursor) };
        self.check(code)?;
        let mut tickets = Vec::new();
        for _ in 0..MOST_ENTRIES {
            let mut creds = RawCreds::empty();
            // SAFETY: as above; the cursor was begun, and `creds` holds nothing that would be lost.
            let code = unsafe {
                (self.functions.krb5_cc_next_cred)(
                    self.context,
                    cache,
                    &raw mut cursor,
                    &raw mut creds,
                )
            };
            if code != 0 {
                break; // the end, or damage that whoever uses the cache is told of
            }
            if let Some(ticket) = self.ticket(&creds) {
                tickets.push(ticket);
            }
            // SAFETY: the library filled it, and what it holds is freed once, here.
            unsafe { (self.functions.krb5_free_cred_contents)(self.context, &raw mut creds) };
        }
        // SAFETY: the cursor was begun, and is ended once, here.
        unsafe { (self.functions.krb5_cc_end_seq_get)(self.context, cache, &raw mut cursor) };
        Ok(Tickets { owner, tickets })
    }

    fn ticket(&self, creds: &RawCreds) -> Option<Ticket> {
        let service = self.unparse(creds.server).ok()?;
        if service.contains(NOT_A_REALM) {
            return None;
        }
        let start = match creds.start {
            0 => creds.authenticated,
            start => start,
        };
        let is_renewable = creds.flags & RENEWABLE != 0;
        Some(Ticket {
            service,
            start: time(start),
            end: time(creds.end),
            renewable_until: is_renewable.then(|| time(creds.renewable_until)),
            is_forwardable: creds.flags & FORWARDABLE != 0,
        })
    }

    fn principals_in(&self, keytab: *mut c_void) -> Result<Vec<String>, Failure> {
        let mut cursor = NONE;
        // SAFETY: context and keytab are of this library; the pointer is to a value that lives until after the call.
        let code = unsafe {
            (self.functions.krb5_kt_start_seq_get)(self.context, keytab, &raw mut cursor)
        };
        self.check(code)?;
        let mut principals = Vec::new();
        for _ in 0..MOST_ENTRIES {
            let mut entry = RawEntry::empty();
            // SAFETY: as above; the cursor was begun, and `entry` holds nothing that would be lost.
            let code = unsafe {
                (self.functions.krb5_kt_next_entry)(
                    self.context,
                    keytab,
                    &raw mut entry,
                    &raw mut cursor,
                )
            };
            if code != 0 {
                break;
            }
            if let Ok(name) = self.unparse(entry.principal)
                && !principals.contains(&name)
            {
                principals.push(name);
            }
            // SAFETY: the library filled it, and what it holds is freed once, here; that wipes the key.
            unsafe {
                (self.functions.krb5_free_keytab_entry_contents)(self.context, &raw mut entry)
            };
        }
        // SAFETY: the cursor was begun, and is ended once, here.
        unsafe { (self.functions.krb5_kt_end_seq_get)(self.context, keytab, &raw mut cursor) };
        Ok(principals)
    }

    fn principal(&self, name: &str) -> Result<Principal<'_>, Failure> {
        let name = c_string(name)?;
        let mut principal = self.no_principal();
        // SAFETY: the context is one of this library; the name ends with a NUL, and all pointers are to values that live
        // until after the call.
        let code = unsafe {
            (self.functions.krb5_parse_name)(self.context, name.as_ptr(), &raw mut principal.raw)
        };
        self.check(code).map(|()| principal)
    }

    fn no_principal(&self) -> Principal<'_> {
        Principal {
            inspection: self,
            raw: NONE,
        }
    }

    fn display(&self, principal: &Principal<'_>) -> Result<String, Failure> {
        self.unparse(principal.raw)
    }

    fn unparse(&self, principal: *const c_void) -> Result<String, Failure> {
        if principal.is_null() {
            return Ok(String::new());
        }
        let mut name = ptr::null_mut();
        // SAFETY: context and principal are of this library; the pointer is to a value that lives until after the call.
        let code =
            unsafe { (self.functions.krb5_unparse_name)(self.context, principal, &raw mut name) };
        self.check(code)?;
        let shown = text(name);
        // SAFETY: the library made it, and it is freed once, here.
        unsafe { (self.functions.krb5_free_unparsed_name)(self.context, name) };
        Ok(shown)
    }

    fn check(&self, code: i32) -> Result<(), Failure> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the context is one of this library, or none, which this function allows.
        let message = unsafe { (self.functions.krb5_get_error_message)(self.context, code) };
        let words = text(message);
        // SAFETY: the library made it, and it is freed once, here.
        unsafe { (self.functions.krb5_free_error_message)(self.context, message) };
        Err(Failure {
            major: FAILURE,
            minor: code,
            text: words,
        })
    }
}

impl Drop for Inspection {
    fn drop(&mut self) {
        if !self.context.is_null() {
            // SAFETY: the library made it, and it is freed once, here, after all that was made with it.
            unsafe { (self.functions.krb5_free_context)(self.context) };
        }
    }
}

/// Whether a failure is an answer of the KDC.
pub(crate) fn is_of_kdc(failure: &Failure) -> bool {
    OF_KDC.contains(&failure.minor)
}

/// A principal as the library has it.
struct Principal<'a> {
    inspection: &'a Inspection,
    raw: *mut c_void,
}

impl Drop for Principal<'_> {
    fn drop(&mut self) {
        let Inspection { functions, context } = self.inspection;
        if !self.raw.is_null() {
            // SAFETY: the library made it, and it is freed once, here.
            unsafe { (functions.krb5_free_principal)(*context, self.raw) };
        }
    }
}

fn c_string(text: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure {
        major: FAILURE,
        minor: 0,
        text: "a name has a NUL in it".to_owned(),
    })
}

/// A copy of what the library wrote; empty where there is nothing.
fn text(raw: *const c_char) -> String {
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: all texts of the library end with a NUL, and this one is copied before it is freed.
    unsafe { CStr::from_ptr(raw) }
        .to_string_lossy()
        .into_owned()
}

fn time(seconds: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into())
}
