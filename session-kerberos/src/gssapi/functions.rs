//! The C functions, their types, and where they are found.

use std::{ffi::c_void, os::raw::c_char};

use super::layout::Room;

/// A major or minor status, or any other unsigned number.
pub(super) type U32 = u32;
pub(super) type RawName = *mut c_void;
pub(super) type RawCredential = *mut c_void;
pub(super) type RawContext = *mut c_void;
pub(super) type RawKrb5 = *mut c_void;
pub(super) type RawPrincipal = *mut c_void;
pub(super) type RawCache = *mut c_void;
pub(super) type RawKeytab = *mut c_void;
pub(super) type RawCursor = *mut c_void;
pub(super) type RawTicket = Room;

/// What is not named, not wanted or not there yet.
pub(super) const NONE: *mut c_void = std::ptr::null_mut();

/// Declares a structure as headers have it: of GSSAPI, and of MIT's libkrb5. On Apple's systems, and for x86-64 alone, they pack it as on
/// the 68000. Fields of such are copied, never borrowed.
macro_rules! c_struct {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[cfg_attr(all(target_vendor = "apple", target_arch = "x86_64"), repr(C, packed(2)))]
        #[cfg_attr(not(all(target_vendor = "apple", target_arch = "x86_64")), repr(C))]
        #[derive(Clone, Copy)]
        pub(super) struct $name { $(pub(super) $field: $type,)* }
    };
}

pub(super) use c_struct;

c_struct! {
    /// `gss_OID_desc`
    RawOid {
        length: u32,
        elements: *const c_void,
    }
}
c_struct! {
    /// `gss_OID_set_desc`
    RawOids {
        count: usize,
        elements: *const RawOid,
    }
}
c_struct! {
    /// `gss_buffer_desc`
    RawBuffer {
        length: usize,
        value: *mut c_void,
    }
}
c_struct! {
    /// `gss_channel_bindings_struct`
    RawBindings {
        initiator_type: u32,
        initiator: RawBuffer,
        acceptor_type: u32,
        acceptor: RawBuffer,
        application: RawBuffer,
    }
}

/// Declares a table of functions, all of which a library must have.
macro_rules! functions {
    ($(#[$doc:meta])* $table:ident { $($name:ident($($type:ty),*) $(-> $result:ty)?;)* }) => {
        $(#[$doc])*
        #[allow(clippy::struct_field_names, reason = "they are called what they are called in C")]
        pub(super) struct $table {
            $(pub(super) $name: unsafe extern "C" fn($($type),*) $(-> $result)?,)*
        }

        impl $table {
            #[cfg(test)]
            #[allow(dead_code, reason = "not every table is imitated")]
            pub(super) const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Looks them up.
            ///
            /// # Safety
            ///
            /// The library must have these functions with these types under these names, and must stay loaded for as long
            /// as the table is used.
            pub(super) unsafe fn of(library: &libloading::Library) -> Result<Self, libloading::Error> {
                Ok(Self {
                    // SAFETY: the caller vouches for the types, and for the library's staying.
                    $($name: *unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }?,)*
                })
            }
        }
    };
}

functions! {
    /// Those of GSSAPI (RFC 2744 §5), and the one of all libraries that makes a credential of a cache.
    Gss {
        gss_import_name(*mut U32, *const RawBuffer, *const RawOid, *mut RawName) -> U32;
        gss_display_name(*mut U32, RawName, *mut RawBuffer, *mut *const RawOid) -> U32;
        gss_canonicalize_name(*mut U32, RawName, *const RawOid, *mut RawName) -> U32;
        gss_release_name(*mut U32, *mut RawName) -> U32;
        gss_inquire_cred(*mut U32, RawCredential, *mut RawName, *mut U32, *mut i32, *mut *mut RawOids) -> U32;
        gss_release_cred(*mut U32, *mut RawCredential) -> U32;
        gss_init_sec_context(*mut U32, RawCredential, *mut RawContext, RawName, *const RawOid, U32, U32,
            *const RawBindings, *const RawBuffer, *mut *const RawOid, *mut RawBuffer, *mut U32, *mut U32) -> U32;
        gss_inquire_context(*mut U32, RawContext, *mut RawName, *mut RawName, *mut U32, *mut *const RawOid,
            *mut U32, *mut i32, *mut i32) -> U32;
        gss_delete_sec_context(*mut U32, *mut RawContext, *mut RawBuffer) -> U32;
        gss_get_mic(*mut U32, RawContext, U32, *const RawBuffer, *mut RawBuffer) -> U32;
        gss_verify_mic(*mut U32, RawContext, *const RawBuffer, *const RawBuffer, *mut U32) -> U32;
        gss_display_status(*mut U32, U32, i32, *const RawOid, *mut U32, *mut RawBuffer) -> U32;
        gss_release_buffer(*mut U32, *mut RawBuffer) -> U32;
        gss_krb5_import_cred(*mut U32, RawCache, RawPrincipal, RawKeytab, *mut RawCredential) -> U32;
    }
}

functions! {
    /// Those of libkrb5 that MIT's and Heimdal's have alike. What a function of one of them returns besides, and nobody looks
    /// at, is left out.
    Krb5Functions {
        krb5_init_context(*mut RawKrb5) -> i32;
        krb5_free_context(RawKrb5);
        krb5_get_error_message(RawKrb5, i32) -> *const c_char;
        krb5_free_error_message(RawKrb5, *const c_char);
        krb5_get_default_realm(RawKrb5, *mut *mut c_char) -> i32;
        krb5_free_default_realm(RawKrb5, *mut c_char);
        krb5_parse_name(RawKrb5, *const c_char, *mut RawPrincipal) -> i32;
        krb5_unparse_name(RawKrb5, RawPrincipal, *mut *mut c_char) -> i32;
        krb5_free_unparsed_name(RawKrb5, *mut c_char);
        krb5_copy_principal(RawKrb5, RawPrincipal, *mut RawPrincipal) -> i32;
        krb5_principal_compare(RawKrb5, RawPrincipal, RawPrincipal) -> u32;
        krb5_free_principal(RawKrb5, RawPrincipal);
        krb5_cc_set_default_name(RawKrb5, *const c_char) -> i32;
        krb5_cc_default_name(RawKrb5) -> *const c_char;
        krb5_cc_default(RawKrb5, *mut RawCache) -> i32;
        krb5_cc_resolve(RawKrb5, *const c_char, *mut RawCache) -> i32;
        krb5_cc_get_type(RawKrb5, RawCache) -> *const c_char;
        krb5_cc_get_name(RawKrb5, RawCache) -> *const c_char;
        krb5_cc_get_principal(RawKrb5, RawCache, *mut RawPrincipal) -> i32;
        krb5_cc_initialize(RawKrb5, RawCache, RawPrincipal) -> i32;
        krb5_cc_store_cred(RawKrb5, RawCache, *mut RawTicket) -> i32;
        krb5_cc_start_seq_get(RawKrb5, RawCache, *mut RawCursor) -> i32;
        krb5_cc_next_cred(RawKrb5, RawCache, *mut RawCursor, *mut RawTicket) -> i32;
        krb5_cc_end_seq_get(RawKrb5, RawCache, *mut RawCursor) -> i32;
        krb5_cc_close(RawKrb5, RawCache) -> i32;
        krb5_cc_destroy(RawKrb5, RawCache) -> i32;
        krb5_kt_resolve(RawKrb5, *const c_char, *mut RawKeytab) -> i32;
        krb5_kt_start_seq_get(RawKrb5, RawKeytab, *mut Room) -> i32;
        krb5_kt_next_entry(RawKrb5, RawKeytab, *mut Room, *mut Room) -> i32;
        krb5_kt_end_seq_get(RawKrb5, RawKeytab, *mut Room) -> i32;
        krb5_kt_free_entry(RawKrb5, *mut Room) -> i32;
        krb5_kt_close(RawKrb5, RawKeytab) -> i32;
        krb5_get_renewed_creds(RawKrb5, *mut RawTicket, RawPrincipal, RawCache, *const c_char) -> i32;
        krb5_free_cred_contents(RawKrb5, *mut RawTicket);
    }
}

functions! {
    /// Those that tell which files the configuration is read from, which both have, and MIT's headers do not mention.
    FileFunctions {
        krb5_get_default_config_files(*mut *mut *mut c_char) -> i32;
        krb5_free_config_files(*mut *mut c_char);
    }
}

functions! {
    /// Those that read a file of the configuration, which Heimdal's has.
    ParserFunctions {
        krb5_config_parse_file(RawKrb5, *const c_char, *mut *mut c_void) -> i32;
        krb5_config_file_free(RawKrb5, *mut c_void) -> i32;
    }
}

functions! {
    /// Those that are MIT's alone, or have other types there: a time is a `krb5_int32`.
    MitFunctions {
        krb5_get_time_offsets(RawKrb5, *mut i32, *mut i32) -> i32;
        krb5_cccol_cursor_new(RawKrb5, *mut RawCursor) -> i32;
        krb5_cccol_cursor_next(RawKrb5, RawCursor, *mut RawCache) -> i32;
        krb5_cccol_cursor_free(RawKrb5, *mut RawCursor) -> i32;
        krb5_get_init_creds_keytab(RawKrb5, *mut RawTicket, RawPrincipal, RawKeytab, i32, *const c_char, *mut c_void) -> i32;
        krb5_get_init_creds_password(RawKrb5, *mut RawTicket, RawPrincipal, *const c_char, *mut c_void, *mut c_void, i32,
            *const c_char, *mut c_void) -> i32;
    }
}

functions! {
    /// Those that are Heimdal's alone, or have other types there: a time is a `time_t`, which has 64 bits wherever the library is looked for.
    HeimdalFunctions {
        gsskrb5_set_time_offset(i32) -> U32;
        gsskrb5_get_time_offset(*mut i32) -> U32;
        krb5_get_kdc_sec_offset(RawKrb5, *mut i32, *mut i32) -> i32;
        krb5_cc_set_kdc_offset(RawKrb5, RawCache, i64) -> i32;
        krb5_cc_get_kdc_offset(RawKrb5, RawCache, *mut i64) -> i32;
        krb5_get_init_creds_keytab(RawKrb5, *mut RawTicket, RawPrincipal, RawKeytab, i64, *const c_char, *mut c_void) -> i32;
        krb5_get_init_creds_password(RawKrb5, *mut RawTicket, RawPrincipal, *const c_char, *mut c_void, *mut c_void, i64,
            *const c_char, *mut c_void) -> i32;
    }
}
