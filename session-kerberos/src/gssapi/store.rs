//! Where a call finds or leaves credentials, told to that call alone.

use std::ffi::{CStr, CString};

use super::functions::{RawKeyValue, RawKeyValues};

/// A credential store as MIT's extensions take it: `ccache`, `client_keytab` and their places. Unlike environment variables
/// it concerns one call.
#[derive(Debug, Default)]
pub(crate) struct KeyValues(Vec<(&'static CStr, CString)>);

impl KeyValues {
    /// The credential cache, such as `FILE:/tmp/krb5cc_1000`.
    pub(crate) fn ccache(mut self, cache: &CStr) -> Self {
        self.0.push((c"ccache", cache.to_owned()));
        self
    }

    /// The keytab by whose keys the client gets its tickets.
    pub(crate) fn client_keytab(mut self, keytab: &CStr) -> Self {
        self.0.push((c"client_keytab", keytab.to_owned()));
        self
    }

    pub(super) fn elements(&self) -> Vec<RawKeyValue> {
        let element = |(key, value): &(&'static CStr, CString)| RawKeyValue {
            key: key.as_ptr(),
            value: value.as_ptr(),
        };
        self.0.iter().map(element).collect()
    }
}

/// As C has it; good for as long as the elements, and what they were made of, are borrowed.
pub(super) fn raw(elements: &[RawKeyValue]) -> RawKeyValues {
    RawKeyValues {
        count: u32::try_from(elements.len()).expect("a store has a few places"),
        elements: elements.as_ptr(),
    }
}
