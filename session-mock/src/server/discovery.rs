//! The metadata documents: RFC 8414, and the same under OpenID Connect Discovery's name.

use std::collections::BTreeSet;

use http::{Method, Response, StatusCode};
use serde_json::json;

use super::answer;
use super::body::Body;
use super::client::{Client, ClientAuthMethod};
use super::received::Received;
use super::state::{State, lock};
use super::token_endpoint::grants;

pub(super) fn answer(state: &State, request: &Received) -> Response<Body> {
    if request.method != Method::GET && request.method != Method::HEAD {
        return answer::method_not_allowed("GET, HEAD");
    }
    let endpoints = &state.endpoints;
    let auth_methods = ClientAuthMethod::ALL.map(ClientAuthMethod::as_str);
    let clients = lock(&state.clients);
    let scopes: BTreeSet<_> = clients.values().flat_map(Client::allowed_scopes).collect();
    let metadata = json!({
        "issuer": endpoints.issuer.as_str(),
        "token_endpoint": endpoints.token.as_str(),
        "token_endpoint_auth_methods_supported": auth_methods,
        "revocation_endpoint": endpoints.revocation.as_str(),
        "revocation_endpoint_auth_methods_supported": auth_methods,
        "grant_types_supported": grants(state),
        "response_types_supported": [],
        "scopes_supported": scopes,
    });
    answer::json(StatusCode::OK, metadata.to_string())
}
