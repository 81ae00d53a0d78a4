//! The number under which Marquee knows of a request.

use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, COOKIE},
};
use memchr::memmem;
use session_core::SessionHandle;

use crate::{Client, cookies::CSRF_HEADER};

/// What authenticates requests, so that it can be told from what a server says.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Spoken([Option<HeaderValue>; 3]);

impl Spoken {
    pub(crate) fn of(session: &SessionHandle) -> Self {
        Self([AUTHORIZATION, COOKIE, CSRF_HEADER].map(|name| session.header_now(&name)))
    }

    /// Whether a text is part of a secret, or has one in it.
    fn is_in(&self, text: &str) -> bool {
        let values = self.0.iter().flatten();
        values
            .filter_map(|value| str::from_utf8(value.as_bytes()).ok())
            .any(|value| has(value, text) || secrets(value).any(|it| has(text, it)))
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

/// Tokens are long, and this is looked for with each answer.
fn has(text: &str, part: &str) -> bool {
    text.len() >= part.len() && memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// It ends up in errors and logs: what is none is left out, and what a server repeats of the credential.
pub(crate) fn request_id(headers: &HeaderMap, client: &Client, sent: &Spoken) -> Option<String> {
    let id = headers.get("x-dash-requestid")?.to_str().ok()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if id.is_empty() || id.len() > 64 || !id.chars().all(is_plain) || sent.is_in(id) {
        return None;
    }
    // It may have been renewed on the way.
    let now = client.with_session(|session| Ok(Spoken::of(session)));
    let is_of_now = now.is_ok_and(|now| now != *sent && now.is_in(id));
    (!is_of_now).then(|| id.to_owned())
}
