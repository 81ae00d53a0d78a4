//! The token endpoint (RFC 6749).

use session_mock::{Client, ClientAuthMethod, Provider};

use crate::wire::{Answer, api_status, ask, basic, get, post, token, token_request};

const GRANT: &str = "grant_type=client_credentials";

/// A provider with a client whose id and secret are all that form-encoding is for.
fn awkward() -> Provider {
    let client = Client::new("id:with +%", "secret=&+%/ü");
    Provider::builder().client(client).start().unwrap()
}

fn posted(provider: &Provider, headers: &str, form: &str) -> Answer {
    ask(provider, post("/token", headers, form))
}

#[test]
fn a_token_answer_is_complete_and_not_to_be_stored() {
    let provider = Provider::start().unwrap();
    let answer = ask(&provider, token_request(&provider, ""));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.header("content-length"),
        Some(&*answer.body.len().to_string())
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let json = answer.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 3600);
    assert_eq!(json["scope"], "read write");
    assert_eq!(provider.issued(), [answer.access_token()]);
    assert_eq!(api_status(&provider, &answer.access_token()), 200);
}

#[test]
fn no_two_tokens_or_secrets_are_alike() {
    let (one, other) = (Provider::start().unwrap(), Provider::start().unwrap());
    assert_ne!(one.client_secret(), other.client_secret());
    assert_ne!(token(&one), token(&one));
    assert!(token(&one).len() >= 43, "256 bits in base64");
}

#[test]
fn basic_credentials_are_form_decoded() {
    let provider = awkward();
    let encoded = basic("id%3Awith+%2B%25", "secret%3D%26%2B%25%2F%C3%BC");
    assert_eq!(posted(&provider, &encoded, GRANT).status, 200);
    let raw = basic("id:with +%", "secret=&+%/ü");
    assert_eq!(
        posted(&provider, &raw, GRANT).error(),
        (401, "invalid_client".into())
    );
}

#[test]
fn the_secret_may_be_in_the_body() {
    let provider = awkward();
    let form =
        format!("{GRANT}&client_id=id%3Awith+%2B%25&client_secret=secret%3D%26%2B%25%2F%C3%BC");
    assert_eq!(posted(&provider, "", &form).status, 200);
}

#[test]
fn who_does_not_authenticate_is_challenged() {
    let provider = Provider::start().unwrap();
    let (id, secret) = (provider.client_id(), provider.client_secret());
    for headers in [
        String::new(),
        basic(id, "wrong"),
        basic("stranger", secret),
        basic(id, ""),
        "authorization: Basic !!!\r\n".to_owned(),
        "authorization: Basic bm9jb2xvbg==\r\n".to_owned(),
        "authorization: Basic\r\n".to_owned(),
        format!("authorization: Bearer {secret}\r\n"),
    ] {
        let answer = posted(&provider, &headers, GRANT);
        assert_eq!(answer.error(), (401, "invalid_client".into()), "{headers}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.text().contains(secret));
    }
    let only_id = format!("{GRANT}&client_id={id}");
    assert_eq!(
        posted(&provider, "", &only_id).error(),
        (401, "invalid_client".into())
    );
    let wrong = format!("{GRANT}&client_id={id}&client_secret=wrong");
    assert_eq!(
        posted(&provider, "", &wrong).error(),
        (401, "invalid_client".into())
    );
    assert!(provider.issued().is_empty());
}

#[test]
fn a_client_authenticates_once() {
    let provider = Provider::start().unwrap();
    let (id, secret) = (provider.client_id(), provider.client_secret());
    let once = basic(id, secret);
    let invalid = (400, "invalid_request".to_owned());
    let both = format!("{GRANT}&client_id={id}&client_secret={secret}");
    assert_eq!(posted(&provider, &once, &both).error(), invalid);
    assert_eq!(
        posted(&provider, &format!("{once}{once}"), GRANT).error(),
        invalid
    );
    let other_id = format!("{GRANT}&client_id=other");
    assert_eq!(posted(&provider, &once, &other_id).error(), invalid);
    // To repeat the id alone is no second method.
    let same_id = format!("{GRANT}&client_id={id}");
    assert_eq!(posted(&provider, &once, &same_id).status, 200);
}

#[test]
fn a_client_is_kept_to_its_methods() {
    let provider = Provider::start().unwrap();
    let client = |id| Client::new(id, "secret");
    provider.add_client(client("basic").auth_methods([ClientAuthMethod::ClientSecretBasic]));
    provider.add_client(client("post").auth_methods([ClientAuthMethod::ClientSecretPost]));
    let by_basic = |id| posted(&provider, &basic(id, "secret"), GRANT).status;
    let by_post = |id| {
        posted(
            &provider,
            "",
            &format!("{GRANT}&client_id={id}&client_secret=secret"),
        )
        .status
    };
    assert_eq!((by_basic("basic"), by_post("basic")), (200, 401));
    assert_eq!((by_basic("post"), by_post("post")), (401, 200));
}

#[test]
fn malformed_requests_are_invalid() {
    let provider = Provider::start().unwrap();
    let auth = basic(provider.client_id(), provider.client_secret());
    let invalid = (400, "invalid_request".to_owned());
    for form in [
        "",
        "grant_type=",
        "scope=read",
        "grant_type=client_credentials&grant_type=client_credentials",
        "grant_type=client_credentials&scope=read&scope=write",
        "grant_type=client_credentials&unknown=1&unknown=2",
    ] {
        assert_eq!(posted(&provider, &auth, form).error(), invalid, "{form}");
    }
    let in_query = post(&format!("/token?{GRANT}"), &auth, GRANT);
    assert_eq!(ask(&provider, in_query).error(), invalid);
    let as_json = post("/token", &auth, GRANT).replace("x-www-form-urlencoded", "json");
    assert_eq!(ask(&provider, as_json).error(), invalid);
    assert!(provider.issued().is_empty());

    let with_charset =
        post("/token", &auth, GRANT).replace("urlencoded", "URLencoded; charset=utf-8");
    assert_eq!(ask(&provider, with_charset).status, 200);
    assert_eq!(
        posted(&provider, &auth, &format!("{GRANT}&unknown=1")).status,
        200
    );
}

#[test]
fn other_grants_and_methods_are_refused() {
    let provider = Provider::start().unwrap();
    let auth = basic(provider.client_id(), provider.client_secret());
    let password = posted(
        &provider,
        &auth,
        "grant_type=password&username=u&password=p",
    );
    assert_eq!(password.error(), (400, "unsupported_grant_type".into()));
    let got = ask(&provider, get("/token", &auth));
    assert_eq!((got.status, got.header("allow")), (405, Some("POST")));
}

#[test]
fn scopes_are_those_asked_for_and_allowed() {
    let provider = Provider::start().unwrap();
    provider.add_client(Client::new("id", "secret").scopes(["a", "b", "c"]));
    let asked = |scope: &str| {
        posted(
            &provider,
            &basic("id", "secret"),
            &format!("{GRANT}&scope={scope}"),
        )
    };
    assert_eq!(asked("b").json()["scope"], "b");
    assert_eq!(asked("c+a").json()["scope"], "c a");
    assert_eq!(asked("").json()["scope"], "a b c");
    for scope in ["d", "a+d", "A", "a++b", "+a"] {
        assert_eq!(
            asked(scope).error(),
            (400, "invalid_scope".into()),
            "{scope}"
        );
    }
}

#[test]
fn clients_change_while_it_runs() {
    let provider = Provider::start().unwrap();
    let status = |id: &str, secret: &str| posted(&provider, &basic(id, secret), GRANT).status;
    assert_eq!(status("late", "one"), 401);
    provider.add_client(Client::new("late", "one"));
    assert_eq!(status("late", "one"), 200);
    provider.add_client(Client::new("late", "two"));
    assert_eq!((status("late", "one"), status("late", "two")), (401, 200));
    let token = provider.issued().pop().unwrap();
    provider.remove_client("late");
    assert_eq!(status("late", "two"), 401);
    assert_eq!(api_status(&provider, &token), 200);
}
