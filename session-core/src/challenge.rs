//! What a server asks for when it refuses.

use std::fmt;

use crate::Secret;

/// One challenge of a `WWW-Authenticate` or `Proxy-Authenticate` header (RFC 9110 §11.3).
#[derive(Clone)]
pub struct Challenge {
    scheme: String,
    token68: Option<Secret>,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A challenge for `scheme`, without parameters.
    pub fn new(scheme: impl Into<String>) -> Self {
        Self {
            scheme: scheme.into(),
            token68: None,
            parameters: Vec::new(),
        }
    }

    /// With the opaque token that schemes such as Negotiate put in place of parameters.
    #[must_use]
    pub fn with_token68(mut self, token: impl Into<Secret>) -> Self {
        self.token68 = Some(token.into());
        self
    }

    /// With one more parameter.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The scheme as the server wrote it; compare with [`is`](Self::is).
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether it is for this scheme; schemes have no case.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The opaque token in place of parameters.
    pub fn token68(&self) -> Option<&Secret> {
        self.token68.as_ref()
    }

    /// The names and values of all parameters, in the server's order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first parameter of this name; names have no case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Those registered with IANA (HTTP Authentication Scheme Registry), in lower case.
const KNOWN: &[&str] = &[
    "basic",
    "bearer",
    "concealed",
    "digest",
    "dpop",
    "gnap",
    "hoba",
    "mutual",
    "negotiate",
    "ntlm",
    "oauth",
    "privatetoken",
    "scram-sha-1",
    "scram-sha-256",
    "vapid",
];

impl fmt::Debug for Challenge {
    /// Nothing but the names of known schemes: a server may echo what it was sent, anywhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = KNOWN.iter().find(|known| self.is(known));
        f.debug_struct("Challenge")
            .field("scheme", known.unwrap_or(&"unknown"))
            .field("token68", &self.token68)
            .field("parameters", &self.parameters.len())
            .finish()
    }
}
