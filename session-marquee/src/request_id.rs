//! The number under which Marquee knows of a request.

use std::{fmt, sync::OnceLock};

use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, COOKIE},
};
use memchr::memmem;
use session_core::{Secret, SessionHandle};

use crate::{Client, cookies::CSRF_HEADER};

/// What authenticates requests, so that it can be told from what a server says.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Spoken([Option<HeaderValue>; 3]);

impl Spoken {
    pub(crate) fn of(session: &SessionHandle) -> Self {
        Self([AUTHORIZATION, COOKIE, CSRF_HEADER].map(|name| session.header_now(&name)))
    }

    /// Whether a text is part of a secret or has part of one in it, as it is or encoded, in whichever case.
    fn is_in(&self, text: &str) -> bool {
        let mut said = decoded(text);
        said.push(Secret::new(text));
        let said: Vec<_> = said.iter().map(|text| lower(text.expose())).collect();
        let values = self.0.iter().flatten();
        let values = values.filter_map(|value| str::from_utf8(value.as_bytes()).ok());
        let mut secrets = values
            .flat_map(secrets)
            .map(|secret| lower(secret.as_bytes()));
        secrets.any(|secret| {
            said.iter()
                .any(|text| tells(text.expose(), secret.expose()))
        })
    }
}

/// Of a header: a token without its scheme, cookies without their names.
fn secrets(value: &str) -> impl Iterator<Item = &str> {
    let pairs = value.split(';').map(str::trim_ascii);
    let values = pairs.map(|pair| match pair.split_once(['=', ' ']) {
        Some((_, value)) if !value.is_empty() => value,
        _ => pair,
    });
    values.filter(|value| !value.is_empty())
}

fn lower(bytes: &[u8]) -> Secret {
    Secret::new(bytes.to_ascii_lowercase())
}

/// So many bytes of a secret tell something of it, and so many if there are no others, or half of it.
const PART: usize = 8;
const ALONE: usize = 6;

fn tells(text: &[u8], secret: &[u8]) -> bool {
    let part = PART.min(secret.len());
    if text.len() < part {
        return text.len() >= ALONE.min(secret.len().div_ceil(2))
            && memmem::find(secret, text).is_some();
    }
    let mut parts = text.windows(part);
    parts.any(|part| memmem::find(secret, part).is_some())
}

/// What a text may be the base64 of (RFC 4648 §5), or the hexadecimal digits, wherever in it they begin.
fn decoded(text: &str) -> Vec<Secret> {
    let base64 = text.split(|c: char| sextet(c).is_none());
    let base64 = base64.flat_map(|run| (0..4).filter_map(move |at| run.get(at..)));
    let hexadecimal = text.split(|c: char| !c.is_ascii_hexdigit());
    let hexadecimal = hexadecimal.flat_map(|run| (0..2).filter_map(move |at| run.get(at..)));
    let of_base64 = base64.map(|run| bytes(run.chars().filter_map(sextet), 6));
    let of_digits = hexadecimal.map(|run| bytes(run.chars().filter_map(|c| c.to_digit(16)), 4));
    of_base64.chain(of_digits).collect()
}

fn sextet(c: char) -> Option<u32> {
    let base = match c {
        'A'..='Z' => 0,
        'a'..='z' => 26,
        '0'..='9' => 52,
        '-' => return Some(62),
        '_' => return Some(63),
        _ => return None,
    };
    let first = match base {
        0 => 'A',
        26 => 'a',
        _ => '0',
    };
    Some(base + u32::from(c) - u32::from(first))
}

/// Bytes of digits that have so many bits each. What is left over of the last is none.
fn bytes(digits: impl Iterator<Item = u32>, bits: u32) -> Secret {
    // No identifier is longer, and a buffer that grows leaves copies that nobody wipes.
    let mut bytes = Vec::with_capacity(LONGEST);
    let (mut held, mut count) = (0u32, 0);
    for digit in digits {
        (held, count) = (held << bits | digit, count + bits);
        if count >= 8 {
            count -= 8;
            bytes.extend(u8::try_from(held >> count));
            held &= (1 << count) - 1;
        }
    }
    Secret::new(bytes)
}

/// How many characters an identifier has at most.
const LONGEST: usize = 64;

/// What an answer says is its identifier. Looked at when it is asked for: most never are.
pub(crate) struct RequestId {
    said: Option<Said>,
    told: OnceLock<Option<String>>,
}

struct Said {
    value: HeaderValue,
    sent: Spoken,
    /// It may have been renewed on the way.
    now: Spoken,
}

impl RequestId {
    pub(crate) fn of(headers: &HeaderMap, client: &Client, sent: Spoken) -> Self {
        let said = headers.get("x-dash-requestid").map(|value| Said {
            value: value.clone(),
            sent,
            now: client
                .with_session(|session| Ok(Spoken::of(session)))
                .unwrap_or_default(),
        });
        Self {
            said,
            told: OnceLock::new(),
        }
    }

    /// It ends up in errors and logs: none if it is none, or repeats the credential.
    pub(crate) fn get(&self) -> Option<&str> {
        let told = self
            .told
            .get_or_init(|| Some(self.said.as_ref()?.id()?.to_owned()));
        told.as_deref()
    }
}

impl Said {
    fn id(&self) -> Option<&str> {
        let id = self.value.to_str().ok()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        let is_id = !id.is_empty() && id.len() <= LONGEST && id.chars().all(is_plain);
        let is_told = || self.sent.is_in(id) || (self.now != self.sent && self.now.is_in(id));
        (is_id && !is_told()).then_some(id)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    const TOKEN: &str = "What-An~application_has-got";

    fn spoken() -> Spoken {
        let value = |text: &str| Some(HeaderValue::from_str(text).unwrap());
        let cookies = value("GSSSO=s3cr3t-of-sso; MARQUEE-CSRF-TOKEN=c5rf");
        Spoken([value(&format!("Bearer {TOKEN}")), cookies, None])
    }

    fn hexadecimal(text: &str) -> String {
        let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
        digits.collect()
    }

    #[test]
    fn what_is_of_the_credential_is_known_as_it_is_and_encoded() {
        let spoken = spoken();
        for secret in [TOKEN, "s3cr3t-of-sso", &TOKEN[3..19]] {
            let mut said = vec![secret.to_owned(), hexadecimal(secret)];
            let before = ["", "a", "ab", "abc"].into_iter();
            said.extend(before.map(|before| URL_SAFE_NO_PAD.encode(format!("{before}{secret}!"))));
            for text in said {
                for text in [text.clone(), format!("req-{text}"), format!("{text}.1:2")] {
                    assert!(spoken.is_in(&text), "{text}");
                }
            }
        }
        for text in ["c5rf", "x.C5RF", "applic", "xN~applicatx"] {
            assert!(spoken.is_in(text), "{text}");
        }
        assert!(spoken.is_in(&TOKEN.to_ascii_lowercase()));
    }

    #[test]
    fn an_identifier_is_not_taken_for_a_part_of_it() {
        for id in [
            "req-1",
            "5",
            "appli",
            "GSSSO",
            "MARQUEE-CSRF-TOKEN-1",
            "5f3a1c52-7d55-4ac1-9a5c-0b8e3f6d2a17",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert!(!spoken().is_in(id), "{id}");
        }
    }
}
