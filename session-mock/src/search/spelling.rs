//! How a secret can be spelled.

use std::fmt::{Debug, Write};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use http::HeaderValue;
use url::form_urlencoded;

/// A way to spell bytes, and what it is called.
pub(crate) type Spelling = (&'static str, String);

/// All spellings of a secret, without those that are the same as one before.
pub(crate) fn spellings(secret: &[u8]) -> Vec<Spelling> {
    let text = String::from_utf8_lossy(secret);
    let form: String = form_urlencoded::byte_serialize(secret).collect();
    let mut spellings = vec![("as it is", text.clone().into_owned())];
    spellings.extend(escaped(&text, secret));
    spellings.extend(percent_encoded(secret, &form));
    spellings.extend(byte_by_byte(secret, &text));
    spellings.extend(base64(secret, ["base64", "base64url"]));
    // As in `Basic` (RFC 6749 §2.3.1).
    let names = ["base64 of form-encoded", "base64url of form-encoded"];
    spellings.extend(base64(form.as_bytes(), names));
    let mut known: Vec<Spelling> = Vec::new();
    for (name, spelled) in spellings {
        if !spelled.is_empty() && known.iter().all(|(_, earlier)| *earlier != spelled) {
            known.push((name, spelled));
        }
    }
    known
}

fn escaped(text: &str, secret: &[u8]) -> Vec<Spelling> {
    let header = HeaderValue::from_bytes(secret).map(|value| unquoted(&value));
    let ascii = secret.escape_ascii().to_string();
    vec![
        ("escaped", text.escape_default().to_string()),
        ("escaped", text.escape_debug().to_string()),
        ("as Debug", unquoted(&text)),
        ("as Debug of bytes", ascii.replace("\\'", "'")),
        ("as Debug of bytes", ascii),
        ("as Debug of a header", header.unwrap_or_default()),
        ("in Unicode escapes", text.escape_unicode().to_string()),
        ("as JSON", json(text, |code| format!("\\u{code:04x}"))),
        ("as JSON", json(text, |code| format!("\\u{code:04X}"))),
        ("as JSON", json(text, |_| String::new()).replace('/', "\\/")),
        ("as HTML", html(text)),
    ]
}

/// As its `Debug` shows it, without the quotes.
fn unquoted(value: &impl Debug) -> String {
    let shown = format!("{value:?}");
    let inner = shown.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or(&shown).to_owned()
}

/// A JSON string without its quotes (RFC 8259 §7). What is not ASCII is escaped, unless that yields nothing.
fn json(text: &str, escape: impl Fn(u16) -> String) -> String {
    let mut json = String::new();
    for character in text.chars() {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            ' '..='~' => json.push(character),
            _ => {
                let before = json.len();
                json.extend(units.iter().map(|unit| escape(*unit)));
                if json.len() == before {
                    json.push(character);
                }
            }
        }
    }
    json
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    let text = text.replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

fn percent_encoded(secret: &[u8], form: &str) -> Vec<Spelling> {
    let encode = |keeps: fn(&u8) -> bool, upper: bool| {
        each(secret, "", |byte| match (keeps(&byte), upper) {
            (true, _) => char::from(byte).to_string(),
            (false, true) => format!("%{byte:02X}"),
            (false, false) => format!("%{byte:02x}"),
        })
    };
    // RFC 3986 §2.3.
    let unreserved: fn(&u8) -> bool = |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let mut spellings = vec![
        ("form-encoded", form.to_owned()),
        ("form-encoded", lower_percents(form)),
    ];
    for keeps in [unreserved, u8::is_ascii_alphanumeric, |_| false] {
        for upper in [true, false] {
            spellings.push(("percent-encoded", encode(keeps, upper)));
        }
    }
    spellings
}

/// With the digits after each `%` in lower case.
fn lower_percents(form: &str) -> String {
    let mut parts = form.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        let digits = digits.to_ascii_lowercase();
        // Infallible for strings.
        let _ = write!(lower, "%{digits}{rest}");
    }
    lower
}

fn byte_by_byte(secret: &[u8], text: &str) -> Vec<Spelling> {
    let mut spellings = vec![
        ("decimal bytes", each(secret, ",", |byte| byte.to_string())),
        (
            "characters",
            text.chars()
                .map(|character| format!("{character:?}"))
                .collect::<Vec<_>>()
                .join(","),
        ),
    ];
    for separator in ["", ",", ":", "-"] {
        let lower = each(secret, separator, |byte| format!("{byte:02x}"));
        let upper = each(secret, separator, |byte| format!("{byte:02X}"));
        spellings.extend([("hexadecimal", lower), ("hexadecimal", upper)]);
    }
    // `{:x?}` writes no leading zero, `{:#x?}` a prefix.
    for separator in [",", ",0x"] {
        let lower = each(secret, separator, |byte| format!("{byte:x}"));
        let upper = each(secret, separator, |byte| format!("{byte:X}"));
        spellings.extend([("hexadecimal", lower), ("hexadecimal", upper)]);
    }
    for separator in ["\\x", ",0x"] {
        let lower = each(secret, separator, |byte| format!("{byte:02x}"));
        let upper = each(secret, separator, |byte| format!("{byte:02X}"));
        spellings.extend([("hexadecimal", lower), ("hexadecimal", upper)]);
    }
    spellings
}

/// In the middle of something, base64 depends on what precedes, by how many bytes modulo 3: of each, the letters that
/// depend on nothing else.
fn base64(secret: &[u8], names: [&'static str; 2]) -> Vec<Spelling> {
    let mut spellings = Vec::new();
    for before in 0..3 {
        let bytes = [&[0; 2][..before], secret].concat();
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for (engine, name) in [STANDARD_NO_PAD, URL_SAFE_NO_PAD].iter().zip(names) {
            let encoded = engine.encode(&bytes);
            spellings.push((name, encoded.get(from..to).unwrap_or_default().to_owned()));
        }
    }
    spellings
}

fn each(bytes: &[u8], separator: &str, spell: impl Fn(u8) -> String) -> String {
    let spelled: Vec<_> = bytes.iter().map(|byte| spell(*byte)).collect();
    spelled.join(separator)
}
