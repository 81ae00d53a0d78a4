//! Binding of tokens to the TLS connection that they are sent on.

use std::fmt;

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::der::{OBJECT_IDENTIFIER, SEQUENCE, context, element};

/// Whether tokens are bound to the server's certificate (`tls-server-end-point`, RFC 5929 §4), so that they are of no use to
/// whoever relays them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelBindings {
    /// They are, where the certificate is known and its signature has a hash that RFC 5929 defines.
    #[default]
    Auto,
    /// They are not.
    Off,
}

impl ChannelBindings {
    /// All that there are.
    pub(crate) const ALL: [Self; 2] = [Self::Auto, Self::Off];

    /// As profiles write it, such as `auto`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for ChannelBindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What both ends know of a connection to the server with this certificate (DER). `None` where that is not defined.
pub(crate) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let hash = match Hash::of(certificate)? {
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    };
    Some([b"tls-server-end-point:".as_slice(), &hash].concat())
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Content of object identifiers: of signatures (RFC 4055, RFC 5758), and of the hashes that RSASSA-PSS names.
const HASHES: &[(&[u8], Hash)] = &[
    // MD5 and SHA-1 count as SHA-256 (RFC 5929 §4.1).
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", Hash::Sha256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", Hash::Sha256),
    (b"\x2a\x86\x48\xce\x3d\x04\x01", Hash::Sha256),
    (b"\x2b\x0e\x03\x02\x1a", Hash::Sha256),
    // RSA
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", Hash::Sha256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", Hash::Sha384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", Hash::Sha512),
    // ECDSA
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", Hash::Sha256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", Hash::Sha384),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", Hash::Sha512),
    // Hashes alone
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", Hash::Sha256),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", Hash::Sha384),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", Hash::Sha512),
];
const RSASSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";

impl Hash {
    /// That of a certificate's signature (RFC 5280 §4.1.1.2).
    fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = element(certificate, SEQUENCE)?;
        let (_to_be_signed, rest) = element(certificate, SEQUENCE)?;
        let (algorithm, _) = element(rest, SEQUENCE)?;
        let (identifier, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
        if identifier == RSASSA_PSS {
            return Self::of_pss(parameters);
        }
        Self::named(identifier)
    }

    /// RFC 4055 §3.1: SHA-1, unless the parameters have another, and that counts as SHA-256.
    fn of_pss(parameters: &[u8]) -> Option<Self> {
        let (parameters, _) = element(parameters, SEQUENCE)?;
        let Some((hash, _)) = element(parameters, context(0)) else {
            return Some(Self::Sha256);
        };
        let (algorithm, _) = element(hash, SEQUENCE)?;
        Self::named(element(algorithm, OBJECT_IDENTIFIER)?.0)
    }

    fn named(identifier: &[u8]) -> Option<Self> {
        let known = HASHES.iter().find(|(known, _)| *known == identifier);
        known.map(|(_, hash)| *hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate, as far as it is looked at.
    fn certificate(algorithm: &[u8], parameters: &[u8]) -> Vec<u8> {
        let identifier = wrap(OBJECT_IDENTIFIER, algorithm);
        let algorithm = wrap(SEQUENCE, &[identifier.as_slice(), parameters].concat());
        // Long enough that its length has two bytes.
        let to_be_signed = wrap(SEQUENCE, &[7; 300]);
        wrap(SEQUENCE, &[to_be_signed, algorithm, vec![3, 1, 0]].concat())
    }

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), content].concat()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for (algorithm, hash) in HASHES {
            assert_eq!(Hash::of(&certificate(algorithm, &[5, 0])), Some(*hash));
        }
        let ed25519 = b"\x2b\x65\x70";
        assert_eq!(Hash::of(&certificate(ed25519, &[])), None);
    }

    #[test]
    fn the_hash_of_pss_is_in_its_parameters() {
        let sha512 = wrap(OBJECT_IDENTIFIER, b"\x60\x86\x48\x01\x65\x03\x04\x02\x03");
        let named = wrap(SEQUENCE, &wrap(context(0), &wrap(SEQUENCE, &sha512)));
        assert_eq!(
            Hash::of(&certificate(RSASSA_PSS, &named)),
            Some(Hash::Sha512)
        );
        let default = wrap(SEQUENCE, &[]);
        assert_eq!(
            Hash::of(&certificate(RSASSA_PSS, &default)),
            Some(Hash::Sha256)
        );
    }

    #[test]
    fn what_is_cut_or_no_certificate_binds_nothing() {
        let whole = certificate(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", &[5, 0]);
        assert!(
            server_end_point(&whole)
                .unwrap()
                .starts_with(b"tls-server-end-point:")
        );
        for end in 0..whole.len() {
            assert_eq!(server_end_point(&whole[..end]), None);
        }
        assert_eq!(
            server_end_point(&[SEQUENCE, 0x84, 255, 255, 255, 255]),
            None
        );
        assert_eq!(server_end_point(&[SEQUENCE, 0x80, 0, 0]), None);
    }
}
