//! oidc-provider, its clients, and the failures that it can be told to show.

use http::StatusCode;
use serde_json::Value;
use session_core::BasicEnvironment;
use session_http::reqwest;
use session_oauth::{AuthorizationServer, OAuth, OAuthBuilder};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::counterpart::Counterpart;

/// Scripted faults strike whoever comes next: nobody else may then be there.
static FAULTS: RwLock<()> = RwLock::const_new(());

pub(crate) struct Oidc {
    pub(crate) provider: Counterpart,
    _alone: Alone,
}

#[expect(dead_code, reason = "held, not read")]
enum Alone {
    No(RwLockReadGuard<'static, ()>),
    Yes(RwLockWriteGuard<'static, ()>),
}

impl Oidc {
    pub(crate) async fn shared() -> Self {
        Self {
            _alone: Alone::No(FAULTS.read().await),
            provider: Counterpart::of("SESSION_TEST_OIDC"),
        }
    }

    pub(crate) async fn alone() -> Self {
        let provider = Counterpart::of("SESSION_TEST_OIDC");
        let oidc = Self {
            _alone: Alone::Yes(FAULTS.write().await),
            provider,
        };
        oidc.control(reqwest::Method::DELETE, "/faults", String::new())
            .await;
        oidc
    }

    pub(crate) fn issuer(&self) -> AuthorizationServer {
        AuthorizationServer::issuer(self.provider.text("/issuer_https"))
    }

    pub(crate) fn token_endpoint(&self) -> AuthorizationServer {
        AuthorizationServer::token_endpoint(self.provider.text("/token_endpoint"))
    }

    pub(crate) fn secret(&self, client_id: &str) -> &str {
        self.provider.0["clients"][client_id]["secret"]
            .as_str()
            .expect("the client has a secret")
    }

    pub(crate) fn environment(&self) -> BasicEnvironment {
        let api = format!("{}/api/v1/", self.provider.text("/issuer_https"));
        self.provider.environment().service("api", &api).unwrap()
    }

    pub(crate) fn client(&self, server: AuthorizationServer, client_id: &str) -> OAuthBuilder {
        OAuth::client_credentials(server, client_id, self.secret(client_id))
            .environment(self.environment())
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control(reqwest::Method::POST, "/faults", fault.to_string())
            .await;
    }

    pub(crate) async fn control(&self, method: reqwest::Method, path: &str, body: String) {
        let url = format!("{}{path}", self.provider.text("/control"));
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap();
        let answer = client.request(method, url).body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }

    /// A request with nothing of a session, to ask what became of a token.
    pub(crate) async fn status_of(&self, token: &str) -> StatusCode {
        let url = format!("{}/api/v1/orders", self.provider.text("/issuer_https"));
        self.bare()
            .get(url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .status()
    }

    pub(crate) async fn revoke(&self, token: &str, client_id: &str) {
        let url = format!("{}/token/revocation", self.provider.text("/issuer_https"));
        let request = self
            .bare()
            .post(url)
            .basic_auth(client_id, Some(self.secret(client_id)));
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={token}"));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }

    fn bare(&self) -> reqwest::Client {
        let pem = std::fs::read(self.provider.text("/ca_pem")).unwrap();
        let authorities = reqwest::Certificate::from_pem_bundle(&pem).unwrap();
        reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(authorities)
            .build()
            .unwrap()
    }
}
