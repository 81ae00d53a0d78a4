//! Bearer tokens at the protected API (RFC 6750).

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use super::answer;
use super::body::Body;
use super::received::Received;
use super::tokens::Invalid;

/// What a request presents in its `Authorization` header, the only place where a token is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer<'a> {
    /// No bearer token; perhaps another scheme.
    Absent,
    /// No token of the grammar of RFC 6750 §2.1, or more than one header.
    Malformed,
    Token(&'a str),
}

impl<'a> Bearer<'a> {
    pub(super) fn of(request: &'a Received) -> Self {
        let header = match request.single(&AUTHORIZATION) {
            Ok(None) => return Self::Absent,
            Ok(Some(header)) => header,
            Err(_) => return Self::Malformed,
        };
        let Ok(header) = std::str::from_utf8(header) else {
            return Self::Malformed;
        };
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Self::Absent;
        }
        let token = token.trim_start_matches(' ');
        if is_b64token(token) {
            Self::Token(token)
        } else {
            Self::Malformed
        }
    }
}

/// Why the API refuses a request (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal<'a> {
    NoToken,
    Malformed,
    Invalid(Invalid),
    /// The token lacks this scope, which is of the grammar of RFC 6749 §3.3.
    InsufficientScope(&'a str),
}

impl Refusal<'_> {
    pub(super) fn response(self) -> Response<Body> {
        let (status, code, description) = match self {
            // A request without a token learns no error code.
            Self::NoToken => return challenged(answer::empty(StatusCode::UNAUTHORIZED), ""),
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "the Authorization header holds no bearer token, or there are several",
            ),
            Self::Invalid(Invalid::Unknown) => invalid_token("the token is unknown"),
            Self::Invalid(Invalid::Expired) => invalid_token("the token expired"),
            Self::Invalid(Invalid::Revoked) => invalid_token("the token was revoked"),
            Self::InsufficientScope(_) => (
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "the token lacks a scope",
            ),
        };
        let scope = match self {
            Self::InsufficientScope(scope) => format!(r#", scope="{scope}""#),
            _ => String::new(),
        };
        let parameters = format!(r#", error="{code}", error_description="{description}"{scope}"#);
        challenged(answer::error(status, code, description), &parameters)
    }
}

fn challenged(mut response: Response<Body>, parameters: &str) -> Response<Body> {
    let challenge = HeaderValue::try_from(format!(r#"Bearer realm="session-mock"{parameters}"#))
        .expect("the parameters are constants and perhaps a scope, which is visible ASCII");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn invalid_token(description: &'static str) -> (StatusCode, &'static str, &'static str) {
    (StatusCode::UNAUTHORIZED, "invalid_token", description)
}

fn is_b64token(text: &str) -> bool {
    let letters = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !letters.is_empty() && letters.bytes().all(allowed)
}
