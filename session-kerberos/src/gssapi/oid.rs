//! Object identifiers of mechanisms and of kinds of names.

use std::ptr;

use super::functions::{RawOid, RawOids};

/// An object identifier, as the content of its DER encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Oid(&'static [u8]);

impl Oid {
    /// Kerberos 5 (RFC 4121): 1.2.840.113554.1.2.2.
    pub(crate) const KRB5: Self = Self(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
    /// SPNEGO (RFC 4178): 1.3.6.1.5.5.2.
    pub(crate) const SPNEGO: Self = Self(b"\x2b\x06\x01\x05\x05\x02");
    /// A service on a host, as `HTTP@host` (RFC 2743 §4.1): 1.2.840.113554.1.2.1.4.
    pub(super) const SERVICE_NAME: Self = Self(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");
    /// A principal, as `HTTP/host@REALM` (RFC 1964 §2.1.1): 1.2.840.113554.1.2.2.1.
    pub(super) const PRINCIPAL_NAME: Self = Self(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01");

    /// As C has it. It borrows nothing: what it points to is there for ever.
    pub(super) fn raw(self) -> RawOid {
        RawOid {
            length: u32::try_from(self.0.len()).expect("object identifiers are short"),
            elements: self.0.as_ptr().cast(),
        }
    }
}

/// A set of mechanisms, for as long as a call takes.
pub(super) struct Oids(Vec<RawOid>);

impl Oids {
    pub(super) fn of(mechanisms: &[Oid]) -> Self {
        Self(mechanisms.iter().map(|oid| oid.raw()).collect())
    }

    /// As C has it; good for as long as this set is borrowed.
    pub(super) fn raw(&self) -> RawOids {
        RawOids {
            count: self.0.len(),
            elements: if self.0.is_empty() {
                ptr::null()
            } else {
                self.0.as_ptr()
            },
        }
    }
}
