//! The revocation endpoint (RFC 7009).

use session_mock::{Client, Kind, Provider};

use crate::wire::{Answer, api_status, ask, basic, get, post, token};

fn revoke(provider: &Provider, form: &str) -> Answer {
    let auth = basic(provider.client_id(), provider.client_secret());
    ask(provider, post("/revoke", &auth, form))
}

#[test]
fn a_revoked_token_is_refused_and_no_other() {
    let provider = Provider::start().unwrap();
    let (revoked, kept) = (token(&provider), token(&provider));
    let answer = revoke(
        &provider,
        &format!("token={revoked}&token_type_hint=access_token"),
    );
    assert_eq!((answer.status, answer.text()), (200, ""));
    assert_eq!(api_status(&provider, &revoked), 401);
    assert_eq!(api_status(&provider, &kept), 200);
    let entry = provider
        .log()
        .into_iter()
        .find(|entry| entry.kind() == Kind::Revoke);
    assert_eq!(entry.unwrap().token(), Some(1));
}

#[test]
fn to_revoke_again_or_what_never_was_succeeds() {
    let provider = Provider::start().unwrap();
    let form = format!("token={}", token(&provider));
    assert_eq!(revoke(&provider, &form).status, 200);
    assert_eq!(revoke(&provider, &form).status, 200);
    assert_eq!(revoke(&provider, "token=never-was").status, 200);
}

#[test]
fn only_the_tokens_own_client_revokes_it() {
    let provider = Provider::start().unwrap();
    provider.add_client(Client::new("other", "secret"));
    let token = token(&provider);
    let form = format!("token={token}");
    let by_other = ask(&provider, post("/revoke", &basic("other", "secret"), &form));
    assert_eq!(by_other.error(), (400, "unauthorized_client".into()));
    let by_nobody = ask(&provider, post("/revoke", "", &form));
    assert_eq!(by_nobody.error(), (401, "invalid_client".into()));
    let by_liar = ask(
        &provider,
        post("/revoke", &basic(provider.client_id(), "wrong"), &form),
    );
    assert_eq!(by_liar.error(), (401, "invalid_client".into()));
    assert_eq!(api_status(&provider, &token), 200);
}

#[test]
fn malformed_requests_are_invalid() {
    let provider = Provider::start().unwrap();
    let invalid = (400, "invalid_request".to_owned());
    assert_eq!(revoke(&provider, "").error(), invalid);
    assert_eq!(revoke(&provider, "token=a&token=b").error(), invalid);
    assert_eq!(ask(&provider, get("/revoke?token=a", "")).status, 405);
}
