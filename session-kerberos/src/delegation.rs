//! Delegation of credentials.

use std::fmt;

/// Whether the server gets a credential with which to act for us elsewhere (RFC 4120 §2.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delegation {
    /// It does not.
    #[default]
    Off,
    /// It does if the realm approves of that server (`ok-as-delegate`, RFC 4120 §2.8, RFC 5896).
    Policy,
    /// It does, whoever it is. A ticket that cannot be forwarded is an error.
    On,
}

impl Delegation {
    /// All that there are.
    pub(crate) const ALL: [Self; 3] = [Self::Off, Self::Policy, Self::On];

    /// As profiles write it, such as `policy`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Policy => "policy",
            Self::On => "on",
        }
    }
}

impl fmt::Display for Delegation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
