//! What a server asks for when it refuses, read from its headers.

use http::{HeaderMap, header::WWW_AUTHENTICATE};
use session_core::Challenge;

/// More of an answer's challenges than anybody sends are not looked at.
const MOST_CHALLENGES: usize = 32;
const MOST_PARAMETERS: usize = 64;
const LONGEST_HEADER: usize = 16 * 1024;

/// The challenges in an answer's `WWW-Authenticate` headers (RFC 9110 §11.6.1), in their order.
///
/// Reads several challenges in one header and several headers, token68 and parameters, and quoted
/// strings with commas in them. What is malformed is passed over, as far as the next comma, and
/// what is beyond any sensible length is cut off.
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
    let mut found = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let text = value.as_bytes();
        let text = &text[..text.len().min(LONGEST_HEADER)];
        Reader { text, at: 0 }.challenges(&mut found);
    }
    found.truncate(MOST_CHALLENGES);
    found
}

/// Reads one header's value from left to right.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn challenges(&mut self, found: &mut Vec<Challenge>) {
        while found.len() < MOST_CHALLENGES {
            self.skip(|byte| is_space(byte) || byte == b',');
            if self.peek().is_none() {
                return;
            }
            found.extend(self.challenge());
        }
    }

    /// One challenge with all of its parameters; `None` when this is none, and it is passed over.
    fn challenge(&mut self) -> Option<Challenge> {
        let scheme = self.take(is_token);
        let ends = |byte: u8| is_space(byte) || byte == b',';
        if scheme.is_empty() || !self.peek().is_none_or(ends) {
            self.skip_item();
            return None;
        }
        let mut challenge = Challenge::new(text(scheme));
        self.skip(is_space);
        if let Some(token68) = self.token68() {
            return Some(challenge.with_token68(token68));
        }
        for _ in 0..MOST_PARAMETERS {
            let Some((name, value)) = self.parameter() else {
                // Not a parameter: the next challenge, or something malformed in this one.
                break;
            };
            challenge = challenge.with_parameter(name, value);
            // Some servers forget the comma between parameters.
            self.skip(|byte| is_space(byte) || byte == b',');
        }
        if !self.is_at_item() {
            self.skip_item();
        }
        Some(challenge)
    }

    /// An opaque token, which is alone up to the next comma.
    fn token68(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        self.skip(is_token68);
        let filled = self.at > start;
        self.skip(|byte| byte == b'=');
        let token = &self.text[start..self.at];
        self.skip(is_space);
        if filled && matches!(self.peek(), None | Some(b',')) {
            return Some(token);
        }
        self.at = start;
        None
    }

    fn parameter(&mut self) -> Option<(String, String)> {
        let start = self.at;
        let name = self.take(is_token);
        self.skip(is_space);
        if name.is_empty() || self.peek() != Some(b'=') {
            self.at = start;
            return None;
        }
        self.at += 1;
        self.skip(is_space);
        let value = match self.peek() {
            Some(b'"') => self.quoted(),
            // Not only token characters: realms and URLs are often left unquoted.
            _ => text(self.take(|byte| !is_space(byte) && byte != b',')),
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

    /// Whether an item of the list begins here: a comma or nothing precedes it.
    fn is_at_item(&self) -> bool {
        self.text[..self.at]
            .iter()
            .rfind(|byte| !is_space(**byte))
            .is_none_or(|byte| *byte == b',')
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
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) {
        self.take(belongs);
    }

    fn take(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| belongs(**byte)).count();
        self.at += length;
        &rest[..length]
    }
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
    use http::HeaderValue;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn parse(values: &[&[u8]]) -> Vec<Challenge> {
        let headers = values
            .iter()
            .map(|value| (WWW_AUTHENTICATE, HeaderValue::from_bytes(value).unwrap()))
            .collect();
        challenges(&headers)
    }

    fn schemes(value: &str) -> Vec<String> {
        parse(&[value.as_bytes()])
            .iter()
            .map(|challenge| challenge.scheme().to_owned())
            .collect()
    }

    #[test]
    fn the_example_of_the_rfc() {
        let found = parse(&[
            br#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
        ]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].parameter("realm"), Some("simple"));
        assert_eq!(found[1].scheme(), "Newauth");
        assert_eq!(found[1].parameter("TYPE"), Some("1"));
        assert_eq!(found[1].parameter("title"), Some("Login to \"apps\""));
    }

    #[test]
    fn token68_or_parameter() {
        let found =
            parse(&[b"Negotiate oRQwEqADCgED==, NTLM , Digest a==b, Bearer scope=, X y=\"\""]);
        let token68: Vec<_> = found
            .iter()
            .map(|challenge| challenge.token68().map(session_core::Secret::expose))
            .collect();
        assert_eq!(
            token68,
            [
                Some(&b"oRQwEqADCgED=="[..]),
                None,
                None,
                Some(b"scope="),
                None
            ]
        );
        assert_eq!(found[2].parameter("a"), Some("=b"));
        assert_eq!(found[4].parameter("y"), Some(""));
    }

    #[test]
    fn what_servers_really_send() {
        assert_eq!(schemes("Bearer"), ["Bearer"]);
        assert_eq!(schemes(",, Negotiate,\t,NTLM, "), ["Negotiate", "NTLM"]);
        let found = parse(&[b"Bearer realm=\"x\" error=\"invalid_token\"  scope = \"a b\",Basic"]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].parameter("error"), Some("invalid_token"));
        assert_eq!(found[0].parameter("scope"), Some("a b"));
        let found = parse(&[b"Bearer authorization_uri=https://login.example/x, resource_id=1"]);
        assert_eq!(
            found[0].parameter("authorization_uri"),
            Some("https://login.example/x")
        );
        assert_eq!(found[0].parameter("resource_id"), Some("1"));
    }

    #[test]
    fn garbage_hides_no_challenge() {
        assert_eq!(schemes("=x, Bearer"), ["Bearer"]);
        assert_eq!(schemes("\"a, b\", Bearer"), ["Bearer"]);
        assert_eq!(
            schemes("Basic what is \"this, now\", Bearer"),
            ["Basic", "Bearer"]
        );
        assert_eq!(schemes("a=b, Bearer"), ["Bearer"]);
        assert_eq!(schemes("Basic realm=\"unclosed, Bearer"), ["Basic"]);
        assert_eq!(schemes(""), [""; 0]);
        let found = parse(&[b"Basic realm=\"\xff\", Bearer"]);
        assert_eq!(found[0].parameter("realm"), Some("\u{fffd}"));
    }

    #[test]
    fn input_is_bounded() {
        assert_eq!(schemes(&"A,".repeat(100)).len(), MOST_CHALLENGES);
        let long = format!("A {}x=1, Bearer", "x=1,".repeat(LONGEST_HEADER));
        assert!(schemes(&long).len() <= MOST_CHALLENGES);
    }

    #[derive(Clone, Debug)]
    enum Credentials {
        Nothing,
        Token68(String),
        Parameters(Vec<(String, String, bool)>),
    }

    fn credentials() -> impl Strategy<Value = Credentials> {
        // Values that could be unquoted are sent so, too.
        let parameter = ("[a-z]{1,8}", "[ -~\t]{0,12}", any::<bool>());
        prop_oneof![
            Just(Credentials::Nothing),
            "[A-Za-z0-9+/._~-]{1,12}={0,2}".prop_map(Credentials::Token68),
            vec(parameter, 1..5).prop_map(Credentials::Parameters),
        ]
    }

    fn render(scheme: &str, credentials: &Credentials) -> String {
        match credentials {
            Credentials::Nothing => scheme.to_owned(),
            Credentials::Token68(token) => format!("{scheme} {token}"),
            Credentials::Parameters(parameters) => {
                let parameters: Vec<_> = parameters
                    .iter()
                    .map(|(name, value, bare)| {
                        if *bare && !value.is_empty() && value.bytes().all(is_token) {
                            return format!("{name}={value}");
                        }
                        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
                        format!("{name} =\t\"{escaped}\"")
                    })
                    .collect();
                format!("{scheme}  {}", parameters.join(" , "))
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_well_formed_is_read_back(
            sent in vec(("[A-Za-z][A-Za-z0-9-]{0,8}", credentials()), 1..5),
            one_header in any::<bool>(),
        ) {
            let rendered: Vec<_> = sent.iter().map(|(scheme, credentials)| render(scheme, credentials)).collect();
            let joined = rendered.join(",");
            let values: Vec<_> = if one_header {
                vec![joined.as_bytes()]
            } else {
                rendered.iter().map(String::as_bytes).collect()
            };
            let found = parse(&values);
            prop_assert_eq!(found.len(), sent.len(), "{:?}", joined);
            for (found, (scheme, credentials)) in found.iter().zip(&sent) {
                prop_assert_eq!(found.scheme(), scheme);
                let token68 = found.token68().map(|token| token.expose_str().unwrap());
                match credentials {
                    Credentials::Nothing => prop_assert_eq!(token68, None),
                    Credentials::Token68(token) => prop_assert_eq!(token68, Some(token.as_str())),
                    Credentials::Parameters(parameters) => {
                        prop_assert_eq!(token68, None);
                        for (name, ..) in parameters {
                            let first = parameters.iter().find(|(known, ..)| known == name).unwrap();
                            prop_assert_eq!(found.parameter(name), Some(first.1.as_str()));
                        }
                    }
                }
            }
        }

        #[test]
        fn any_bytes_are_read_to_an_end(value in vec(prop_oneof![Just(b'\t'), 32..127_u8, 128..=255_u8], 0..200)) {
            let _ = parse(&[&value]);
        }

        #[test]
        fn any_structure_is_read_to_an_end(value in "[Aa=\", \t\\\\]{0,40}") {
            let _ = parse(&[value.as_bytes()]);
        }
    }
}
