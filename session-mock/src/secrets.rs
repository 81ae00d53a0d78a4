//! What is secret of a session.

use http::{HeaderMap, HeaderName, header};
use session_core::Credential;

/// How short a secret may be: what is shorter is found in everything.
pub(crate) const SHORTEST: usize = 8;

/// All that a credential sends or keeps.
pub(crate) fn of_credential(credential: &Credential) -> Vec<Vec<u8>> {
    let sent = credential.iter_headers();
    let sent = sent.flat_map(|(name, secret)| in_header(name, secret.expose()));
    sent.chain(kept(credential)).collect()
}

/// What a credential keeps, and never sends.
pub(crate) fn kept(credential: &Credential) -> impl Iterator<Item = Vec<u8>> {
    let kept = credential.iter_kept();
    kept.map(|(_, secret)| secret.expose().to_vec())
}

/// What is marked as secret on a request.
pub(crate) fn on_request(headers: &HeaderMap) -> Vec<Vec<u8>> {
    let marked = headers.iter().filter(|(_, value)| value.is_sensitive());
    marked
        .flat_map(|(name, value)| in_header(name, value.as_bytes()))
        .collect()
}

/// A header's value, and what in it is the secret.
pub(crate) fn in_header(name: &HeaderName, value: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(value);
    let mut secrets = Vec::new();
    if name == header::COOKIE {
        let cookies = text.split(';').filter_map(|pair| pair.split_once('='));
        secrets.extend(cookies.map(|(_, value)| value.trim().as_bytes().to_vec()));
    } else if let Some((_scheme, token)) = text.split_once(' ') {
        secrets.push(token.as_bytes().to_vec());
    }
    secrets.push(value.to_vec());
    secrets
}

/// The headers of a request that are not marked as secret, as lines to be searched.
pub(crate) fn unmarked(headers: &HeaderMap) -> String {
    let unmarked = headers.iter().filter(|(_, value)| !value.is_sensitive());
    let lines = unmarked.map(|(name, value)| {
        let (text, bytes) = (String::from_utf8_lossy(value.as_bytes()), value.as_bytes());
        format!("{name}: {text}\n{name}: {}\n", bytes.escape_ascii())
    });
    lines.collect()
}
