//! Refresh tokens (RFC 6749 §6), each good for one use.

use serde_json::json;
use session_mock::{Client, Kind, Outage, Provider};

use crate::wire::{Answer, Wire, api_status, ask, basic, get, post, token_request};

fn provider() -> Provider {
    let provider = Provider::start().unwrap();
    provider.set_refresh_tokens(true);
    provider
}

/// The access and the refresh token of an answer.
fn pair(answer: &Answer) -> [String; 2] {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    ["access_token", "refresh_token"].map(|name| json[name].as_str().unwrap().to_owned())
}

fn first(provider: &Provider, parameters: &str) -> [String; 2] {
    pair(&ask(provider, token_request(provider, parameters)))
}

fn form_of(provider: &Provider, refresh_token: &str, parameters: &str) -> String {
    let auth = basic(provider.client_id(), provider.client_secret());
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}{parameters}");
    post("/token", &auth, &form)
}

fn refresh(provider: &Provider, refresh_token: &str) -> Answer {
    ask(provider, form_of(provider, refresh_token, ""))
}

fn useless() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[test]
fn there_are_none_unless_they_are_asked_for() {
    let provider = Provider::start().unwrap();
    let answer = ask(&provider, token_request(&provider, ""));
    assert!(answer.json().get("refresh_token").is_none());
    let unsupported = (400, "unsupported_grant_type".to_owned());
    assert_eq!(refresh(&provider, "any").error(), unsupported);

    provider.set_refresh_tokens(true);
    let [_, refresh_token] = first(&provider, "");
    let metadata = get("/.well-known/oauth-authorization-server", "");
    let metadata = ask(&provider, metadata).json();
    let grants = json!(["client_credentials", "refresh_token"]);
    assert_eq!(metadata["grant_types_supported"], grants);
    provider.set_refresh_tokens(false);
    assert_eq!(refresh(&provider, &refresh_token).error(), unsupported);
}

#[test]
fn each_use_gives_another_of_both() {
    let provider = provider();
    let [access, one] = first(&provider, "&scope=read");
    let answer = refresh(&provider, &one);
    assert_eq!(answer.json()["scope"], "read", "what was granted once");
    let [renewed, two] = pair(&answer);
    assert!(access != renewed && one != two);
    assert_eq!(api_status(&provider, &access), 200);
    assert_eq!(api_status(&provider, &renewed), 200);
    let [_, three] = pair(&refresh(&provider, &two));
    let log: Vec<_> = provider
        .log()
        .iter()
        .filter(|entry| entry.kind() == Kind::Token)
        .map(|entry| (entry.refresh_token(), entry.token()))
        .collect();
    assert_eq!(
        log,
        [(None, Some(1)), (Some(1), Some(2)), (Some(2), Some(3))]
    );
    let shown = format!("{:?} {provider:?}", provider.log());
    for secret in [one, two, three] {
        assert!(!shown.contains(&secret), "{shown}");
    }
}

#[test]
fn one_presented_again_makes_all_useless_that_came_of_it() {
    let provider = provider();
    let [access, stolen] = first(&provider, "");
    let [_, other_family] = first(&provider, "");
    let [_, heir] = pair(&refresh(&provider, &stolen));
    assert_eq!(refresh(&provider, &stolen).error(), useless());
    assert_eq!(refresh(&provider, &heir).error(), useless());
    assert_eq!(refresh(&provider, &other_family).status, 200);
    assert_eq!(api_status(&provider, &access), 200, "it lives on");
}

#[test]
fn one_that_is_used_up_while_the_answer_is_lost_is_used_up() {
    let provider = provider();
    let [_, one] = first(&provider, "");
    provider.fail_next(Kind::Token, 1, Outage::answer_lost());
    let mut wire = Wire::to(&provider);
    wire.send(form_of(&provider, &one, ""));
    assert!(wire.answer().is_err());
    let entry = provider.log().pop().unwrap();
    assert_eq!(
        (entry.status(), entry.refresh_token(), entry.token()),
        (None, Some(1), Some(2))
    );
    assert_eq!(refresh(&provider, &one).error(), useless());
}

#[test]
fn it_is_the_clients_own_and_for_no_more_than_was_granted() {
    let provider = provider();
    provider.add_client(Client::new("other", "secret"));
    let [_, one] = first(&provider, "&scope=read");
    let form = format!("grant_type=refresh_token&refresh_token={one}");
    let by_other = ask(&provider, post("/token", &basic("other", "secret"), &form));
    assert_eq!(by_other.error(), useless());
    let more = ask(&provider, form_of(&provider, &one, "&scope=read+write"));
    assert_eq!(more.error(), (400, "invalid_scope".to_owned()));
    let none = ask(&provider, form_of(&provider, "", ""));
    assert_eq!(none.error(), (400, "invalid_request".to_owned()));
    assert_eq!(refresh(&provider, "never-was").error(), useless());
    // None of these has used it up.
    assert_eq!(refresh(&provider, &one).status, 200);
}

#[test]
fn revoked_it_takes_all_along_that_came_of_it() {
    let provider = provider();
    provider.add_client(Client::new("other", "secret"));
    let [access, one] = first(&provider, "");
    let [renewed, two] = pair(&refresh(&provider, &one));
    let [others, _] = first(&provider, "");
    let form = format!("token={two}");
    let by_other = ask(&provider, post("/revoke", &basic("other", "secret"), &form));
    assert_eq!(by_other.error(), (400, "unauthorized_client".to_owned()));
    let auth = basic(provider.client_id(), provider.client_secret());
    assert_eq!(ask(&provider, post("/revoke", &auth, &form)).status, 200);
    assert_eq!(provider.log().pop().unwrap().refresh_token(), Some(2));
    assert_eq!(refresh(&provider, &two).error(), useless());
    for (token, status) in [(access, 401), (renewed, 401), (others, 200)] {
        assert_eq!(api_status(&provider, &token), status);
    }
}
