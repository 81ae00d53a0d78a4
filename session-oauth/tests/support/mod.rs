//! What the kits need to know of this backend.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::{
    fmt::Debug,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::json;
use session_core::{Credential, SessionHandle, Transport};
use session_http::{Client, Connections};
use session_mock::{Answer, Hold, Kind, Outage, Provider, Subject, Unable, canary};
use session_oauth::{AuthorizationServer, ClientAuth, OAuth, OAuthBuilder};
use url::form_urlencoded;

const ID: &str = "orders-service";

/// All that the provider is told concerns these; everything else works.
const KINDS: [Kind; 2] = [Kind::Token, Kind::Revoke];

/// The client credentials grant, with the embedded provider. It is known by its endpoints, or is discovered; and it may give
/// refresh tokens, which this grant does not need.
pub struct ClientCredentials<const DISCOVERED: bool, const REFRESHED: bool = false> {
    provider: Provider,
    secret: String,
    holds: Mutex<Vec<Hold>>,
    echoes: AtomicUsize,
}

impl<const DISCOVERED: bool, const REFRESHED: bool> ClientCredentials<DISCOVERED, REFRESHED> {
    fn server(&self) -> AuthorizationServer {
        if DISCOVERED {
            return AuthorizationServer::issuer(self.provider.issuer().as_str());
        }
        AuthorizationServer::token_endpoint(self.provider.token_endpoint().as_str())
            .revocation_endpoint(self.provider.revocation_endpoint().as_str())
    }

    fn builder(&self, id: &str) -> OAuthBuilder {
        OAuth::client_credentials(self.server(), id, self.secret.as_str())
            .api(self.provider.api().as_str())
    }

    /// The one client that there is.
    fn register(&self, secret: &str) {
        self.provider
            .add_client(session_mock::Client::new(ID, secret));
    }

    fn fail(&self, outage: &Outage) {
        for kind in KINDS {
            self.provider.fail(kind, outage.clone());
        }
    }
}

impl<const DISCOVERED: bool, const REFRESHED: bool> Subject
    for ClientCredentials<DISCOVERED, REFRESHED>
{
    fn start() -> Self {
        let secret = canary();
        let client = session_mock::Client::new(ID, &secret);
        let provider = Provider::builder().client(client).start().unwrap();
        provider.set_refresh_tokens(REFRESHED);
        Self {
            provider,
            secret,
            holds: Mutex::default(),
            echoes: AtomicUsize::new(0),
        }
    }

    fn session(&self) -> SessionHandle {
        self.builder(ID).open().unwrap()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.register(&self.secret);
        for kind in KINDS {
            self.provider.recover(kind);
        }
        self.holds.lock().unwrap().clear();
        match answer {
            Answer::Accept => {}
            Answer::Refuse => self.register("another"),
            Answer::Fail => self.fail(&Outage::status(StatusCode::SERVICE_UNAVAILABLE)),
            Answer::Garble => self.fail(&Outage::html(StatusCode::OK)),
            Answer::Hold => {
                let held = KINDS.map(|kind| self.provider.hold(kind));
                self.holds.lock().unwrap().extend(held);
            }
            Answer::Echo(text) => {
                let number = self.echoes.fetch_add(1, Ordering::Relaxed);
                self.fail(&echo(text, number));
            }
            _ => return Err(Unable::because("the provider has no such answer")),
        }
        Ok(())
    }

    fn authentications(&self) -> Result<usize, Unable> {
        Ok(self.provider.count(Kind::Token))
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok(Some(Duration::from_secs(3600)))
    }

    fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
        self.provider.set_lifetime(lifetime);
        Ok(())
    }

    fn interactions(&self) -> Result<usize, Unable> {
        Ok(0)
    }

    async fn honours(&self, credential: &Credential) -> Result<bool, Unable> {
        let token = credential.kept("refresh_token").unwrap();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose_str().unwrap()),
        ];
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let endpoint = self.provider.token_endpoint();
        let client = Connections::new(Transport::DEFAULT)
            .client(endpoint)
            .await
            .unwrap();
        let request = client
            .post(endpoint.clone())
            .basic_auth(ID, Some(&self.secret))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        Ok(request.send().await.unwrap().status() == StatusCode::OK)
    }

    async fn admits(&self, session: &SessionHandle) -> Result<bool, Unable> {
        let client = Client::builder().session(session).build();
        let answer = client.get("orders").send().await;
        Ok(answer.is_ok_and(|answer| answer.status() == StatusCode::OK))
    }

    fn ends(&self) -> Result<(), Unable> {
        Ok(())
    }

    fn others(&self) -> Vec<SessionHandle> {
        let builder = || self.builder(ID);
        let others = [
            self.builder("another"),
            builder().client_auth(ClientAuth::SecretPost),
            builder().scope("read"),
            builder().audience("https://api.example.com"),
            builder().resource("https://api.example.com"),
            OAuth::client_credentials("https://idp.example.com/token", ID, self.secret.as_str()),
        ];
        others.map(|other| other.open().unwrap()).into()
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![self.secret.clone()];
        // All are made alike, and the log holds none or all of a kind.
        secrets.extend(self.provider.issued().into_iter().step_by(20));
        secrets
    }

    fn visible(&self) -> Vec<Box<dyn Debug>> {
        vec![Box::new(self.builder(ID)), Box::new(self.server())]
    }
}

/// One of the answers that have room for a text.
fn echo(text: &str, number: usize) -> Outage {
    let body = match number % 6 {
        0 => json!({ "error": "invalid_client", "error_description": text }),
        1 => json!({ "error": text }),
        2 => json!({ "access_token": "t", "token_type": text }),
        3 => json!({ "access_token": "t", "expires_in": text }),
        4 => json!({ "access_token": [text] }),
        _ => return Outage::json(StatusCode::OK, text),
    };
    let status = [StatusCode::BAD_REQUEST, StatusCode::OK][number % 2];
    Outage::json(status, body.to_string())
}
