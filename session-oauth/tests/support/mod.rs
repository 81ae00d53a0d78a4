//! What the kits need to know of this backend.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::{fmt::Debug, time::Duration};

use http::{StatusCode, header::CONTENT_TYPE};
use session_core::{Credential, SessionHandle, Transport};
use session_http::{Client, Connections};
use session_mock::{Answer, Counterpart, Provider, Subject, Unable, canary};
use session_oauth::{AuthorizationServer, ClientAuth, OAuth, OAuthBuilder};
use url::form_urlencoded;

const ID: &str = "orders-service";

/// The client credentials grant, with the embedded provider. It is known by its endpoints, or is discovered; and it may give
/// refresh tokens, which this grant does not need.
pub struct ClientCredentials<const DISCOVERED: bool, const REFRESHED: bool = false> {
    counterpart: Counterpart,
}

impl<const DISCOVERED: bool, const REFRESHED: bool> ClientCredentials<DISCOVERED, REFRESHED> {
    fn server(&self) -> AuthorizationServer {
        if DISCOVERED {
            return AuthorizationServer::issuer(self.provider().issuer().as_str());
        }
        AuthorizationServer::token_endpoint(self.provider().token_endpoint().as_str())
            .revocation_endpoint(self.provider().revocation_endpoint().as_str())
    }

    fn builder(&self, id: &str) -> OAuthBuilder {
        OAuth::client_credentials(self.server(), id, self.provider().client_secret())
            .api(self.provider().api().as_str())
    }

    fn provider(&self) -> &Provider {
        self.counterpart.provider()
    }
}

impl<const DISCOVERED: bool, const REFRESHED: bool> Subject
    for ClientCredentials<DISCOVERED, REFRESHED>
{
    fn start() -> Self {
        let client = session_mock::Client::new(ID, canary());
        let counterpart = Counterpart::start(Provider::builder(), client).unwrap();
        counterpart.provider().set_refresh_tokens(REFRESHED);
        Self { counterpart }
    }

    fn session(&self) -> SessionHandle {
        self.builder(ID).open().unwrap()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.counterpart.answer(answer)
    }

    fn authentications(&self) -> Result<usize, Unable> {
        Ok(self.counterpart.authentications())
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok(Some(Counterpart::LIFETIME))
    }

    fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
        self.provider().set_lifetime(lifetime);
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
        let endpoint = self.provider().token_endpoint();
        let client = Connections::new(Transport::DEFAULT)
            .client(endpoint)
            .await
            .unwrap();
        let request = client
            .post(endpoint.clone())
            .basic_auth(ID, Some(self.provider().client_secret()))
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
            OAuth::client_credentials(
                "https://idp.example.com/token",
                ID,
                self.provider().client_secret(),
            ),
        ];
        others.map(|other| other.open().unwrap()).into()
    }

    fn secrets(&self) -> Vec<String> {
        self.counterpart.secrets()
    }

    fn visible(&self) -> Vec<Box<dyn Debug>> {
        vec![Box::new(self.builder(ID)), Box::new(self.server())]
    }
}
