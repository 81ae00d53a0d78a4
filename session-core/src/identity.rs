//! Who a session is, as a key.

/// Who a session authenticates as and where: the key under which its credential may be stored.
///
/// Two sessions with the same identity may use each other's credentials, so a backend puts
/// everything into it that tells two credentials apart: issuer, client, user, scopes. It is not secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(String);

impl Identity {
    /// Makes a key from parts whose boundaries stay apart: `["a", "bc"]` is not `["ab", "c"]`.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut key = String::new();
        for part in parts {
            key.push_str(&part.len().to_string());
            key.push(':');
            key.push_str(part);
        }
        Self(key)
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
