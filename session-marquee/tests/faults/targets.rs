//! Where a request, or a secret, can be made to go.

use session_core::{Config, ErrorKind, open};
use session_marquee::MarqueeEnvironment;
use session_mock::Kind;

use crate::support::{last, opened, provider};

#[tokio::test]
async fn no_token_goes_to_another_host_by_domain_path_or_at_sign() {
    let (provider, other) = (provider(), provider());
    let port = other.api().port().unwrap();
    let (_session, client) = opened(&provider).await;
    for target in [
        format!("http://127.0.0.1:{port}/x"),
        format!("https://evil.example:{port}/x"),
        format!("//127.0.0.1:{port}/x"),
        format!("\\\\127.0.0.1:{port}/x"),
        "../../x".to_owned(),
    ] {
        for request in [client.get(&target), client.get(&target).unversioned()] {
            assert_eq!(
                request.check().unwrap_err().kind(),
                ErrorKind::Forbidden,
                "{target}"
            );
            let error = request.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{target}");
        }
    }
    // As part of the path they are harmless.
    for target in [
        format!("@127.0.0.1:{port}/x"),
        format!("{port}/x"),
        format!(".evil.example:{port}/x"),
    ] {
        client.get(&target).unversioned().send().await.unwrap();
        assert_eq!(last(&provider).path(), format!("/api/{target}"));
    }
    assert!(other.log().is_empty());
}

#[test]
fn a_url_in_place_of_an_environment_sends_no_secret_to_that_of_another() {
    let error = "https://api.example.com"
        .parse::<MarqueeEnvironment>()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let base = Config::new()
        .set("client_id", "id")
        .set("client_secret", "s");
    for (key, value) in [
        ("environment", "https://api.example.com"),
        ("environment", "production"),
        ("environment.api", "https://api.example.com"),
        ("environment.mds", "https://api.example.com"),
    ] {
        let error = open("marquee", base.clone().set(key, value)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{key}");
    }
}

#[tokio::test]
async fn a_url_with_control_characters_is_none() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for url in [
        format!("{}a\tb", provider.api()),
        format!("{}x\n", provider.api()),
    ] {
        let error = client.get(&url).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(provider.count(Kind::Api), 0);
}

#[tokio::test]
async fn the_address_of_a_websocket_is_none_of_a_request_and_the_error_says_so() {
    let provider = provider();
    let (_session, client) = opened(&provider).await;
    for scheme in ["wss", "ws", "WSS"] {
        let target = format!("{scheme}://127.0.0.1/stream");
        let error = client.get(&target).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("websocket"), "{error}");
    }
}
