//! The token endpoint (RFC 6749 §3.2).

use http::{Method, Response, StatusCode};

use super::answer::{self, Refusal};
use super::body::Body;
use super::client::Client;
use super::client_auth::Presented;
use super::form::Form;
use super::random::unguessable;
use super::received::Received;
use super::refresh_tokens::RefreshToken;
use super::state::{State, lock};
use super::tokens::Token;

const CLIENT_CREDENTIALS: &str = "client_credentials";

const REFRESH_TOKEN: &str = "refresh_token";

/// The grants that this endpoint knows at present.
pub(super) fn grants(state: &State) -> Vec<&'static str> {
    if lock(&state.terms).refresh_tokens {
        vec![CLIENT_CREDENTIALS, REFRESH_TOKEN]
    } else {
        vec![CLIENT_CREDENTIALS]
    }
}

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
        .and_then(|client| grant(state, form, &client).map(|granted| (client, granted)));
    let (response, issued) = match granted {
        Ok((client, granted)) => issue(state, &client, &granted),
        Err(refusal) => (refusal.response(), None),
    };
    (answer::not_stored(response), issued)
}

/// What a token is issued for.
struct Granted {
    scopes: Vec<String>,
    /// Of the refresh token that was used, if one was.
    family: Option<usize>,
}

/// What the request's grant gives the client.
fn grant(state: &State, form: &Form, client: &Client) -> Result<Granted, Refusal> {
    match form.get("grant_type") {
        Some(CLIENT_CREDENTIALS) => Ok(Granted {
            scopes: scopes(form, client.allowed_scopes())?,
            family: None,
        }),
        Some(REFRESH_TOKEN) if lock(&state.terms).refresh_tokens => refresh(state, form, client),
        Some(_) => Err(Refusal::unsupported_grant_type(
            "this provider does not know the grant_type",
        )),
        None => Err(Refusal::invalid_request("there is no grant_type")),
    }
}

/// RFC 6749 §6.
fn refresh(state: &State, form: &Form, client: &Client) -> Result<Granted, Refusal> {
    const USELESS: Refusal =
        Refusal::invalid_grant("the refresh token is used up, revoked, another client's or none");
    let text = form
        .get("refresh_token")
        .ok_or(Refusal::invalid_request("there is no refresh_token"))?;
    let mut tokens = lock(&state.refresh_tokens);
    let token = tokens
        .find(text)
        .filter(|token| token.client_id == client.id());
    let scopes = scopes(form, &token.ok_or(USELESS)?.scopes)?;
    let family = Some(tokens.spend(text).ok_or(USELESS)?.family);
    Ok(Granted { scopes, family })
}

/// The scopes asked for, or all that are allowed when the request names none (RFC 6749 §3.3).
fn scopes(form: &Form, allowed: &[String]) -> Result<Vec<String>, Refusal> {
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

fn issue(state: &State, client: &Client, granted: &Granted) -> (Response<Body>, Option<usize>) {
    let (Ok(access_token), Ok(refresh_token)) = (unguessable(), unguessable()) else {
        let response = answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "the operating system gives no random numbers",
        );
        return (response, None);
    };
    let terms = lock(&state.terms).clone();
    let scopes = &granted.scopes;
    let expires_at = state.clock.now().checked_add(terms.lifetime);
    let token = Token::new(&access_token, client.id(), scopes, expires_at);
    let serial = lock(&state.tokens).issue(token);
    let refresh_token = terms.refresh_tokens.then_some(&*refresh_token);
    if let Some(text) = refresh_token {
        let token = RefreshToken::new(serial, granted.family, client.id(), scopes);
        lock(&state.refresh_tokens).issue(text, token);
    }
    let body = terms.answer(&access_token, refresh_token, &scopes.join(" "));
    (answer::json(StatusCode::OK, body), Some(serial))
}
