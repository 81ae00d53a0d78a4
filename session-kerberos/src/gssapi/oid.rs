//! Object identifiers of mechanisms and of kinds of names.

use crate::spnego;

use super::functions::RawOid;

/// An object identifier, as the content of its DER encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Oid(&'static [u8]);

impl Oid {
    /// Kerberos 5 (RFC 4121): 1.2.840.113554.1.2.2.
    pub(super) const KRB5: Self = Self(spnego::KRB5);
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
