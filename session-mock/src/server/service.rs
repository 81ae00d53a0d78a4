//! From a request to its answer.

use std::sync::Arc;

use http::{Response, StatusCode};
use hyper::body::Incoming;

use super::answer::Refusal;
use super::bearer::Bearer;
use super::body::Body;
use super::client_auth::Presented;
use super::connection::Cut;
use super::entry::{Claims, Entry, Kind};
use super::form::Form;
use super::received::Received;
use super::state::{State, lock};
use super::{answer, api, discovery, revocation_endpoint, token_endpoint};

pub(super) async fn answer(
    state: Arc<State>,
    request: http::Request<Incoming>,
) -> Result<Response<Body>, Cut> {
    let request = Received::read(request, state.clock.now()).await;
    let request = Arc::new(request.map_err(|_| Cut::ClientFailed)?);
    let form = Form::parse(match request.kind {
        Kind::Token | Kind::Revoke => &request.body,
        _ => &[],
    });
    let presented = Presented::by(&request, &form);
    let mut treatment = state.conduct(request.kind).treatment();
    let (claims, token) = claims(&state, &request, &form, presented.as_ref().ok());
    let ticket = state.log.record(Entry::new(request.clone(), claims, token));

    treatment.pause().await;
    let (response, issued) = match treatment.outage {
        Some(outage) => (outage.happen().await?, None),
        None => dispatch(&state, &request, &form, presented),
    };
    // Before the answer is on its way, so that whoever has seen it finds it in the log.
    state.log.answered(&ticket, response.status(), issued);
    Ok(response)
}

fn dispatch(
    state: &State,
    request: &Received,
    form: &Form,
    presented: Result<Presented, Refusal>,
) -> (Response<Body>, Option<usize>) {
    if request.too_large {
        return (answer::too_large(), None);
    }
    let response = match request.kind {
        Kind::Token => return token_endpoint::answer(state, request, form, presented),
        Kind::Revoke => revocation_endpoint::answer(state, request, form, presented),
        Kind::Discovery => discovery::answer(state, request),
        Kind::Api => api::answer(state, request),
        Kind::Other => answer::error(
            StatusCode::NOT_FOUND,
            "not_found",
            "the provider serves nothing here",
        ),
    };
    (response, None)
}

/// What the request says of itself, and which token it presents.
fn claims(
    state: &State,
    request: &Received,
    form: &Form,
    presented: Option<&Presented>,
) -> (Claims, Option<usize>) {
    let tokens = lock(&state.tokens);
    let token = match request.kind {
        Kind::Revoke => form.get("token"),
        Kind::Api => match Bearer::of(request) {
            Bearer::Token(text) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let token = token.and_then(|text| tokens.find(text));
    let client_id = match request.kind {
        Kind::Api => token.map(|(_, token)| token.client_id.clone()),
        _ => presented.map(|presented| presented.id.clone()),
    };
    let claims = Claims {
        client_id,
        auth_method: presented.map(|presented| presented.method),
        grant: form.get("grant_type").map(str::to_owned),
        scope: form.get("scope").map(str::to_owned),
    };
    (claims, token.map(|(serial, _)| serial))
}
