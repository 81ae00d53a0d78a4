//! The functions for a look around, and MIT's structures.

use std::{ffi::c_void, os::raw::c_char, ptr};

use crate::gssapi::functions::{NONE, functions};

functions! {
    /// Of libkrb5, for a look around. The last one is MIT's alone, and so whatever has all of them has MIT's structures.
    Functions {
        krb5_init_context(*mut *mut c_void) -> i32;
        krb5_free_context(*mut c_void);
        krb5_get_error_message(*mut c_void, i32) -> *const c_char;
        krb5_free_error_message(*mut c_void, *const c_char);
        krb5_get_default_config_files(*mut *mut *mut c_char) -> i32;
        krb5_free_config_files(*mut *mut c_char);
        krb5_get_default_realm(*mut c_void, *mut *mut c_char) -> i32;
        krb5_free_default_realm(*mut c_void, *mut c_char);
        krb5_parse_name(*mut c_void, *const c_char, *mut *mut c_void) -> i32;
        krb5_unparse_name(*mut c_void, *const c_void, *mut *mut c_char) -> i32;
        krb5_free_unparsed_name(*mut c_void, *mut c_char);
        krb5_free_principal(*mut c_void, *mut c_void);
        krb5_cc_default_name(*mut c_void) -> *const c_char;
        krb5_cc_resolve(*mut c_void, *const c_char, *mut *mut c_void) -> i32;
        krb5_cc_get_principal(*mut c_void, *mut c_void, *mut *mut c_void) -> i32;
        krb5_cc_start_seq_get(*mut c_void, *mut c_void, *mut *mut c_void) -> i32;
        krb5_cc_next_cred(*mut c_void, *mut c_void, *mut *mut c_void, *mut RawCreds) -> i32;
        krb5_cc_end_seq_get(*mut c_void, *mut c_void, *mut *mut c_void) -> i32;
        krb5_cc_close(*mut c_void, *mut c_void) -> i32;
        krb5_free_cred_contents(*mut c_void, *mut RawCreds);
        krb5_kt_resolve(*mut c_void, *const c_char, *mut *mut c_void) -> i32;
        krb5_kt_start_seq_get(*mut c_void, *mut c_void, *mut *mut c_void) -> i32;
        krb5_kt_next_entry(*mut c_void, *mut c_void, *mut RawEntry, *mut *mut c_void) -> i32;
        krb5_kt_end_seq_get(*mut c_void, *mut c_void, *mut *mut c_void) -> i32;
        krb5_kt_close(*mut c_void, *mut c_void) -> i32;
        krb5_get_init_creds_password(*mut c_void, *mut RawCreds, *mut c_void, *const c_char, *const c_void, *mut c_void,
            i32, *const c_char, *mut c_void) -> i32;
        krb5_free_keytab_entry_contents(*mut c_void, *mut RawEntry) -> i32;
    }
}

/// `krb5_keyblock`
#[repr(C)]
struct RawKey {
    magic: i32,
    kind: i32,
    length: u32,
    contents: *mut u8,
}

/// `krb5_data`
#[repr(C)]
struct RawData {
    magic: i32,
    length: u32,
    data: *mut c_char,
}

/// `krb5_creds`, with its `krb5_ticket_times`, which count seconds since 1970 without a sign.
#[repr(C)]
pub(in super::super) struct RawCreds {
    magic: i32,
    client: *mut c_void,
    pub(super) server: *mut c_void,
    key: RawKey,
    pub(super) authenticated: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) renewable_until: u32,
    is_session_key: u32,
    pub(super) flags: i32,
    addresses: *mut c_void,
    ticket: RawData,
    second_ticket: RawData,
    authorization: *mut c_void,
}

/// `krb5_keytab_entry`
#[repr(C)]
pub(in super::super) struct RawEntry {
    magic: i32,
    pub(super) principal: *mut c_void,
    timestamp: u32,
    version: u32,
    key: RawKey,
}

impl RawKey {
    pub(super) const fn empty() -> Self {
        Self {
            magic: 0,
            kind: 0,
            length: 0,
            contents: ptr::null_mut(),
        }
    }
}

impl RawData {
    pub(super) const fn empty() -> Self {
        Self {
            magic: 0,
            length: 0,
            data: ptr::null_mut(),
        }
    }
}

impl RawCreds {
    pub(super) const fn empty() -> Self {
        Self {
            magic: 0,
            client: NONE,
            server: NONE,
            key: RawKey::empty(),
            authenticated: 0,
            start: 0,
            end: 0,
            renewable_until: 0,
            is_session_key: 0,
            flags: 0,
            addresses: NONE,
            ticket: RawData::empty(),
            second_ticket: RawData::empty(),
            authorization: NONE,
        }
    }
}

impl RawEntry {
    pub(super) const fn empty() -> Self {
        Self {
            magic: 0,
            principal: NONE,
            timestamp: 0,
            version: 0,
            key: RawKey::empty(),
        }
    }
}
