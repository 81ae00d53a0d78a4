//! Secrets to plant.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

/// A secret that is like no other, to be planted in a test and searched for: it is made anew each time, so that no
/// repository has one, and of characters that some encodings keep and others do not. A header can carry it, and so can a
/// bearer token (RFC 6750 §2.1). It is no good for anything but tests.
///
/// ```
/// let [one, other] = [session_mock::canary(), session_mock::canary()];
/// assert_ne!(one, other);
/// ```
pub fn canary() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("c4n4ry~{:016x}/{:016x}+Kx.", random(), random())
}
