//! Real providers, over https with a private certificate authority. `cargo xtask test` starts them.

use std::time::Duration;

use http::{StatusCode, header::AUTHORIZATION};
use serde_json::{Value, json};
use session_core::{BasicEnvironment, ErrorKind, SessionHandle};
use session_http::{Client, reqwest};
use session_mock::MockClock;
use session_oauth::{AuthorizationServer, ClientAuth, OAuth, OAuthBuilder};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A provider, as its line of JSON describes it.
struct Counterpart(Value);

impl Counterpart {
    fn of(variable: &str) -> Self {
        let read = std::env::var(variable)
            .map(|path| std::fs::read_to_string(path).expect("the file is there"));
        match read {
            Ok(line) => Self(serde_json::from_str(&line).expect("it is a line of JSON")),
            Err(_) => panic!(
                "{variable} does not say where the provider is; run `cargo xtask test`, which starts it"
            ),
        }
    }

    fn text(&self, pointer: &str) -> &str {
        let value = self.0.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("the provider does not tell {pointer}"))
    }

    fn environment(&self) -> BasicEnvironment {
        BasicEnvironment::new("loopback").ca_file(self.text("/ca_pem"))
    }

    /// What the profile that it prints makes.
    fn from_profile(&self) -> SessionHandle {
        let profile = self.0["profile"]
            .as_object()
            .expect("it tells a profile")
            .clone();
        let mut config = session_core::Config::new();
        for (key, value) in &profile {
            config = match value {
                _ if key == "backend" => config,
                Value::String(text) => config.set(key, text.as_str()),
                Value::Array(texts) => {
                    let texts: Vec<_> = texts.iter().filter_map(Value::as_str).collect();
                    config.set(key, texts)
                }
                Value::Object(table) => table.iter().fold(config, |config, (name, value)| {
                    config.set(&format!("{key}.{name}"), value.as_str().expect("a text"))
                }),
                _ => panic!("{key} is none of these"),
            };
        }
        session_core::open(self.text("/profile/backend"), config).unwrap()
    }
}

async fn failure(session: &SessionHandle) -> (ErrorKind, String) {
    let error = session.init().await.unwrap_err();
    (error.kind(), error.to_string())
}

async fn token(session: &SessionHandle) -> String {
    let credential = session.credential().await.unwrap();
    let header = credential
        .header(&AUTHORIZATION)
        .unwrap()
        .expose_str()
        .unwrap();
    header.strip_prefix("Bearer ").unwrap().to_owned()
}

mod oidc {
    use super::*;

    /// Scripted faults strike whoever comes next: nobody else may then be there.
    static FAULTS: RwLock<()> = RwLock::const_new(());

    struct Oidc {
        provider: Counterpart,
        _alone: Alone,
    }

    #[expect(dead_code, reason = "held, not read")]
    enum Alone {
        No(RwLockReadGuard<'static, ()>),
        Yes(RwLockWriteGuard<'static, ()>),
    }

    impl Oidc {
        async fn shared() -> Self {
            Self {
                _alone: Alone::No(FAULTS.read().await),
                provider: Counterpart::of("SESSION_TEST_OIDC"),
            }
        }

        async fn alone() -> Self {
            let provider = Counterpart::of("SESSION_TEST_OIDC");
            let oidc = Self {
                _alone: Alone::Yes(FAULTS.write().await),
                provider,
            };
            oidc.control(reqwest::Method::DELETE, "/faults", String::new())
                .await;
            oidc
        }

        fn issuer(&self) -> AuthorizationServer {
            AuthorizationServer::issuer(self.provider.text("/issuer_https"))
        }

        fn token_endpoint(&self) -> AuthorizationServer {
            AuthorizationServer::token_endpoint(self.provider.text("/token_endpoint"))
        }

        fn secret(&self, client_id: &str) -> &str {
            self.provider.0["clients"][client_id]["secret"]
                .as_str()
                .expect("the client has a secret")
        }

        fn environment(&self) -> BasicEnvironment {
            let api = format!("{}/api/v1/", self.provider.text("/issuer_https"));
            self.provider.environment().service("api", &api).unwrap()
        }

        fn client(&self, server: AuthorizationServer, client_id: &str) -> OAuthBuilder {
            OAuth::client_credentials(server, client_id, self.secret(client_id))
                .environment(self.environment())
        }

        async fn fault(&self, fault: Value) {
            self.control(reqwest::Method::POST, "/faults", fault.to_string())
                .await;
        }

        async fn control(&self, method: reqwest::Method, path: &str, body: String) {
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
        async fn status_of(&self, token: &str) -> StatusCode {
            let url = format!("{}/api/v1/orders", self.provider.text("/issuer_https"));
            self.bare()
                .get(url)
                .bearer_auth(token)
                .send()
                .await
                .unwrap()
                .status()
        }

        async fn revoke(&self, token: &str, client_id: &str) {
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

    #[tokio::test]
    async fn discovery_basic_api_revocation() {
        let oidc = Oidc::shared().await;
        let session = oidc
            .client(oidc.issuer(), "cc-basic")
            .scope("read_content")
            .open()
            .unwrap();
        session.init().await.unwrap();
        assert_eq!(
            session.credential().await.unwrap().granted_scopes(),
            ["read_content"]
        );
        let answer = Client::new(&session).get("orders").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["claims"]["client_id"], "cc-basic");

        let token = token(&session).await;
        assert_eq!(oidc.status_of(&token).await, StatusCode::OK);
        session.close().await.unwrap();
        assert_eq!(
            oidc.status_of(&token).await,
            StatusCode::UNAUTHORIZED,
            "it was revoked"
        );
    }

    #[tokio::test]
    async fn basic_with_special_characters() {
        let oidc = Oidc::shared().await;
        let session = oidc
            .client(oidc.token_endpoint(), "cc basic:special+id")
            .open()
            .unwrap();
        session.init().await.unwrap();
        assert_eq!(
            Client::new(&session)
                .get("orders")
                .send()
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
    }

    #[tokio::test]
    async fn post() {
        let oidc = Oidc::shared().await;
        let builder = oidc.client(oidc.token_endpoint(), "cc-post");
        let session = builder.client_auth(ClientAuth::SecretPost).open().unwrap();
        session.init().await.unwrap();
        assert_eq!(
            Client::new(&session)
                .get("orders")
                .send()
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
    }

    #[tokio::test]
    async fn the_profile_that_it_prints() {
        let oidc = Oidc::shared().await;
        let session = oidc.provider.from_profile();
        session.init().await.unwrap();
        assert_eq!(
            Client::new(&session)
                .get("orders")
                .send()
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
        session.close().await.unwrap();
    }

    #[tokio::test]
    async fn plain_http_on_this_machine() {
        let oidc = Oidc::shared().await;
        let issuer = AuthorizationServer::issuer(oidc.provider.text("/issuer_http"));
        let session = OAuth::client_credentials(issuer, "cc-basic", oidc.secret("cc-basic"))
            .open()
            .unwrap();
        session.init().await.unwrap();
        session.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_revoked_is_left_to_expire() {
        let oidc = Oidc::shared().await;
        let session = oidc
            .client(oidc.issuer(), "cc-basic")
            .resource("urn:session:api")
            .open()
            .unwrap();
        session.init().await.unwrap();
        let token = token(&session).await;
        assert_eq!(token.split('.').count(), 3, "a JWT");
        session.close().await.unwrap();
        assert_eq!(oidc.status_of(&token).await, StatusCode::OK);
    }

    #[tokio::test]
    async fn refusals() {
        let oidc = Oidc::shared().await;
        let wrong = OAuth::client_credentials(oidc.issuer(), "cc-basic", "not the secret");
        let unknown = OAuth::client_credentials(oidc.issuer(), "nobody", "not the secret");
        let post = |id| {
            oidc.client(oidc.issuer(), id)
                .client_auth(ClientAuth::SecretPost)
        };
        for (builder, kind, text) in [
            (
                wrong.environment(oidc.environment()),
                ErrorKind::Denied,
                "401 Unauthorized, `invalid_client`",
            ),
            (
                unknown.environment(oidc.environment()),
                ErrorKind::Denied,
                "`invalid_client`",
            ),
            (
                post("cc-narrow").scope("run_analytics"),
                ErrorKind::Denied,
                "`invalid_scope`",
            ),
            (
                post("cc-post").resource("urn:of:nobody"),
                ErrorKind::Denied,
                "`invalid_target`",
            ),
            // It has no such grant.
            (
                oidc.client(oidc.issuer(), "web"),
                ErrorKind::Config,
                "400 Bad Request",
            ),
        ] {
            let (found, message) = failure(&builder.open().unwrap()).await;
            assert_eq!(found, kind, "{message}");
            assert!(message.contains(text), "{message}");
        }
    }

    #[tokio::test]
    async fn certificates_that_prove_nothing() {
        let oidc = Oidc::shared().await;
        let path = oidc.provider.text("/token_path");
        let bad = |name: &str| format!("{}{path}", oidc.provider.text(&format!("/bad_tls/{name}")));
        for (endpoint, text) in [
            (bad("wrong_host"), "certificate not valid for name"),
            (bad("expired"), "certificate expired"),
            (bad("self_signed"), "invalid peer certificate"),
        ] {
            let (kind, message) =
                failure(&oidc.client(endpoint.into(), "cc-basic").open().unwrap()).await;
            assert_eq!(kind, ErrorKind::Config, "{message}");
            assert!(message.contains(text), "{message}");
        }
        let other = BasicEnvironment::new("loopback").ca_file(oidc.provider.text("/other_ca_pem"));
        for environment in [other, BasicEnvironment::new("loopback")] {
            let session = oidc
                .client(oidc.issuer(), "cc-basic")
                .environment(environment)
                .open()
                .unwrap();
            let (kind, message) = failure(&session).await;
            assert_eq!(kind, ErrorKind::Config, "{message}");
        }
    }

    #[tokio::test]
    async fn a_short_lifetime_is_honoured() {
        let oidc = Oidc::shared().await;
        let clock = MockClock::new();
        let short = oidc
            .client(oidc.issuer(), "cc-short")
            .client_auth(ClientAuth::SecretPost);
        let session = SessionHandle::builder(short.build().unwrap())
            .clock(clock.clone())
            .build();
        session.init().await.unwrap();
        let first = token(&session).await;
        let lifetime = session.credential().await.unwrap().lifetime().unwrap();
        let announced = oidc.provider.0["clients"]["cc-short"]["access_ttl"]
            .as_u64()
            .unwrap();
        assert_eq!(lifetime, Duration::from_secs(announced));
        clock.advance(lifetime);
        assert_ne!(token(&session).await, first);
    }

    #[tokio::test]
    async fn a_revoked_token_is_replaced_at_its_next_use() {
        let oidc = Oidc::shared().await;
        let session = oidc.client(oidc.issuer(), "cc-basic").open().unwrap();
        session.init().await.unwrap();
        let revoked = token(&session).await;
        oidc.revoke(&revoked, "cc-basic").await;
        assert_eq!(oidc.status_of(&revoked).await, StatusCode::UNAUTHORIZED);
        let answer = Client::new(&session).get("orders").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_ne!(token(&session).await, revoked);
        assert_eq!(session.status().generation, 2);
    }

    #[tokio::test]
    async fn faults_are_survived() {
        let oidc = Oidc::alone().await;
        let path = oidc.provider.text("/token_path");
        for (fault, kind, text) in [
            (
                json!({ "action": "status", "status": 503, "headers": { "retry-after": "7" } }),
                ErrorKind::Unavailable,
                "503 Service Unavailable",
            ),
            (
                json!({ "action": "status", "status": 403 }),
                ErrorKind::Denied,
                "403 Forbidden",
            ),
            (
                json!({ "action": "status", "status": 302, "headers": { "location": "https://idp.example.com/x" } }),
                ErrorKind::Config,
                "302 Found to https://idp.example.com; a redirect is not followed",
            ),
            (
                json!({ "action": "status", "status": 200, "body": "<html>" }),
                ErrorKind::Protocol,
                "web page",
            ),
            (json!({ "action": "reset" }), ErrorKind::Unavailable, ""),
            (json!({ "action": "truncate" }), ErrorKind::Unavailable, ""),
            (
                json!({ "action": "drop_response" }),
                ErrorKind::Unavailable,
                "",
            ),
        ] {
            let mut fault = fault;
            fault["path"] = json!(path);
            // Connections that were kept are tried again on a new one: also there.
            fault["times"] = json!(1);
            oidc.fault(fault.clone()).await;
            let session = oidc.client(oidc.issuer(), "cc-basic").open().unwrap();
            let error = session.init().await.expect_err(&fault.to_string());
            assert_eq!(error.kind(), kind, "{fault}: {error}");
            assert!(error.to_string().contains(text), "{fault}: {error}");
            let is_timed = fault["status"] == 503;
            assert_eq!(
                error.retry_after(),
                is_timed.then_some(Duration::from_secs(7)),
                "{fault}"
            );
            session.init().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_hanging_token_endpoint_is_given_up() {
        let oidc = Oidc::alone().await;
        oidc.fault(json!({ "action": "hang", "path": oidc.provider.text("/token_path") }))
            .await;
        let builder = oidc.client(oidc.token_endpoint(), "cc-basic");
        let (kind, message) = failure(
            &builder
                .time_limit(Duration::from_millis(200))
                .open()
                .unwrap(),
        )
        .await;
        assert_eq!(kind, ErrorKind::Unavailable, "{message}");
        assert!(message.contains("in time"), "{message}");
        oidc.control(reqwest::Method::DELETE, "/faults", String::new())
            .await;
    }

    #[tokio::test]
    async fn discovery_falls_back_to_openid() {
        let oidc = Oidc::alone().await;
        oidc.fault(json!({ "action": "status", "status": 404, "path": "/.well-known/oauth-authorization-server" })).await;
        oidc.client(oidc.issuer(), "cc-basic")
            .open()
            .unwrap()
            .init()
            .await
            .unwrap();
        oidc.control(reqwest::Method::DELETE, "/faults", String::new())
            .await;
    }
}

mod glewlwyd {
    use super::*;

    fn provider() -> Counterpart {
        Counterpart::of("SESSION_TEST_GLEWLWYD")
    }

    fn client(provider: &Counterpart, secret: &str) -> OAuthBuilder {
        let issuer = AuthorizationServer::issuer(provider.text("/issuer"));
        OAuth::client_credentials(issuer, provider.text("/client_id"), secret)
            .environment(provider.environment())
    }

    /// Its metadata have `//` in their addresses, and its token type is in lower case.
    #[tokio::test]
    async fn discovery_basic_revocation() {
        let provider = provider();
        let secret = provider.text("/client_secret");
        let session = client(&provider, secret)
            .scope("read_content")
            .open()
            .unwrap();
        session.init().await.unwrap();
        let credential = session.credential().await.unwrap();
        assert_eq!(credential.granted_scopes(), ["read_content"]);
        let announced = provider.0["access_ttl"].as_u64().unwrap();
        assert_eq!(credential.lifetime(), Some(Duration::from_secs(announced)));
        session.close().await.unwrap();
    }

    #[tokio::test]
    async fn post_to_a_token_endpoint_that_was_given() {
        let provider = provider();
        let session = OAuth::client_credentials(
            provider.text("/token_endpoint"),
            provider.text("/client_id"),
            provider.text("/client_secret"),
        );
        let session = session
            .environment(provider.environment())
            .client_auth(ClientAuth::SecretPost);
        session
            .scope("run_analytics")
            .open()
            .unwrap()
            .init()
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn the_profile_that_it_prints() {
        let session = provider().from_profile();
        session.init().await.unwrap();
        session.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_wrong_secret_is_a_403_with_an_empty_body() {
        let provider = provider();
        let session = client(&provider, "not the secret")
            .scope("read_content")
            .open()
            .unwrap();
        let (kind, message) = failure(&session).await;
        assert_eq!(kind, ErrorKind::Denied, "{message}");
        assert!(
            message.contains("403 Forbidden; check client_id"),
            "{message}"
        );
    }

    #[tokio::test]
    async fn a_scope_that_is_unknown_is_scope_invalid() {
        let provider = provider();
        let session = client(&provider, provider.text("/client_secret"))
            .scope("of_nobody")
            .open()
            .unwrap();
        let (kind, message) = failure(&session).await;
        assert_eq!(kind, ErrorKind::Denied, "{message}");
        assert!(
            message.contains("`scope_invalid`; check the scopes"),
            "{message}"
        );
    }

    #[tokio::test]
    async fn an_authority_that_is_not_the_private_one_is_not_trusted() {
        let provider = provider();
        let session = client(&provider, provider.text("/client_secret"))
            .environment(BasicEnvironment::new("x"));
        let (kind, message) = failure(&session.open().unwrap()).await;
        assert_eq!(kind, ErrorKind::Config, "{message}");
    }
}
