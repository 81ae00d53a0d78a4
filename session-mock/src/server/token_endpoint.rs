//! The token endpoint (RFC 6749 §3.2).

use http::{Method, Response, StatusCode};

use super::answer::{self, Refusal};
use super::body::Body;
use super::client::Client;
use super::client_auth::Presented;
use super::form::Form;
use super::random::unguessable;
use super::received::Received;
use super::state::{State, lock};
use super::tokens::Token;

/// The grants that this endpoint knows.
pub(super) const GRANTS: [&str; 1] = [CLIENT_CREDENTIALS];

const CLIENT_CREDENTIALS: &str = "client_credentials";

/// Answers a request, and says which token it issued.
pub(super) fn answer(
    state: &State,
    request: &Received,
    form: &Form,
    presented: Result<Presented, Refusal>,
) -> (Response<Body>, Option<usize>) {
    if request.method != Method::POST {
        return (answer::method_not_allowed("POST"), None);
    }
    let granted = form
        .check(request)
        .and(presented)
        .and_then(|presented| presented.authenticate(&lock(&state.clients)).cloned())
        .and_then(|client| grant(form, &client).map(|scopes| (client, scopes)));
    let (response, issued) = match granted {
        Ok((client, scopes)) => issue(state, &client, &scopes),
        Err(refusal) => (refusal.response(), None),
    };
    (answer::not_stored(response), issued)
}

/// The scopes that the request's grant gives the client.
fn grant(form: &Form, client: &Client) -> Result<Vec<String>, Refusal> {
    match form.get("grant_type") {
        Some(CLIENT_CREDENTIALS) => allowed_scopes(form, client),
        Some(_) => Err(Refusal::unsupported_grant_type(
            "this provider does not know the grant_type",
        )),
        None => Err(Refusal::invalid_request("there is no grant_type")),
    }
}

/// The scopes asked for, or all that the client may have when it names none (RFC 6749 §3.3).
fn allowed_scopes(form: &Form, client: &Client) -> Result<Vec<String>, Refusal> {
    let allowed = client.allowed_scopes();
    let Some(requested) = form.get("scope") else {
        return Ok(allowed.to_vec());
    };
    let requested: Vec<String> = requested.split(' ').map(str::to_owned).collect();
    if requested.iter().all(|scope| allowed.contains(scope)) {
        Ok(requested)
    } else {
        Err(Refusal::invalid_scope(
            "the client may not have all of the requested scopes",
        ))
    }
}

fn issue(state: &State, client: &Client, scopes: &[String]) -> (Response<Body>, Option<usize>) {
    let Ok(access_token) = unguessable() else {
        let response = answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "the operating system gives no random numbers",
        );
        return (response, None);
    };
    let terms = lock(&state.terms).clone();
    let expires_at = state.clock.now().checked_add(terms.lifetime);
    let token = Token::new(&access_token, client.id(), scopes, expires_at);
    let serial = lock(&state.tokens).issue(token);
    let body = terms.answer(&access_token, &scopes.join(" "));
    (answer::json(StatusCode::OK, body), Some(serial))
}
