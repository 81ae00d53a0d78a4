//! Headers that are lists of words.

use http::{HeaderMap, HeaderName};

/// Whether one of the words that a header lists (RFC 9110 §5.6.1) is this one; they have no case.
pub(crate) fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut words = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.any(|listed| listed.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}
