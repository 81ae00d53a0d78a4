//! The protected API, and bearer tokens at it (RFC 6750).

use std::time::Duration;

use serde_json::{Value, json};
use session_mock::{Client, Provider};

use crate::wire::{Wire, api_status, ask, get, get_with_token, token, token_request};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn without_a_token_the_challenge_has_no_error() {
    let provider = Provider::start().unwrap();
    for headers in [
        "",
        "authorization: Basic YTpi\r\n",
        "authorization: Negotiate YTpi\r\n",
    ] {
        let answer = ask(&provider, get("/api/orders", headers));
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="session-mock""#)
        );
        assert_eq!(answer.text(), "");
    }
    // Neither the query nor the body is a place for a token here.
    let token = token(&provider);
    assert_eq!(
        ask(
            &provider,
            get(&format!("/api/orders?access_token={token}"), "")
        )
        .status,
        401
    );
}

#[test]
fn a_token_is_invalid_when_unknown_expired_or_revoked() {
    let provider = Provider::builder().lifetime(100 * DAY).start().unwrap();
    let challenged = |token: &str, why: &str| {
        let answer = ask(&provider, get_with_token("/api/orders", token));
        assert_eq!(answer.error(), (401, "invalid_token".into()));
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with(r#"Bearer realm="session-mock", error="invalid_token""#),
            "{challenge}"
        );
        assert!(challenge.contains(why), "{challenge}");
    };
    challenged("stranger", "unknown");

    let token = token(&provider);
    provider.advance(99 * DAY);
    assert_eq!(api_status(&provider, &token), 200);
    provider.advance(DAY);
    challenged(&token, "expired");

    let token = crate::wire::token(&provider);
    assert_eq!(api_status(&provider, &token), 200);
    provider.refuse();
    challenged(&token, "revoked");
    assert_eq!(api_status(&provider, &crate::wire::token(&provider)), 200);
}

#[test]
fn malformed_authorization_is_an_invalid_request() {
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let good = format!("authorization: Bearer {token}\r\n");
    for headers in [
        "authorization: Bearer\r\n".to_owned(),
        "authorization: Bearer  \r\n".to_owned(),
        "authorization: Bearer two words\r\n".to_owned(),
        "authorization: Bearer \"quoted\"\r\n".to_owned(),
        "authorization: Bearer ==\r\n".to_owned(),
        format!("{good}{good}"),
    ] {
        let answer = ask(&provider, get("/api/orders", &headers));
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{headers}");
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .contains(r#"error="invalid_request""#)
        );
    }
    let lower_case = good.replace("Bearer", "bearer");
    assert_eq!(ask(&provider, get("/api/orders", &lower_case)).status, 200);
}

#[test]
fn it_says_what_it_saw() {
    let provider = Provider::start().unwrap();
    provider.add_client(Client::new("id", "secret").scopes(["only"]));
    let body = r#"{"amount":1}"#;
    let request = format!(
        "PUT /api/orders/7?dry=1&q=%20 HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        token(&provider),
        body.len(),
    );
    let answer = ask(&provider, request);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(
        answer.json(),
        json!({
            "method": "PUT",
            "path": "/api/orders/7",
            "query": "dry=1&q=%20",
            "client_id": "session-mock",
            "scopes": ["read", "write"],
            "content_type": "application/json",
            "body": body,
        })
    );
    let bare = ask(&provider, get_with_token("/api/", &token(&provider))).json();
    assert_eq!(
        (&bare["query"], &bare["content_type"], &bare["body"]),
        (&Value::Null, &Value::Null, &json!(""))
    );
}

#[test]
fn it_never_shows_the_token() {
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let request = format!(
        "POST /api/{token}?token={token} HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {token}\r\n\
         content-type: {token}\r\ncontent-length: {}\r\n\r\n{token}",
        token.len(),
    );
    let answer = ask(&provider, request);
    assert_eq!(answer.json()["body"], "[the token]");
    assert!(!answer.text().contains(&token));
}

#[test]
fn it_answers_with_the_status_asked_for() {
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let mut wire = Wire::to(&provider);
    for status in [200, 201, 204, 304, 404, 429, 503, 599] {
        let answer = wire.ask(get_with_token(&format!("/api/status/{status}"), &token));
        assert_eq!(answer.status, status);
    }
    let refused = wire.ask(get_with_token("/api/status/401", &token));
    assert!(
        refused
            .header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );
    for nonsense in ["", "0", "100", "600", "99999999", "abc", "-200"] {
        let answer = wire.ask(get_with_token(&format!("/api/status/{nonsense}"), &token));
        assert_eq!(answer.status, 404, "{nonsense}");
    }
    assert_eq!(ask(&provider, get("/api/status/200", "")).status, 401);
}

#[test]
fn it_redirects() {
    let provider = Provider::start().unwrap();
    let token = token(&provider);
    let redirected = |query: &str| {
        ask(
            &provider,
            get_with_token(&format!("/api/redirect{query}"), &token),
        )
    };
    let found = redirected("?to=https%3A%2F%2Felsewhere.example%2F%3Fa%3D1");
    assert_eq!(
        (found.status, found.header("location")),
        (302, Some("https://elsewhere.example/?a=1"))
    );
    let kept = redirected("?to=/api/orders&status=307");
    assert_eq!(
        (kept.status, kept.header("location")),
        (307, Some("/api/orders"))
    );
    for query in [
        "",
        "?status=302",
        "?to=/a&status=200",
        "?to=/a&status=x",
        "?to=/a%0d%0aset-cookie:b",
    ] {
        assert_eq!(redirected(query).status, 400, "{query}");
    }
}

#[test]
fn a_scope_may_be_required() {
    let provider = Provider::start().unwrap();
    provider.add_client(Client::new("id", "secret"));
    let token = ask(&provider, token_request(&provider, "&scope=read")).access_token();
    let scoped = |name: &str| {
        ask(
            &provider,
            get_with_token(&format!("/api/scoped/{name}"), &token),
        )
    };
    assert_eq!(scoped("read").json()["scopes"], json!(["read"]));
    assert_eq!(scoped("r%65ad").status, 200);
    let refused = scoped("orders:write/all");
    assert_eq!(refused.error(), (403, "insufficient_scope".into()));
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.contains(r#"error="insufficient_scope""#),
        "{challenge}"
    );
    assert!(
        challenge.ends_with(r#"scope="orders:write/all""#),
        "{challenge}"
    );
    for nonsense in ["", "%22", "a%20b", "%0d%0a", "%ff"] {
        assert_eq!(scoped(nonsense).status, 404, "{nonsense}");
    }
}
