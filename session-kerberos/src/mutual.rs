//! Mutual authentication.

use std::fmt;

/// Whether a server must prove who it is (RFC 4559 §5), beside what TLS says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mutual {
    /// It must, with each answer below 400 to a request that was authorized; else the request fails. What is wrong in a proof is an
    /// error with any status.
    #[default]
    Required,
    /// A proof that is there must be right; for servers that authenticate a connection once, or go on by cookie.
    IfPresent,
    /// It is not asked to.
    Off,
}

impl Mutual {
    /// All that there are.
    pub(crate) const ALL: [Self; 3] = [Self::Required, Self::IfPresent, Self::Off];

    /// As profiles write it, such as `if-present`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::IfPresent => "if-present",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Mutual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
