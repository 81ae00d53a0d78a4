//! Bytes that nobody gets to see.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A secret: a password, a token, a header's value.
///
/// Never shown by `Debug`, has no `Display`, and is wiped from memory when its last clone is dropped.
/// Clones share one buffer.
///
/// ```
/// use session_core::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), b"hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(Bytes);

impl Secret {
    /// Takes over the bytes: an owned buffer is not copied, and is wiped in the end.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Bytes::from_owner(Zeroizing::new(bytes.into())))
    }

    /// `prefix` and the secret in one buffer of the right size, such as `Bearer ` and a token.
    pub fn prefixed(prefix: &str, secret: impl AsRef<[u8]>) -> Self {
        let secret = secret.as_ref();
        // Exact capacity: a vector that grows leaves copies behind that nobody wipes.
        let mut bytes = Vec::with_capacity(prefix.len() + secret.len());
        bytes.extend_from_slice(prefix.as_bytes());
        bytes.extend_from_slice(secret);
        Self::new(bytes)
    }

    /// The bytes, for whoever must send them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text, for whoever must send it; `None` when the bytes are not UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It as a header's value, marked sensitive, which shares the buffer: whoever has the last of the two wipes it. `None` when it has
    /// bytes that no header can carry.
    ///
    /// ```
    /// use session_core::Secret;
    ///
    /// let value = Secret::new("Bearer t").header_value().unwrap();
    /// assert_eq!((value.as_bytes(), value.is_sensitive()), (b"Bearer t".as_slice(), true));
    /// assert_eq!(Secret::new("a\nb").header_value(), None);
    /// ```
    pub fn header_value(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_maybe_shared(self.bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The same buffer, which wipes itself.
    pub(crate) fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not even the length: it helps to tell passwords from tokens.
        f.write_str("Secret(..)")
    }
}

impl<T: Into<Vec<u8>>> From<T> for Secret {
    fn from(bytes: T) -> Self {
        Self::new(bytes)
    }
}
