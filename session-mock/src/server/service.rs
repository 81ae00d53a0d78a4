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
use super::link::Link;
use super::outage::Outage;
use super::received::Received;
use super::reply;
use super::request::Request;
use super::state::{State, lock};
#[cfg(feature = "websocket")]
use super::websocket;
use super::{answer, api, discovery, revocation_endpoint, token_endpoint};

pub(super) async fn answer(
    state: Arc<State>,
    link: Arc<Link>,
    request: http::Request<Incoming>,
) -> Result<Response<Body>, Cut> {
    let (connection, head) = (link.number(&state.connections), link.next_head());
    let kind_of = |path: &str| state.kind_of(path);
    let request = Received::read(request, state.clock.now(), kind_of, connection, head).await;
    let request = Arc::new(request.map_err(|_| Cut::ClientFailed)?);
    let form = Form::parse(match request.kind {
        Kind::Token | Kind::Revoke => &request.body,
        _ => &[],
    });
    let lenient = state
        .site
        .as_ref()
        .is_some_and(|site| site.takes_bearer_with_secret());
    let presented = Presented::by(&request, &form, lenient);
    let mut treatment = state.conduct(request.kind).treatment();
    let (claims, token) = claims(&state, &request, &form, presented.as_ref().ok());
    let at_work = state.load.begin(request.kind);
    let ticket = state.log.record(Entry::new(request.clone(), claims, token));

    treatment.pause().await;
    let mut issued = None;
    let serve = || {
        let (response, token) = dispatch(&state, &request, &form, presented);
        issued = token;
        response
    };
    let answer = match treatment.outage {
        None => match of_site(&state, &link, &request) {
            Some(Ok(response)) => Ok(response),
            Some(Err(outage)) => {
                if outage.hangs() {
                    drop(at_work);
                }
                outage.happen().await
            }
            None => Ok(serve()),
        },
        Some(outage) => {
            if outage.is_after_work() && of_site(&state, &link, &request).is_none() {
                serve();
            }
            if outage.hangs() {
                drop(at_work);
            }
            outage.happen().await
        }
    };
    // Before the answer is on its way, so that whoever has seen it finds it in the log.
    state
        .log
        .ended(&ticket, answer.as_ref().ok().map(Response::status), issued);
    answer
}

/// What the site answers, if there is one and the request is for it; `Err`: how it fails.
fn of_site(
    state: &State,
    link: &Link,
    request: &Received,
) -> Option<Result<Response<Body>, Outage>> {
    #[cfg(not(feature = "websocket"))]
    let _ = link;
    let site = state.site.as_ref().filter(|_| request.kind == Kind::Api)?;
    if request.too_large {
        return Some(Ok(answer::too_large()));
    }
    let client_id = match Bearer::of(request) {
        Bearer::Token(text) => {
            let tokens = lock(&state.tokens);
            let token = tokens.valid(text, state.clock.now()).ok();
            token.map(|token| token.client_id.clone())
        }
        Bearer::Absent | Bearer::Malformed => None,
    };
    // Outside of the lock: the site is the user's code, and may use the provider.
    let reply = site.answer(&Request::new(request, client_id.as_deref()));
    Some(match reply.0 {
        reply::Form::Outage(outage) => Err(outage),
        #[cfg(feature = "websocket")]
        reply::Form::Switch(conversation) => Ok(match websocket::accept(&request.headers) {
            Some(accepted) => {
                link.switch_to(conversation);
                accepted
            }
            None => websocket::refusal(),
        }),
    })
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

/// What the request says of itself, and which access token it presents.
fn claims(
    state: &State,
    request: &Received,
    form: &Form,
    presented: Option<&Presented>,
) -> (Claims, Option<usize>) {
    let refresh_token = match request.kind {
        Kind::Token => form.get("refresh_token"),
        Kind::Revoke => form.get("token"),
        _ => None,
    };
    let refresh_token = refresh_token.and_then(|text| {
        lock(&state.refresh_tokens)
            .find(text)
            .map(|token| token.serial)
    });
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
        refresh_token,
    };
    (claims, token.map(|(serial, _)| serial))
}
