//! The revocation endpoint (RFC 7009).

use http::{Method, Response, StatusCode};

use super::answer::{self, Refusal};
use super::body::Body;
use super::client_auth::Presented;
use super::form::Form;
use super::received::Received;
use super::state::{State, lock};

pub(super) fn answer(
    state: &State,
    request: &Received,
    form: &Form,
    presented: Result<Presented, Refusal>,
) -> Response<Body> {
    if request.method != Method::POST {
        return answer::method_not_allowed("POST");
    }
    let revoked = form
        .check(request)
        .and(presented)
        .and_then(|presented| revoke(state, form, &presented));
    answer::not_stored(match revoked {
        Ok(()) => answer::empty(StatusCode::OK),
        Err(refusal) => refusal.response(),
    })
}

const ANOTHERS: Refusal = Refusal::unauthorized_client("the token was issued to another client");

fn revoke(state: &State, form: &Form, presented: &Presented) -> Result<(), Refusal> {
    presented.authenticate(&lock(&state.clients))?;
    let text = form
        .get("token")
        .ok_or(Refusal::invalid_request("there is no token"))?;
    let mut refresh_tokens = lock(&state.refresh_tokens);
    let refresh_token = refresh_tokens.find(text);
    if let Some((client_id, family)) = refresh_token.map(|token| (&token.client_id, token.family)) {
        if *client_id != presented.id {
            return Err(ANOTHERS);
        }
        let mut tokens = lock(&state.tokens);
        // All that came of the grant goes with it (RFC 7009 §2.1).
        for serial in refresh_tokens.revoke(family) {
            tokens.revoke(serial);
        }
        return Ok(());
    }
    let mut tokens = lock(&state.tokens);
    match tokens
        .find(text)
        .map(|(serial, token)| (serial, &token.client_id))
    {
        Some((_, client_id)) if *client_id != presented.id => Err(ANOTHERS),
        Some((serial, _)) => {
            tokens.revoke(serial);
            Ok(())
        }
        // Nothing is left to revoke, which is what the client wants (RFC 7009 §2.2).
        None => Ok(()),
    }
}
