//! The C functions, their types, and where they are found.

use std::{ffi::c_void, os::raw::c_char};

/// A major or minor status, or any other unsigned number.
pub(super) type U32 = u32;
pub(super) type RawName = *mut c_void;
pub(super) type RawCredential = *mut c_void;
pub(super) type RawContext = *mut c_void;

/// What is not named, not wanted or not there yet.
pub(super) const NONE: *mut c_void = std::ptr::null_mut();

// Apple's headers, for x86-64 alone, pack these as on the 68000. Fields of such are copied, never borrowed.
macro_rules! c_struct {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[cfg_attr(all(target_vendor = "apple", target_arch = "x86_64"), repr(C, packed(2)))]
        #[cfg_attr(not(all(target_vendor = "apple", target_arch = "x86_64")), repr(C))]
        #[derive(Clone, Copy)]
        pub(super) struct $name { $(pub(super) $field: $type,)* }
    };
}

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

/// `gss_key_value_element_desc`
#[repr(C)]
pub(super) struct RawKeyValue {
    pub(super) key: *const c_char,
    pub(super) value: *const c_char,
}

/// `gss_key_value_set_desc`
#[repr(C)]
pub(super) struct RawKeyValues {
    pub(super) count: u32,
    pub(super) elements: *const RawKeyValue,
}

/// Declares a table of functions, all of which a library must have.
macro_rules! functions {
    ($(#[$doc:meta])* $table:ident { $($name:ident($($type:ty),*) $(-> $result:ty)?;)* }) => {
        $(#[$doc])*
        #[expect(clippy::struct_field_names, reason = "they are called what they are called in C")]
        pub(super) struct $table {
            $(pub(super) $name: unsafe extern "C" fn($($type),*) $(-> $result)?,)*
        }

        impl $table {
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
    /// Those of GSSAPI (RFC 2744 §5), and MIT's extensions.
    Gss {
        gss_import_name(*mut U32, *const RawBuffer, *const RawOid, *mut RawName) -> U32;
        gss_compare_name(*mut U32, RawName, RawName, *mut i32) -> U32;
        gss_display_name(*mut U32, RawName, *mut RawBuffer, *mut *const RawOid) -> U32;
        gss_release_name(*mut U32, *mut RawName) -> U32;
        gss_inquire_cred(*mut U32, RawCredential, *mut RawName, *mut U32, *mut i32, *mut *mut RawOids) -> U32;
        gss_release_cred(*mut U32, *mut RawCredential) -> U32;
        gss_init_sec_context(*mut U32, RawCredential, *mut RawContext, RawName, *const RawOid, U32, U32,
            *const RawBindings, *const RawBuffer, *mut *const RawOid, *mut RawBuffer, *mut U32, *mut U32) -> U32;
        gss_inquire_context(*mut U32, RawContext, *mut RawName, *mut RawName, *mut U32, *mut *const RawOid,
            *mut U32, *mut i32, *mut i32) -> U32;
        gss_delete_sec_context(*mut U32, *mut RawContext, *mut RawBuffer) -> U32;
        gss_display_status(*mut U32, U32, i32, *const RawOid, *mut U32, *mut RawBuffer) -> U32;
        gss_release_buffer(*mut U32, *mut RawBuffer) -> U32;
        gss_acquire_cred_from(*mut U32, RawName, U32, *const RawOids, i32, *const RawKeyValues, *mut RawCredential,
            *mut *mut RawOids, *mut U32) -> U32;
        gss_acquire_cred_with_password(*mut U32, RawName, *const RawBuffer, U32, *const RawOids, i32,
            *mut RawCredential, *mut *mut RawOids, *mut U32) -> U32;
        gss_store_cred_into(*mut U32, RawCredential, i32, *const RawOid, U32, U32, *const RawKeyValues,
            *mut *mut RawOids, *mut i32) -> U32;
        gss_set_neg_mechs(*mut U32, RawCredential, *const RawOids) -> U32;
    }
}

functions! {
    /// Those of libkrb5, alike in MIT's and Heimdal's.
    Krb5 {
        krb5_init_context(*mut *mut c_void) -> i32;
        krb5_free_context(*mut c_void);
        krb5_cc_default_name(*mut c_void) -> *const c_char;
        krb5_cc_resolve(*mut c_void, *const c_char, *mut *mut c_void) -> i32;
        krb5_cc_destroy(*mut c_void, *mut c_void) -> i32;
    }
}
