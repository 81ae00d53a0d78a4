//! What is called, and what it is called with.

use std::{
    ffi::{c_char, c_void},
    sync::OnceLock,
};

pub(crate) type Handle = *mut c_void;

#[repr(C)]
pub(crate) struct Buffer {
    pub(crate) length: usize,
    pub(crate) value: *mut c_void,
}

#[repr(C)]
pub(crate) struct Oid {
    pub(crate) length: u32,
    pub(crate) elements: *const c_void,
}

#[repr(C)]
pub(crate) struct Oids {
    pub(crate) count: usize,
    pub(crate) elements: *const Oid,
}

#[repr(C)]
pub(crate) struct KeyValue {
    pub(crate) key: *const c_char,
    pub(crate) value: *const c_char,
}

#[repr(C)]
pub(crate) struct KeyValues {
    pub(crate) count: u32,
    pub(crate) elements: *const KeyValue,
}

pub(crate) struct Functions {
    pub(crate) import_name:
        unsafe extern "C" fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32,
    pub(crate) release_name: unsafe extern "C" fn(*mut u32, *mut Handle) -> u32,
    pub(crate) acquire_cred_from: unsafe extern "C" fn(
        *mut u32,
        Handle,
        u32,
        *const Oids,
        i32,
        *const KeyValues,
        *mut Handle,
        *mut *mut Oids,
        *mut u32,
    ) -> u32,
    pub(crate) store_cred_into: unsafe extern "C" fn(
        *mut u32,
        Handle,
        i32,
        *const Oid,
        u32,
        u32,
        *const KeyValues,
        *mut *mut Oids,
        *mut i32,
    ) -> u32,
    pub(crate) set_neg_mechs: unsafe extern "C" fn(*mut u32, Handle, *const Oids) -> u32,
    pub(crate) init_sec_context: unsafe extern "C" fn(
        *mut u32,
        Handle,
        *mut Handle,
        Handle,
        *const Oid,
        u32,
        u32,
        *const c_void,
        *const Buffer,
        *mut *const Oid,
        *mut Buffer,
        *mut u32,
        *mut u32,
    ) -> u32,
    pub(crate) delete_sec_context: unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32,
    pub(crate) release_buffer: unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32,
    pub(crate) release_cred: unsafe extern "C" fn(*mut u32, *mut Handle) -> u32,
}

pub(crate) fn functions() -> Result<&'static Functions, String> {
    static FUNCTIONS: OnceLock<Result<Functions, String>> = OnceLock::new();
    let functions = FUNCTIONS.get_or_init(|| load().map_err(|error| error.to_string()));
    functions.as_ref().map_err(Clone::clone)
}

fn load() -> Result<Functions, libloading::Error> {
    // SAFETY: the library's initializers only prepare the library itself; its functions have these types (RFC 2744, and MIT's
    // headers), and it is never unloaded.
    unsafe {
        let library = libloading::Library::new("libgssapi_krb5.so.2")?;
        let functions = Functions {
            import_name: *library.get(b"gss_import_name\0")?,
            release_name: *library.get(b"gss_release_name\0")?,
            acquire_cred_from: *library.get(b"gss_acquire_cred_from\0")?,
            store_cred_into: *library.get(b"gss_store_cred_into\0")?,
            set_neg_mechs: *library.get(b"gss_set_neg_mechs\0")?,
            init_sec_context: *library.get(b"gss_init_sec_context\0")?,
            delete_sec_context: *library.get(b"gss_delete_sec_context\0")?,
            release_buffer: *library.get(b"gss_release_buffer\0")?,
            release_cred: *library.get(b"gss_release_cred\0")?,
        };
        std::mem::forget(library);
        Ok(functions)
    }
}
