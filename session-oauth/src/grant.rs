//! What a token is asked for with.

use std::fmt;

use session_core::Secret;

/// An authorization grant (RFC 6749 §1.3) as one token request presents it.
#[derive(Clone, Copy)]
pub(crate) enum Grant<'a> {
    /// The client's own authority (RFC 6749 §4.4).
    ClientCredentials,
    /// What an earlier answer gave for renewal (RFC 6749 §6).
    RefreshToken {
        token: &'a Secret,
        /// What that answer granted.
        scopes: &'a [String],
    },
}

impl<'a> Grant<'a> {
    /// The scopes of the token, unless the answer says otherwise: those asked for (RFC 6749 §5.1), and for a refresh those
    /// that were granted once (RFC 6749 §6).
    pub(crate) fn scopes(self, extent: &'a Extent) -> &'a [String] {
        match self {
            Self::ClientCredentials => &extent.scopes,
            Self::RefreshToken { scopes, .. } => scopes,
        }
    }
}

/// As people call it.
impl fmt::Display for Grant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientCredentials => "client credentials grant",
            Self::RefreshToken { .. } => "refresh token grant",
        })
    }
}

/// What the token is to be good for.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    /// RFC 6749 §3.3.
    pub(crate) scopes: Vec<String>,
    /// RFC 8707 §2.
    pub(crate) resources: Vec<String>,
    /// Of no RFC for these grants, but asked for by some servers.
    pub(crate) audience: Option<String>,
}
