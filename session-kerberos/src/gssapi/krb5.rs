//! A use of libkrb5.

use std::{
    ffi::{CStr, CString, c_char},
    ptr,
};

use super::{
    cache::Cache,
    functions::{Krb5Functions, NONE, RawKrb5},
    keytab::Keytab,
    library::{Library, Make},
    principal::Principal,
    status::Failure,
    ticket::Ticket,
};

/// A `krb5_context`: libkrb5's configuration, as it was read when this was made. Belongs to one thread at a time.
pub(crate) struct Krb5 {
    library: &'static Library,
    raw: RawKrb5,
}

/// What libraries come to that were answered, and can prove nothing. MIT's: it cannot ask for a password (`KRB5_LIBOS_CANTREADPWD`), or
/// cannot do what the KDC wants (`KRB5_PREAUTH_FAILED`). Heimdal's: the KDC wants the same again (`KRB5_GET_IN_TKT_LOOP`), or a ticket
/// cannot be decrypted (`EINVAL`).
const WITHOUT_PROOF: &[i32] = &[-1_765_328_254, -1_765_328_174, -1_765_328_161, 22];

/// `KRB5_CONFIG_BADFORMAT`
const BAD_FORMAT: i32 = -1_765_328_248;

impl Krb5 {
    /// Reads the configuration.
    pub(crate) fn new(library: &'static Library) -> Result<Self, Failure> {
        let mut raw = NONE;
        // SAFETY: the pointer is to a value that lives until after the call.
        let code = unsafe { (library.krb5.krb5_init_context)(&raw mut raw) };
        if code != 0 || raw.is_null() {
            return Err(Failure::kerberos(library, code));
        }
        Ok(Self { library, raw })
    }

    /// The files that the configuration is read from, there or not; none where the library does not say.
    pub(crate) fn configuration_files(&self) -> Vec<String> {
        let Some(functions) = &self.library.files else {
            return Vec::new();
        };
        let mut names = ptr::null_mut();
        // SAFETY: the pointer is to a value that lives until after the call.
        let code = unsafe { (functions.krb5_get_default_config_files)(&raw mut names) };
        if code != 0 || names.is_null() {
            return Vec::new();
        }
        let mut files = Vec::new();
        let mut next = names;
        // SAFETY: the list ends with a null, and nothing beyond that is looked at; each name ends with a NUL; all stay until they
        // are freed below.
        while let Some(name) = unsafe { next.as_ref() }.filter(|name| !name.is_null()) {
            // SAFETY: as above.
            files.push(unsafe { copied(*name) });
            next = next.wrapping_add(1);
        }
        // SAFETY: the library made the list, and it is freed once, here.
        unsafe { (functions.krb5_free_config_files)(names) };
        files
    }

    /// Looks for damage in the files of the configuration, where the library says nothing of it: Heimdal's reads them as far as it can.
    /// With MIT's there is no [`Krb5`] then.
    pub(crate) fn check_configuration(&self) -> Result<(), Failure> {
        let files = self.configuration_files();
        let failures = files.iter().filter_map(|file| self.check_file(file).err());
        // One that is not there, or may not be read, is none.
        let mut damage = failures.filter(|failure| failure.minor == BAD_FORMAT);
        damage.next().map_or(Ok(()), Err)
    }

    fn check_file(&self, name: &str) -> Result<(), Failure> {
        let Some(functions) = &self.library.parser else {
            return Ok(());
        };
        let name = c_string(name)?;
        let mut sections = NONE;
        // SAFETY: the context is ours; the name ends with a NUL; both pointers are to values that live until after the call.
        let outcome = self.check(unsafe {
            (functions.krb5_config_parse_file)(self.raw, name.as_ptr(), &raw mut sections)
        });
        // SAFETY: what was read, of a damaged file what is before the damage, is the library's, or null, which it takes for nothing; it is
        // freed once, here.
        unsafe { (functions.krb5_config_file_free)(self.raw, sections) };
        outcome
    }

    /// The realm of principals that are written without one.
    pub(crate) fn default_realm(&self) -> Result<String, Failure> {
        let mut raw = ptr::null_mut();
        // SAFETY: the context is ours; the pointer is to a value that lives until after the call.
        self.check(unsafe { (self.functions().krb5_get_default_realm)(self.raw, &raw mut raw) })?;
        // SAFETY: the name ends with a NUL, and stays until it is freed below.
        let realm = unsafe { copied(raw) };
        // SAFETY: the library made it, and it is freed once, here.
        unsafe { (self.functions().krb5_free_default_realm)(self.raw, raw) };
        Ok(realm)
    }

    /// The principal of this name, such as `alice` or `alice@EXAMPLE.COM`; without a realm that of the configuration.
    pub(crate) fn principal(&self, name: &str) -> Result<Principal<'_>, Failure> {
        let name = c_string(name)?;
        let mut raw = NONE;
        // SAFETY: the context is ours; the name ends with a NUL; both pointers are to values that live until after the call.
        let code =
            unsafe { (self.functions().krb5_parse_name)(self.raw, name.as_ptr(), &raw mut raw) };
        self.check(code)?;
        Ok(Principal::new(self, raw))
    }

    /// Has the default cache, and the default collection of caches, be this one; for this context, and nobody else.
    pub(crate) fn set_default_cache(&self, name: &str) -> Result<(), Failure> {
        let name = c_string(name)?;
        // SAFETY: the context is ours; the name ends with a NUL and lives until after the call, which copies it.
        self.check(unsafe { (self.functions().krb5_cc_set_default_name)(self.raw, name.as_ptr()) })
    }

    /// The default cache; of a collection the one that is its first.
    pub(crate) fn default_cache(&self) -> Result<Cache<'_>, Failure> {
        let mut raw = NONE;
        // SAFETY: the context is ours; the pointer is to a value that lives until after the call.
        self.check(unsafe { (self.functions().krb5_cc_default)(self.raw, &raw mut raw) })?;
        Ok(Cache::new(self, raw))
    }

    /// What the default cache, or the default collection of caches, is called.
    pub(crate) fn default_cache_name(&self) -> String {
        // SAFETY: the context is ours, and keeps the name until after it is copied.
        unsafe { copied((self.functions().krb5_cc_default_name)(self.raw)) }
    }

    /// The caches of the default collection, and whatever other caches the library counts as such. None where it has no such list:
    /// Heimdal's has the functions, and crashes (7.8), for it looks for folders of caches at no address.
    pub(crate) fn caches(&self) -> Result<Option<Vec<Cache<'_>>>, Failure> {
        let Make::Mit(mit) = &self.library.make else {
            return Ok(None);
        };
        let mut cursor = NONE;
        // SAFETY: the context is ours; the pointer is to a value that lives until after the call.
        self.check(unsafe { (mit.krb5_cccol_cursor_new)(self.raw, &raw mut cursor) })?;
        let mut caches = Vec::new();
        let code = loop {
            let mut raw = NONE;
            // SAFETY: as above; the cursor was made just now.
            let code = unsafe { (mit.krb5_cccol_cursor_next)(self.raw, cursor, &raw mut raw) };
            // It ends with no cache.
            if code != 0 || raw.is_null() {
                break code;
            }
            caches.push(Cache::new(self, raw));
        };
        let outcome = self.check(code);
        // SAFETY: as above; the cursor is not used again.
        unsafe { (mit.krb5_cccol_cursor_free)(self.raw, &raw mut cursor) };
        outcome.map(|()| Some(caches))
    }

    /// The cache of this name. It need not be there.
    pub(crate) fn cache(&self, name: &str) -> Result<Cache<'_>, Failure> {
        let name = c_string(name)?;
        let mut raw = NONE;
        // SAFETY: the context is ours; the name ends with a NUL; both pointers are to values that live until after the call.
        let code =
            unsafe { (self.functions().krb5_cc_resolve)(self.raw, name.as_ptr(), &raw mut raw) };
        self.check(code)?;
        Ok(Cache::new(self, raw))
    }

    /// The keytab of this name. It need not be there.
    pub(crate) fn keytab(&self, name: &str) -> Result<Keytab<'_>, Failure> {
        let name = c_string(name)?;
        let mut raw = NONE;
        // SAFETY: the context is ours; the name ends with a NUL; both pointers are to values that live until after the call.
        let code =
            unsafe { (self.functions().krb5_kt_resolve)(self.raw, name.as_ptr(), &raw mut raw) };
        self.check(code)?;
        Ok(Keytab::new(self, raw))
    }

    /// A ticket with which to get others, by a key. Asks the realm.
    pub(crate) fn ticket_by_keytab(
        &self,
        principal: &Principal<'_>,
        keytab: &Keytab<'_>,
    ) -> Result<Ticket<'_>, Failure> {
        self.library.ensure_same(principal.library())?;
        self.library.ensure_same(keytab.library())?;
        let (principal, keytab) = (principal.raw(), keytab.raw());
        Ticket::filled(self, |ticket| {
            // SAFETY: principal and keytab are of this library, and live until after the call; the ticket is empty, and room for
            // one; what may be null is.
            unsafe {
                match &self.library.make {
                    Make::Mit(mit) => (mit.krb5_get_init_creds_keytab)(
                        self.raw,
                        ticket,
                        principal,
                        keytab,
                        0,
                        ptr::null(),
                        NONE,
                    ),
                    Make::Heimdal(heimdal) => (heimdal.krb5_get_init_creds_keytab)(
                        self.raw,
                        ticket,
                        principal,
                        keytab,
                        0,
                        ptr::null(),
                        NONE,
                    ),
                }
            }
        })
    }

    /// A ticket with which to get others, by a password. Asks the realm, once, and nobody else for anything.
    pub(crate) fn ticket_by_password(
        &self,
        principal: &Principal<'_>,
        password: &CStr,
    ) -> Result<Ticket<'_>, Failure> {
        self.ticket_by_what_is_known(principal, Some(password))
    }

    /// Asks the realm for a ticket of the principal without proving anything: whatever it answers shows that it is there, and counts
    /// for nobody as a failed attempt.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one that is about the principal.
    pub(crate) fn ask_realm(&self, principal: &Principal<'_>) -> Result<(), Failure> {
        match self.ticket_by_what_is_known(principal, None) {
            Err(failure) if !WITHOUT_PROOF.contains(&failure.minor) => Err(failure),
            _ => Ok(()),
        }
    }

    fn ticket_by_what_is_known(
        &self,
        principal: &Principal<'_>,
        password: Option<&CStr>,
    ) -> Result<Ticket<'_>, Failure> {
        self.library.ensure_same(principal.library())?;
        let principal = principal.raw();
        let password = password.map_or(ptr::null(), CStr::as_ptr);
        Ticket::filled(self, |ticket| {
            // SAFETY: as above; the password ends with a NUL and lives until after the call, or is none, which libraries take for one
            // that is to be asked for. There is no function that would ask a person, so that its data is of no matter.
            unsafe {
                match &self.library.make {
                    Make::Mit(mit) => (mit.krb5_get_init_creds_password)(
                        self.raw,
                        ticket,
                        principal,
                        password,
                        NONE,
                        NONE,
                        0,
                        ptr::null(),
                        NONE,
                    ),
                    Make::Heimdal(heimdal) => (heimdal.krb5_get_init_creds_password)(
                        self.raw,
                        ticket,
                        principal,
                        password,
                        NONE,
                        NONE,
                        0,
                        ptr::null(),
                        NONE,
                    ),
                }
            }
        })
    }

    /// The ticket in the cache with which others are got, renewed (RFC 4120 §2.3). Asks the realm; the cache stays as it is.
    pub(crate) fn renewed(&self, cache: &Cache<'_>) -> Result<Ticket<'_>, Failure> {
        self.library.ensure_same(cache.library())?;
        let principal = cache.principal()?;
        Ticket::filled(self, |ticket| {
            // SAFETY: principal and cache are of this library, and live until after the call; the ticket is empty, and room for
            // one; what may be null is.
            unsafe {
                (self.functions().krb5_get_renewed_creds)(
                    self.raw,
                    ticket,
                    principal.raw(),
                    cache.raw(),
                    ptr::null(),
                )
            }
        })
    }

    pub(crate) fn library(&self) -> &'static Library {
        self.library
    }

    pub(super) fn functions(&self) -> &'static Krb5Functions {
        &self.library.krb5
    }

    pub(super) fn raw(&self) -> RawKrb5 {
        self.raw
    }

    /// Judges a call of this context by its code. To be asked before the next call: the context keeps the text of the last.
    pub(super) fn check(&self, code: i32) -> Result<(), Failure> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the context is ours.
        let text = unsafe { message(self.library, self.raw, code) };
        Err(Failure::of_kerberos_quoting(self.library, code, text))
    }

    /// What the library says of this code, where this context has never had it.
    pub(super) fn words_of(&self, code: i32) -> String {
        // SAFETY: the context is ours.
        unsafe { message(self.library, self.raw, code) }
    }

    /// What the library says of this code, whoever has it from where. There need be no context, for there is none where the
    /// configuration cannot be read.
    pub(super) fn words(library: &Library, code: i32) -> String {
        // SAFETY: MIT's and Heimdal's take no context for one that nothing is known of.
        unsafe { message(library, NONE, code) }
    }
}

impl Drop for Krb5 {
    fn drop(&mut self) {
        // SAFETY: the library made it, and it is freed once, here; nothing that was made by it outlives its borrow.
        unsafe { (self.functions().krb5_free_context)(self.raw) };
    }
}

/// The text of a code; empty if there is none.
///
/// # Safety
///
/// The context must be one of the library's, or null.
unsafe fn message(library: &Library, context: RawKrb5, code: i32) -> String {
    // SAFETY: the caller vouches for the context.
    let text = unsafe { (library.krb5.krb5_get_error_message)(context, code) };
    // SAFETY: the text stays until it is freed below.
    let copy = unsafe { copied(text) };
    if !text.is_null() {
        // SAFETY: the text is the library's, of the same context, and is freed once, here.
        unsafe { (library.krb5.krb5_free_error_message)(context, text) };
    }
    copy
}

/// A text of the library's; empty if there is none.
///
/// # Safety
///
/// It must end with a NUL, and stay until it is copied; or be null.
pub(super) unsafe fn copied(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller vouches for it.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

fn c_string(text: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure::of_nobody("there is a NUL in the name"))
}
