//! The metadata documents (RFC 8414).

use serde_json::json;
use session_mock::{Client, Kind, Provider};

use crate::wire::{ask, get, post};

const DOCUMENTS: [&str; 2] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

#[test]
fn both_documents_say_where_everything_is() {
    let provider = Provider::start().unwrap();
    provider.add_client(Client::new("other", "secret").scopes(["admin", "read"]));
    for document in DOCUMENTS {
        let answer = ask(&provider, get(document, ""));
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json"))
        );
        let json = answer.json();
        assert_eq!(json["issuer"], provider.issuer().as_str());
        assert_eq!(json["token_endpoint"], provider.token_endpoint().as_str());
        assert_eq!(
            json["revocation_endpoint"],
            provider.revocation_endpoint().as_str()
        );
        assert_eq!(json["grant_types_supported"], json!(["client_credentials"]));
        let methods = json!(["client_secret_basic", "client_secret_post"]);
        assert_eq!(json["token_endpoint_auth_methods_supported"], methods);
        assert_eq!(json["scopes_supported"], json!(["admin", "read", "write"]));
        assert_eq!(json["response_types_supported"], json!([]));
    }
    assert_eq!(provider.count(Kind::Discovery), 2);
}

#[test]
fn the_documents_are_only_read() {
    let provider = Provider::start().unwrap();
    let posted = ask(&provider, post(DOCUMENTS[0], "", ""));
    assert_eq!(
        (posted.status, posted.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

#[test]
fn urls_are_on_loopback_and_join() {
    let provider = Provider::start().unwrap();
    assert_eq!(provider.issuer().host_str(), Some("127.0.0.1"));
    assert_eq!(
        provider.token_endpoint(),
        &provider.issuer().join("token").unwrap()
    );
    assert!(provider.api().join("orders").unwrap().path() == "/api/orders");
}

#[test]
fn nothing_is_elsewhere() {
    let provider = Provider::start().unwrap();
    for path in ["/", "/api", "/tokens", "/.well-known/jwks.json"] {
        assert_eq!(ask(&provider, get(path, "")).status, 404, "{path}");
    }
    assert_eq!(provider.count(Kind::Other), 4);
}
