//! What a server asks for when it refuses, read from its headers.

use http::{
    HeaderMap, HeaderName,
    header::{PROXY_AUTHENTICATE, WWW_AUTHENTICATE},
};
use session_core::Challenge;

/// More of an answer's challenges than anybody sends are not looked at: so many, with so many parameters each, and
/// so many bytes in all headers together.
const MOST_CHALLENGES: usize = 32;
const MOST_PARAMETERS: usize = 64;
const MOST_BYTES: usize = 64 << 10;

/// The challenges in an answer's `WWW-Authenticate` headers (RFC 9110 §11.6.1), in their order.
///
/// Reads several challenges in one header and several headers, token68 and parameters, empty elements of lists, and
/// quoted strings with commas in them. What is malformed is passed over, as far as the next comma, and
/// what is beyond any sensible length is left out.
///
/// ```
/// use http::{HeaderMap, header::WWW_AUTHENTICATE};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(WWW_AUTHENTICATE, r#"Negotiate, Bearer realm="a, b", error=invalid_token"#.parse()?);
/// let challenges = session_http::challenges(&headers);
/// assert!(challenges[0].is("negotiate"));
/// assert_eq!(challenges[1].parameter("realm"), Some("a, b"));
/// assert_eq!(challenges[1].parameter("error"), Some("invalid_token"));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    in_headers(headers, &WWW_AUTHENTICATE)
}

/// The challenges in an answer's `Proxy-Authenticate` headers (RFC 9110 §11.7.1), which a proxy puts on a 407. The
/// session's part in it, where it has one, is its [login](session_core::Proxy::with_session_login), with which a connection begins.
pub fn proxy_challenges(headers: &HeaderMap) -> Vec<Challenge> {
    in_headers(headers, &PROXY_AUTHENTICATE)
}

fn in_headers(headers: &HeaderMap, name: &HeaderName) -> Vec<Challenge> {
    let mut found = Vec::new();
    let mut left = MOST_BYTES;
    for value in headers.get_all(name) {
        let whole = value.as_bytes();
        let text = &whole[..whole.len().min(left)];
        left -= text.len();
        Reader::new(text, text.len() < whole.len()).challenges(&mut found);
    }
    found
}

/// Reads one header's value from left to right.
struct Reader<'a> {
    text: &'a [u8],
    /// The value goes on where the text ends.
    is_cut: bool,
    at: usize,
    /// How many bytes have been looked at, each time that they were.
    #[cfg(test)]
    looked: std::cell::Cell<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], is_cut: bool) -> Self {
        Self {
            text,
            is_cut,
            at: 0,
            #[cfg(test)]
            looked: std::cell::Cell::default(),
        }
    }

    fn challenges(&mut self, found: &mut Vec<Challenge>) {
        while found.len() < MOST_CHALLENGES {
            self.take(is_between);
            if self.peek().is_none() {
                return;
            }
            let challenge = self.challenge();
            if self.is_cut && self.peek().is_none() {
                // Half a value would be another one.
                return;
            }
            found.extend(challenge);
        }
    }

    /// One challenge with all of its parameters; `None` when this is none, and it is passed over.
    fn challenge(&mut self) -> Option<Challenge> {
        let scheme = self.take(is_token);
        if scheme.is_empty() || !self.peek().is_none_or(is_between) {
            self.skip_item();
            return None;
        }
        let mut challenge = Challenge::new(text(scheme));
        self.take(is_space);
        if let Some(token68) = self.token68() {
            return Some(challenge.with_token68(token68));
        }
        let mut is_at_item = false;
        for _ in 0..MOST_PARAMETERS {
            // No comma at all is what some servers have between parameters.
            is_at_item = self.take(is_between).contains(&b',');
            let Some((name, value)) = self.parameter() else {
                // The next challenge, or something malformed in this one.
                break;
            };
            challenge = challenge.with_parameter(name, value);
            is_at_item = false;
        }
        if !is_at_item {
            self.skip_item();
        }
        Some(challenge)
    }

    /// An opaque token, which is alone up to the next comma.
    fn token68(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let is_filled = !self.take(is_token68).is_empty();
        self.take(|byte| byte == b'=');
        let token = &self.text[start..self.at];
        self.take(is_space);
        if is_filled && matches!(self.peek(), None | Some(b',')) {
            return Some(token);
        }
        self.at = start;
        None
    }

    fn parameter(&mut self) -> Option<(String, String)> {
        let start = self.at;
        let name = self.take(is_token);
        self.take(is_space);
        if name.is_empty() || self.peek() != Some(b'=') {
            self.at = start;
            return None;
        }
        self.at += 1;
        self.take(is_space);
        let value = match self.peek() {
            Some(b'"') => self.quoted(),
            // Not only token characters: realms and URLs are often left unquoted.
            _ => text(self.take(|byte| !is_between(byte))),
        };
        Some((text(name), value))
    }

    /// A quoted string without its quotes and escapes; one that is not closed ends with the header.
    fn quoted(&mut self) -> String {
        let mut value = Vec::new();
        self.at += 1;
        while let Some(byte) = self.next() {
            match byte {
                b'"' => break,
                b'\\' => value.extend(self.next()),
                _ => value.push(byte),
            }
        }
        text(&value)
    }

    /// Passes over the rest of an item, and what is quoted in it.
    fn skip_item(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b',' => return,
                b'"' => drop(self.quoted()),
                _ => self.at += 1,
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.look(1);
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| belongs(**byte)).count();
        self.look(length + 1);
        self.at += length;
        &rest[..length]
    }

    /// Counts bytes that are looked at, for the test that shows how few they are.
    #[cfg_attr(not(test), allow(clippy::unused_self, reason = "only tests count"))]
    fn look(&self, bytes: usize) {
        #[cfg(test)]
        self.looked.set(self.looked.get() + bytes);
        #[cfg(not(test))]
        let _ = bytes;
    }
}

/// What is between the elements of a list: some of them are empty (RFC 9110 §5.6.1).
fn is_between(byte: u8) -> bool {
    is_space(byte) || byte == b','
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9110 §11.2, without the padding.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn assert_linear(value: &[u8]) {
        let mut reader = Reader::new(value, false);
        reader.challenges(&mut Vec::new());
        let (looked, length) = (reader.looked.get(), value.len());
        assert!(
            looked <= 10 * (length + 1),
            "{looked} of {length}: {:?}",
            text(&value[..length.min(80)])
        );
    }

    #[test]
    fn hostile_input_is_looked_at_a_few_times_and_no_more() {
        for part in [
            " ", ",", "=", "\"", "\\", "a", "a ", "a=", "a= ", "a=,", "=a", "a,", "a b,", "a b ",
            "a\t=\t", "a\"", "\"a\"", "\"\\\"", "a=\"", "a=\"\"", "a =", "A a=b,", "A a=b ",
            "\u{e9}", "\\\"",
        ] {
            for before in ["", "A ", "A a=", "A a=\"", "A a=b ", "\""] {
                for after in ["", "\"", "=", "b", ","] {
                    assert_linear([before, &part.repeat(1000), after].concat().as_bytes());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_looked_at_a_few_times_and_no_more(
            parts in vec(("[Aa=\", \t\\\\]{1,6}", 1..50_usize), 1..6),
        ) {
            let value: String = parts.iter().map(|(part, times)| part.repeat(*times)).collect();
            assert_linear(value.as_bytes());
        }
    }
}
