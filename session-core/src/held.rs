//! The credential in use.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, header::COOKIE};

use crate::{
    Credential, Error, ErrorKind, Result, Secret,
    copies::Copies,
    sync::atomic::AtomicBool,
    validity::{Started, Validity},
};

/// A credential that replaced a useless one, and is found useless itself so soon, is not the problem.
const USELESS_AGAIN: Duration = Duration::from_secs(5);

/// A credential as the engine holds it: numbered, with headers ready to send.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) credential: Credential,
    /// Counts the credentials of a session from 1, so that a refusal says which one it means.
    pub(crate) generation: u64,
    pub(crate) validity: Validity,
    /// When it was put in the place of one that was refused, or had ended before its time, on the clock's monotonic time.
    pub(crate) replaces_useless: Option<Duration>,
    /// Whether it is in the session's store.
    pub(crate) is_stored: AtomicBool,
    /// A number that no other credential of this process has or had: a generation may be given out again, when
    /// what it was given to is never used.
    pub(crate) serial: u64,
    headers: Copies,
}

impl Held {
    /// Prepares a credential for use; `jitter` is from 0 to 1.
    ///
    /// # Errors
    ///
    /// `Protocol`, when a value has bytes that no header can carry.
    pub(crate) fn new(
        credential: Credential,
        generation: u64,
        started: Started,
        jitter: f64,
    ) -> Result<Self> {
        let headers = credential
            .iter_headers()
            .map(|(name, value)| Ok((name.clone(), header_value(name, value)?)))
            .collect::<Result<_>>()?;
        let serial = next_serial();
        Ok(Self {
            headers: Copies::new(headers, serial),
            serial,
            is_stored: AtomicBool::new(false),
            generation,
            validity: Validity::new(&credential, started, jitter),
            replaces_useless: None,
            credential,
        })
    }

    /// Whether it is found useless so soon after it has replaced another that was.
    pub(crate) fn is_useless_again(&self, now: Duration) -> bool {
        self.replaces_useless
            .is_some_and(|at| now.saturating_sub(at) < USELESS_AGAIN)
    }

    /// The value of one of the session's headers.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<HeaderValue> {
        let mut headers = self.headers.mine().iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }

    /// Puts the session's headers on a request.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in self.headers.mine() {
            let value = if name == COOKIE && headers.contains_key(COOKIE) {
                merge_cookies(headers.get_all(COOKIE).iter(), value)
            } else {
                value.clone()
            };
            // Not by `entry`, which takes four times as long.
            headers.insert(name.clone(), value);
        }
    }
}

fn next_serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn header_value(name: &HeaderName, value: &Secret) -> Result<HeaderValue> {
    value.header_value().ok_or_else(|| {
        Error::new(
            ErrorKind::Protocol,
            format!("the credential for header `{name}` has characters that no header can carry; it is damaged, or not what the server should give out"),
        )
    })
}

/// The caller's cookies and the session's in one header (RFC 6265 §5.4). What both have stands where the caller has it, with the
/// session's value.
fn merge_cookies<'a>(
    callers: impl Iterator<Item = &'a HeaderValue>,
    ours: &HeaderValue,
) -> HeaderValue {
    let mut left: Vec<_> = pairs(ours).collect();
    let mut merged = Vec::new();
    for pair in callers.flat_map(pairs) {
        let is_it = |ours: &&[u8]| cookie_name(ours) == cookie_name(pair);
        if pairs(ours).any(|ours| is_it(&ours)) {
            // Once, however often the caller has it.
            let at = left.iter().position(is_it);
            merged.extend(at.map(|at| left.remove(at)));
        } else {
            merged.push(pair);
        }
    }
    merged.extend(left);
    // In one allocation of the right size: one that grows leaves copies behind that nobody wipes.
    Secret::new(merged.join(b"; ".as_slice()))
        .header_value()
        .expect("parts of valid header values form a valid one")
}

fn pairs(cookies: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    cookies
        .as_bytes()
        .split(|byte| *byte == b';')
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty())
}

fn cookie_name(pair: &[u8]) -> &[u8] {
    pair.split(|byte| *byte == b'=').next().unwrap_or(pair)
}
