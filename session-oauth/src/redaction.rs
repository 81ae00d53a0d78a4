//! Texts of a server that may repeat what it was sent.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use url::form_urlencoded;

/// How much of a text is shown.
const SHOWN: usize = 200;

/// So many letters of a secret in a row give it away.
const FRAGMENT: usize = 8;

/// The secrets that a request carried, or its answer brought, so that no text of that answer repeats them.
pub(crate) struct Redaction<'a>(Vec<&'a [u8]>);

impl<'a> Redaction<'a> {
    pub(crate) fn of(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(secrets.into_iter().collect())
    }

    /// The text, fit to be shown: short, in the characters that RFC 6749 §5.2 allows, and only if no part of it is part of
    /// a secret.
    pub(crate) fn text(&self, text: &str) -> Option<String> {
        let mut shown: String = text.trim().chars().take(SHOWN).collect();
        if self.is_repeated_in(&shown) {
            return None;
        }
        let is_cut = shown.len() < text.trim().len();
        shown = shown
            .chars()
            .map(|c| if is_allowed(c) { c } else { '?' })
            .collect();
        if is_cut {
            shown.push_str("...");
        }
        (!shown.is_empty()).then_some(shown)
    }

    /// Whether an address that a server gave may be used, and so be shown in full: no part of it is part of a secret.
    pub(crate) fn allows_address(&self, address: &str) -> bool {
        address.len() <= 2048 && !self.is_repeated_in(address)
    }

    /// The text, if it looks like the name of something: an error code, a token type.
    pub(crate) fn name(&self, name: &str) -> Option<String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        let is_short = !name.is_empty() && name.len() <= 64;
        (is_short && name.chars().all(is_name))
            .then(|| self.text(name))
            .flatten()
    }

    /// Whether part of a secret is there, as it is or encoded.
    fn is_repeated_in(&self, text: &str) -> bool {
        // Letter case only matters to secrets themselves; to ignore it costs a description at worst.
        let text = text.to_ascii_lowercase();
        let digits = only_numbers(&text);
        self.0
            .iter()
            .filter(|secret| !secret.is_empty())
            .any(|secret| {
                spellings(secret)
                    .iter()
                    .any(|spelling| has_part(text.as_bytes(), spelling))
                    || has_part(digits.as_bytes(), &decimal(secret))
            })
    }
}

/// `%x20-21 / %x23-5B / %x5D-7E`
fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~') && c != '"' && c != '\\'
}

fn has_part(text: &[u8], spelling: &[u8]) -> bool {
    let length = FRAGMENT.min(spelling.len());
    length > 0
        && spelling
            .windows(length)
            .any(|part| text.windows(length).any(|window| window == part))
}

/// The ways to write a secret that servers and debuggers have, in lower case.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let form: String = form_urlencoded::byte_serialize(secret).collect();
    let percent = form.replace('+', "%20");
    let mut spellings = vec![
        hex(secret, ""),
        hex(secret, "%"),
        hex(secret, "\\x"),
        secret.to_vec(),
    ];
    for text in [secret, form.as_bytes(), percent.as_bytes()] {
        // Base64 of something that contains it, such as `id:secret`, depends on where in it that starts.
        for offset in 0..3 {
            spellings.extend(base64(text, offset));
        }
    }
    spellings.extend([form.into_bytes(), percent.into_bytes()]);
    for spelling in &mut spellings {
        spelling.make_ascii_lowercase();
    }
    spellings
}

/// The part of the base64 text that depends on nothing but the secret, in both alphabets.
fn base64(secret: &[u8], offset: usize) -> [Vec<u8>; 2] {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(secret);
    let whole = (bytes.len() * 8) / 6;
    // Each letter stands for 6 bits: those with bits of what precedes, or of what follows, are left out.
    let first = (offset * 8).div_ceil(6);
    [
        STANDARD_NO_PAD.encode(&bytes),
        URL_SAFE_NO_PAD.encode(&bytes),
    ]
    .map(|text| {
        text.as_bytes()
            .get(first..whole)
            .unwrap_or_default()
            .to_vec()
    })
}

fn hex(secret: &[u8], before_each: &str) -> Vec<u8> {
    let bytes: Vec<String> = secret
        .iter()
        .map(|byte| format!("{before_each}{byte:02x}"))
        .collect();
    bytes.concat().into_bytes()
}

/// `115 101 99 `
fn decimal(secret: &[u8]) -> Vec<u8> {
    let bytes: Vec<String> = secret.iter().map(|byte| format!("{byte} ")).collect();
    bytes.concat().into_bytes()
}

/// The numbers of a text, each followed by a space.
fn only_numbers(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|number| !number.is_empty())
        .flat_map(|number| [number, " "])
        .collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    type Encoding = fn(&[u8]) -> String;

    /// Written without the code under test.
    const ENCODINGS: [(&str, Encoding); 11] = [
        ("as it is", |s| String::from_utf8_lossy(s).into_owned()),
        ("upper case", |s| String::from_utf8_lossy(s).to_uppercase()),
        ("form", |s| form_urlencoded::byte_serialize(s).collect()),
        ("percent", |s| {
            s.iter()
                .map(|b| format!("%{b:02X}"))
                .collect::<Vec<_>>()
                .concat()
        }),
        ("hex", |s| {
            s.iter()
                .map(|b| format!("{b:02x}"))
                .collect::<Vec<_>>()
                .concat()
        }),
        ("decimal bytes", |s| format!("{s:?}")),
        ("decimal bytes without spaces", |s| {
            format!("{s:?}").replace(' ', "")
        }),
        ("base64", |s| STANDARD.encode(s)),
        ("base64url", |s| URL_SAFE.encode(s)),
        ("Basic", |s| {
            let form: String = form_urlencoded::byte_serialize(s).collect();
            format!("Basic {}", STANDARD.encode(format!("client:{form}")))
        }),
        ("base64 in the middle", |s| {
            STANDARD.encode([b"ab", s, b"z"].concat())
        }),
    ];

    #[test]
    fn plain_descriptions_are_shown() {
        let redaction = Redaction::of([b"correct horse battery staple".as_slice()]);
        assert_eq!(
            redaction.text("Client authentication failed.").unwrap(),
            "Client authentication failed."
        );
        assert_eq!(
            redaction.text("two\r\n\"lines\"\u{202e}").unwrap(),
            "two???lines??"
        );
        assert_eq!(redaction.text("  "), None);
        assert_eq!(
            redaction.text(&"long ".repeat(1000)).unwrap().len(),
            SHOWN + 3
        );
    }

    #[test]
    fn a_part_of_a_secret_is_enough_to_hide_a_text() {
        let redaction = Redaction::of([b"correct horse battery staple".as_slice()]);
        assert_eq!(redaction.text("not the secret: orse bat"), None);
    }

    #[test]
    fn addresses_are_not_too_long_and_repeat_nothing() {
        let redaction = Redaction::of([b"hunter2hunter2".as_slice()]);
        assert!(redaction.allows_address("https://idp.example.com/token"));
        assert!(!redaction.allows_address("https://idp.example.com/hunter2hunter2"));
        assert!(
            !redaction.allows_address("https://idp.example.com/?s=%68%75%6e%74%65%72%32%68%75")
        );
        assert!(
            !redaction.allows_address(&format!("https://idp.example.com/{}", "x".repeat(2048)))
        );
    }

    #[test]
    fn names_are_short_and_made_of_letters() {
        let redaction = Redaction::of([b"hunter2hunter2".as_slice()]);
        assert_eq!(redaction.name("invalid_client").unwrap(), "invalid_client");
        for bad in ["", "two words", "hunter2hunter2", "<b>", &"x".repeat(65)] {
            assert_eq!(redaction.name(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_encoding_of_a_secret_is_shown(
            secret in "[ -~]{8,40}",
            before in "[a-z ]{0,20}",
            after in "[a-z ]{0,20}",
        ) {
            let redaction = Redaction::of([secret.as_bytes()]);
            for (name, encode) in ENCODINGS {
                let text = format!("{before}{}{after}", encode(secret.as_bytes()));
                let shown = redaction.text(&text);
                // A secret of spaces is no secret, and decimal numbers may run into digits of the text around.
                prop_assert!(shown.is_none() || secret.trim().len() < 8, "{name}: {shown:?}");
            }
        }

        #[test]
        fn whatever_a_server_writes_is_short_and_printable(text in any::<String>()) {
            let redaction = Redaction::of([b"correct horse battery staple".as_slice()]);
            if let Some(shown) = redaction.text(&text) {
                prop_assert!(shown.len() <= SHOWN + 3 && shown.chars().all(is_allowed), "{shown}");
            }
        }
    }
}
