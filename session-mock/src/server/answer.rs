//! Answers that several endpoints give.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::body::Body;

pub(super) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(super) fn json(status: StatusCode, body: impl Into<String>) -> Response<Body> {
    let mut response = empty(status);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, APPLICATION_JSON);
    *response.body_mut() = Body::whole(body.into());
    response
}

pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::whole(""));
    *response.status_mut() = status;
    response
}

/// An error in the form of RFC 6749 §5.2, for what no RFC gives a code too.
pub(super) fn error(status: StatusCode, code: &str, description: &str) -> Response<Body> {
    let body = json!({ "error": code, "error_description": description });
    json(status, body.to_string())
}

pub(super) fn method_not_allowed(allowed: &'static str) -> Response<Body> {
    let mut response = error(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        "this endpoint does not take this method",
    );
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

pub(super) fn too_large() -> Response<Body> {
    error(
        StatusCode::PAYLOAD_TOO_LARGE,
        "invalid_request",
        "the body is longer than 1 MiB",
    )
}

/// Answers that carry tokens, or errors in their place, must not be kept (RFC 6749 §5.1).
pub(super) fn not_stored(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Why the token or the revocation endpoint refuses a request (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: &'static str,
    /// Constant, so that nothing of the request can come back in it.
    description: &'static str,
}

impl Refusal {
    pub(super) const fn invalid_request(description: &'static str) -> Self {
        let code = "invalid_request";
        Self { code, description }
    }

    pub(super) const fn invalid_client(description: &'static str) -> Self {
        let code = "invalid_client";
        Self { code, description }
    }

    pub(super) const fn invalid_grant(description: &'static str) -> Self {
        let code = "invalid_grant";
        Self { code, description }
    }

    pub(super) const fn invalid_scope(description: &'static str) -> Self {
        let code = "invalid_scope";
        Self { code, description }
    }

    pub(super) const fn unauthorized_client(description: &'static str) -> Self {
        let code = "unauthorized_client";
        Self { code, description }
    }

    pub(super) const fn unsupported_grant_type(description: &'static str) -> Self {
        let code = "unsupported_grant_type";
        Self { code, description }
    }

    pub(super) fn response(self) -> Response<Body> {
        if self.code != "invalid_client" {
            return error(StatusCode::BAD_REQUEST, self.code, self.description);
        }
        let mut response = error(StatusCode::UNAUTHORIZED, self.code, self.description);
        let challenge = HeaderValue::from_static(r#"Basic realm="session-mock", charset="UTF-8""#);
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        response
    }
}
