//! The protected API, under `/api/`.

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer;
use super::bearer::{Bearer, Refusal};
use super::body::Body;
use super::received::Received;
use super::state::{State, lock};
use super::tokens::{Invalid, Token};

pub(super) fn answer(state: &State, request: &Received) -> Response<Body> {
    let text = match Bearer::of(request) {
        Bearer::Absent => return Refusal::NoToken.response(),
        Bearer::Malformed => return Refusal::Malformed.response(),
        Bearer::Token(text) => text,
    };
    let tokens = lock(&state.tokens);
    let token = match tokens.valid(text, state.clock.now()) {
        Ok(token) => token,
        Err(invalid) => return Refusal::Invalid(invalid).response(),
    };
    let path = request.path.strip_prefix("/api/").unwrap_or_default();
    match path.split_once('/') {
        Some(("status", number)) => status(number),
        Some(("scoped", name)) => match scope_of(name) {
            None => not_found(),
            Some(scope) if token.scopes.contains(&scope) => echo(request, token, text),
            Some(scope) => Refusal::InsufficientScope(&scope).response(),
        },
        None if path == "redirect" => redirect(request),
        _ => echo(request, token, text),
    }
}

/// What the request looked like from here; never the token, not even where the client put it into the query or body.
fn echo(request: &Received, token: &Token, text: &str) -> Response<Body> {
    let shown = |part: &str| part.replace(text, "[the token]");
    let content_type = request.headers.get(CONTENT_TYPE);
    let seen = json!({
        "method": request.method.as_str(),
        "path": shown(&request.path),
        "query": request.query.as_deref().map(shown),
        "client_id": token.client_id,
        "scopes": token.scopes,
        "content_type": content_type.map(|value| shown(&String::from_utf8_lossy(value.as_bytes()))),
        "body": shown(&String::from_utf8_lossy(&request.body)),
    });
    answer::json(StatusCode::OK, seen.to_string())
}

/// Answers with the status that the path names, if it can end an exchange.
fn status(number: &str) -> Response<Body> {
    let Some(status) = number
        .parse()
        .ok()
        .filter(|number| (200..600).contains(number))
    else {
        return not_found();
    };
    match StatusCode::from_u16(status) {
        // A 401 without a challenge would be no 401 (RFC 9110 §15.5.2).
        Ok(StatusCode::UNAUTHORIZED) => Refusal::Invalid(Invalid::Revoked).response(),
        Ok(
            status
            @ (StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED),
        ) => answer::empty(status),
        Ok(status) => answer::json(status, json!({ "status": status.as_u16() }).to_string()),
        Err(_) => not_found(),
    }
}

fn redirect(request: &Received) -> Response<Body> {
    let query = request.query.as_deref().unwrap_or_default();
    let parameter = |name| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let status = parameter("status").map_or(Ok(302), |status| status.parse());
    let status = status.ok().filter(|status| (300..400).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let location = parameter("to").and_then(|to| HeaderValue::from_str(&to).ok());
    let (Some(status), Some(location)) = (status, location) else {
        return answer::error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "a redirect takes the query ?to=URL, and perhaps &status= from 300 to 399",
        );
    };
    let mut response = answer::empty(status);
    response.headers_mut().insert(LOCATION, location);
    response
}

/// The scope that a path names, if it is of the grammar of RFC 6749 §3.3.
fn scope_of(name: &str) -> Option<String> {
    let scope = percent_decode_str(name).decode_utf8().ok()?;
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (!scope.is_empty() && scope.bytes().all(allowed)).then(|| scope.into_owned())
}

fn not_found() -> Response<Body> {
    let body = json!({ "error": Value::from("not_found") });
    answer::json(StatusCode::NOT_FOUND, body.to_string())
}
