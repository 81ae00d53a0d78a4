//! Texts of a server that may repeat what it was sent.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::endpoint::Endpoint;

/// How much of a text is shown.
const SHOWN: usize = 200;

/// So many letters of a secret in a row give it away.
const FRAGMENT: usize = 8;

/// `\x73`, `115 `
const LONGEST_BYTE: usize = 4;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The secrets that a request carried, or its answer brought, so that no text of that answer repeats them.
///
/// It decides what is shown, never what is used.
pub(crate) struct Redaction<'a> {
    secrets: Vec<&'a [u8]>,
    /// In lower case.
    public: String,
}

impl<'a> Redaction<'a> {
    pub(crate) fn of(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self {
            secrets: secrets.into_iter().collect(),
            public: String::new(),
        }
    }

    /// What these secrets have in common with a text that is configured, and shown, in the open gives nothing away: a
    /// secret may well begin with the host's name.
    pub(crate) fn beside(mut self, public: &str) -> Self {
        let public = public.to_ascii_lowercase();
        self.public = format!("{public} {}", dense(&public));
        self
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

    /// An address that a server gave, fit to be shown: by its origin alone where the rest repeats part of a secret.
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Endpoint {
        if self.is_repeated_in(&endpoint.to_string()) {
            return endpoint.shown_by_origin();
        }
        endpoint
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
        let (digits, dense) = (only_numbers(&text), dense(&text));
        let is_part = |spelling: &[u8], text: &str| has_part(text, spelling, &self.public);
        self.secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .any(|secret| {
                spellings(secret)
                    .iter()
                    .any(|spelling| is_part(spelling, &text))
                    || is_part(&decimal(secret), &digits)
                    || is_part(&hex(secret, ""), &dense)
                    || letters(secret).is_some_and(|letters| is_part(&letters, &dense))
            })
    }
}

/// `%x20-21 / %x23-5B / %x5D-7E`
fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~') && c != '"' && c != '\\'
}

/// Whether the text has a part of the spelling that is not public.
fn has_part(text: &str, spelling: &[u8], public: &str) -> bool {
    let length = FRAGMENT.min(spelling.len());
    let has = |text: &str, part| text.as_bytes().windows(length).any(|window| window == part);
    length > 0
        && spelling
            .windows(length)
            .any(|part| has(text, part) && !has(public, part))
}

/// A secret as it may be written; wiped like the secret.
type Spelling = Zeroizing<Vec<u8>>;

/// The ways to write a secret that servers and debuggers have, in lower case.
fn spellings(secret: &[u8]) -> Vec<Spelling> {
    let form = written(secret, |byte, text| {
        text.extend(form_urlencoded::byte_serialize(&[byte]));
    });
    let percent = written(secret, |byte, text| match byte {
        b' ' => text.push_str("%20"),
        _ => text.extend(form_urlencoded::byte_serialize(&[byte])),
    });
    let mut spellings = vec![
        hex(secret, ""),
        hex(secret, "%"),
        hex(secret, "\\x"),
        Zeroizing::new(secret.to_vec()),
    ];
    for text in [secret, &form, &percent] {
        // Base64 of something that contains it, such as `id:secret`, depends on where in it that starts.
        for offset in 0..3 {
            spellings.extend(base64(text, offset));
        }
    }
    spellings.extend([form, percent]);
    for spelling in &mut spellings {
        spelling.make_ascii_lowercase();
    }
    spellings
}

/// The part of the base64 text that depends on nothing but the secret, in both alphabets.
fn base64(secret: &[u8], offset: usize) -> [Spelling; 2] {
    let mut bytes = Zeroizing::new(vec![0; offset + secret.len()]);
    bytes[offset..].copy_from_slice(secret);
    let whole = (bytes.len() * 8) / 6;
    // Each letter stands for 6 bits: those with bits of what precedes, or of what follows, are left out.
    let first = (offset * 8).div_ceil(6);
    [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].map(|alphabet| {
        let text = Zeroizing::new(alphabet.encode(&bytes));
        let part = text.as_bytes().get(first..whole);
        Zeroizing::new(part.unwrap_or_default().to_vec())
    })
}

fn hex(secret: &[u8], before_each: &str) -> Spelling {
    written(secret, |byte, text| {
        text.push_str(before_each);
        text.extend([byte >> 4, byte & 0xf].map(|digit| char::from(HEX[usize::from(digit)])));
    })
}

/// `115 101 99 `
fn decimal(secret: &[u8]) -> Spelling {
    written(secret, |byte, text| {
        text.push_str(&byte.to_string());
        text.push(' ');
    })
}

/// Byte by byte, of at most four letters each: so that no text has to grow, and leave a copy behind.
fn written(secret: &[u8], mut write: impl FnMut(u8, &mut String)) -> Spelling {
    let mut text = String::with_capacity(secret.len() * LONGEST_BYTE);
    for &byte in secret {
        write(byte, &mut text);
    }
    Zeroizing::new(text.into_bytes())
}

/// The numbers of a text, each followed by a space.
fn only_numbers(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|number| !number.is_empty())
        .flat_map(|number| [number, " "])
        .collect()
}

/// A text without what may be put between bytes or letters: `63:34`, `0x63, 0x34`, `'c', '4'`.
fn dense(text: &str) -> String {
    let bare = text.replace("0x", "").replace("\\x", "");
    let mut bare = bare.replace("\\u", "");
    bare.retain(|c| c.is_ascii_alphanumeric());
    bare
}

/// A secret's letters and digits, in lower case; `None` where they are too few to give it away.
fn letters(secret: &[u8]) -> Option<Spelling> {
    let letters = written(secret, |byte, text| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte.to_ascii_lowercase()));
        }
    });
    (letters.len() >= FRAGMENT).then_some(letters)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    type Encoding = fn(&[u8]) -> String;

    /// Written without the code under test.
    const ENCODINGS: [(&str, Encoding); 14] = [
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
        ("hex with colons", |s| {
            let bytes: Vec<_> = s.iter().map(|b| format!("{b:02x}")).collect();
            bytes.join(":")
        }),
        ("a list of hex", |s| format!("{s:#04X?}").replace('\n', " ")),
        ("Unicode escapes", |s| {
            let text = String::from_utf8_lossy(s);
            text.escape_unicode().to_string()
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
    fn letters_that_are_set_apart_are_letters() {
        let redaction = Redaction::of([b"hunter2-hunter2".as_slice()]);
        for hidden in [
            "'h', 'u', 'n', 't', 'e', 'r', '2', '-', 'h'",
            "h.u.n.t.e.r.2.h",
        ] {
            assert_eq!(redaction.text(hidden), None, "{hidden}");
        }
        // Too few of them are no secret.
        let redaction = Redaction::of([b"?!?!?a?!?!?!".as_slice()]);
        assert_eq!(redaction.text("a word").unwrap(), "a word");
    }

    #[test]
    fn of_an_address_that_repeats_a_secret_the_origin_is_shown() {
        let redaction = Redaction::of([b"hunter2hunter2".as_slice()]);
        for (path, shown) in [
            ("/token", "https://idp.example.com/token"),
            ("/hunter2hunter2", "https://idp.example.com"),
            ("/%68%75%6e%74%65%72%32%68%75", "https://idp.example.com"),
        ] {
            let address = format!("https://idp.example.com{path}");
            let endpoint = redaction.endpoint(Endpoint::parse(&address).unwrap());
            assert_eq!(endpoint.to_string(), shown);
            assert_eq!(endpoint.url().as_str(), address);
        }
    }

    #[test]
    fn what_is_public_gives_nothing_away() {
        let redaction = Redaction::of([b"IDP.example.com-dev-secret".as_slice()])
            .beside("https://idp.example.com/Tenant");
        for shown in ["no client at idp.example.com", "//IDP.EXAMPLE.COM/"] {
            assert_eq!(redaction.text(shown).unwrap(), shown);
        }
        for hidden in [
            "IDP.example.com-dev-secret",
            "le.com-d",
            "-dev-secret",
            "got aWRwLmV4YW1wbGUuY29t", // base64 of the part that is public otherwise
            "SURQLmV4YW1wbGUuY29tLWRldi1zZWNyZXQ=",
        ] {
            assert_eq!(redaction.text(hidden), None, "{hidden}");
        }
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
