//! What the fuzzer reaches that nobody else does. Compiled for it alone.

use http::{HeaderMap, StatusCode};
use session_core::{Credential, Result, Secret};

use crate::{asked::Asked, endpoint::Endpoint, redaction::Redaction, token, wire::Answer};

/// The credential that a session with this secret makes of an answer to its token request.
///
/// # Errors
///
/// As those of a session's `init`.
///
/// # Panics
///
/// When the status is none: no target has such.
pub fn token_answer(status: u16, body: &[u8], client_secret: &str) -> Result<Credential> {
    let answer = Answer {
        status: StatusCode::from_u16(status).expect("the target knows the statuses there are"),
        headers: HeaderMap::new(),
        body: Some(Secret::new(body)),
    };
    let asked = Asked {
        what: &"client credentials grant",
        endpoint: &Endpoint::parse("https://idp.example.com/token").expect("it is an address"),
        client_id: "svc",
        redaction: &Redaction::of([client_secret.as_bytes()]),
    };
    token::credential(&answer, &asked, &["read".to_owned()])
}
