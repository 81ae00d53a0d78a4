//! JSON and MessagePack.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::super::reply::Reply;
use super::super::request::Request;

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");
const MESSAGE_PACK: HeaderValue = HeaderValue::from_static("application/x-msgpack");

/// How deep MessagePack is nested at most: as much as `serde_json` takes, and what a thread's stack holds.
const DEPTH: usize = 128;

/// The body as a value, be it JSON or MessagePack, all of it; `null` if it is neither.
pub(super) fn body(request: &Request<'_>) -> Value {
    let content_type = request.header(CONTENT_TYPE.as_str());
    let is_packed = content_type.is_some_and(|value| mentions_message_pack(value.as_bytes()));
    let value = if is_packed {
        unpacked(request.body())
    } else {
        serde_json::from_slice(request.body()).ok()
    };
    value.unwrap_or_default()
}

fn unpacked(mut rest: &[u8]) -> Option<Value> {
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    deserializer.set_max_depth(DEPTH);
    let value = Value::deserialize(&mut deserializer).ok()?;
    rest.is_empty().then_some(value)
}

/// The parameters of the query, as the object that a body would have.
pub(super) fn parameters(request: &Request<'_>) -> Value {
    let parameters = request.parameters().into_iter();
    Value::Object(
        parameters
            .map(|(name, value)| (name, value.into()))
            .collect(),
    )
}

/// An answer in the format that the request accepts.
pub(super) fn encoded(request: &Request<'_>, answer: &Value) -> Reply {
    let accept = request.header(ACCEPT.as_str());
    if accept.is_some_and(|value| mentions_message_pack(value.as_bytes()))
        && let Ok(packed) = rmp_serde::to_vec_named(answer)
    {
        return Reply::body(StatusCode::OK, MESSAGE_PACK, packed);
    }
    Reply::body(StatusCode::OK, JSON, answer.to_string())
}

fn mentions_message_pack(value: &[u8]) -> bool {
    let value = String::from_utf8_lossy(value).to_ascii_lowercase();
    ["application/x-msgpack", "application/msgpack"]
        .iter()
        .any(|name| value.contains(name))
}
