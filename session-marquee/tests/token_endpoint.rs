//! A certified provider as Marquee's token endpoint, which is strict where Marquee is not: it refuses a request for a token that carries
//! a token.

#![expect(
    clippy::unwrap_used,
    reason = "what these tests share is as much a test as they are"
)]

use std::{env, fs, time::Duration};

use http::{StatusCode, header::AUTHORIZATION};
use serde_json::Value;
use session_core::{ErrorKind, Secret, SessionHandle};
use session_http::reqwest;
use session_marquee::{Client, Marquee, MarqueeBuilder, MarqueeEnvironment, Scope};
use session_mock::{MockClock, MockExecutor};

/// The provider, as its line of JSON describes it.
struct Oidc(Value);

impl Oidc {
    fn here() -> Self {
        let file = env::var("SESSION_TEST_OIDC").expect(
            "SESSION_TEST_OIDC does not say where the provider is; run `cargo xtask test`, which starts it",
        );
        Self(serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).unwrap().as_str().unwrap()
    }

    fn environment(&self, origin: &str) -> MarqueeEnvironment {
        let auth = format!("{origin}{}", self.text("/token_path"));
        let environment = MarqueeEnvironment::custom("loopback", &format!("{origin}/api/"), &auth);
        environment.unwrap().ca_file(self.text("/ca_pem"))
    }

    fn client(&self, id: &str) -> MarqueeBuilder {
        let secret = Secret::from(self.text(&format!("/clients/{id}/secret")));
        let environment = self.environment(self.text("/issuer_https"));
        Marquee::client_credentials(environment, id, secret)
    }

    /// Has the provider forget a token.
    async fn revoke(&self, id: &str, token: &str) {
        let pem = fs::read(self.text("/ca_pem")).unwrap();
        let authorities = reqwest::Certificate::from_pem_bundle(&pem).unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(authorities);
        let url = format!("{}/token/revocation", self.text("/issuer_https"));
        let secret = self.text(&format!("/clients/{id}/secret"));
        let request = client
            .build()
            .unwrap()
            .post(url)
            .basic_auth(id, Some(secret));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(format!("token={token}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

async fn token(session: &SessionHandle) -> String {
    let credential = session.credential().await.unwrap();
    let header = credential.header(&AUTHORIZATION).unwrap();
    header
        .expose_str()
        .unwrap()
        .trim_start_matches("Bearer ")
        .to_owned()
}

async fn orders(session: &SessionHandle) -> session_core::Result<Value> {
    Client::new(session)
        .get("/orders")
        .send()
        .await?
        .decode()
        .await
}

#[tokio::test]
async fn an_application_has_the_scopes_of_marquee() {
    let oidc = Oidc::here();
    let session = oidc
        .client("gs-app")
        .scope(Scope::RunAnalytics)
        .open()
        .unwrap();
    session.init().await.unwrap();
    let seen = orders(&session).await.unwrap().to_string();
    for scope in Scope::DEFAULT.iter().chain([&Scope::RunAnalytics]) {
        assert!(seen.contains(scope.as_str()), "{seen}");
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_replaced_without_being_sent_along() {
    let oidc = Oidc::here();
    let session = oidc.client("gs-app").open().unwrap();
    session.init().await.unwrap();
    let first = token(&session).await;
    oidc.revoke("gs-app", &first).await;
    // gs_quant fails here: `client authentication must only be provided using one mechanism`.
    orders(&session).await.unwrap();
    assert_ne!(token(&session).await, first);
}

#[tokio::test]
async fn a_token_that_expires_is_replaced_before_it_is_refused() {
    let oidc = Oidc::here();
    let clock = MockClock::new();
    let session = SessionHandle::builder(oidc.client("cc-short").build().unwrap())
        .clock(clock.clone())
        .executor(MockExecutor::new(&clock))
        .build();
    session.init().await.unwrap();
    let first = token(&session).await;
    clock.advance(Duration::from_secs(60));
    assert_ne!(token(&session).await, first);
    orders(&session).await.unwrap();
}

#[tokio::test]
async fn what_the_provider_refuses_is_denied_and_no_secret_is_told() {
    let oidc = Oidc::here();
    let environment = || oidc.environment(oidc.text("/issuer_https"));
    let wrong = Secret::from("a wrong secret");
    let wrong = Marquee::client_credentials(environment(), "gs-app", wrong)
        .open()
        .unwrap();
    let narrow = oidc.client("cc-narrow").open().unwrap();
    for (session, says) in [(wrong, "invalid_client"), (narrow, "invalid_scope")] {
        let error = session.init().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let text = error.to_string();
        assert!(
            text.contains(says) && !text.contains("a wrong secret"),
            "{text}"
        );
        // Nothing is left of it that a request would be made with.
        assert_eq!(
            orders(&session).await.unwrap_err().kind(),
            ErrorKind::Closed
        );
    }
}

#[tokio::test]
async fn a_server_that_cannot_show_who_it_is_gets_no_secret() {
    let oidc = Oidc::here();
    for bad in ["wrong_host", "expired", "self_signed"] {
        let environment = oidc.environment(oidc.text(&format!("/bad_tls/{bad}")));
        let secret = Secret::from(oidc.text("/clients/gs-app/secret"));
        let session = Marquee::client_credentials(environment, "gs-app", secret)
            .open()
            .unwrap();
        let error = session.init().await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::Denied, "{bad}: {error}");
        assert!(
            error.to_string().to_lowercase().contains("certificate"),
            "{bad}: {error}"
        );
    }
}
