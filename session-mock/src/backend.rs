//! The mock by name: `open("mock", …)`.

use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Backend, BasicEnvironment, Config, Credential, Environment, Finding, Key, Result, SecretSource,
    Session,
};

use crate::session::is_a_mock;

session_core::register_backend! {
    /// Sessions that authenticate nowhere, for tests of code that opens them by name or profile.
    pub static MOCK: Backend = Backend::new(
        "mock",
        "authenticates nowhere, for tests",
        KEYS,
        open,
    );
}

const KEYS: &[Key] = &[
    Key::secret("token", "the access token; `mock-token` if absent"),
    Key::duration("lifetime", "how long it is valid; for ever if absent"),
    Key::url("environment.api", "where the API is"),
];

fn open(config: &Config) -> Result<Box<dyn Session>> {
    Ok(Box::new(ConfiguredMock {
        token: config
            .get("token")?
            .unwrap_or_else(|| SecretSource::literal("mock-token")),
        lifetime: config.get("lifetime")?,
        environment: config.environment()?,
    }))
}

#[derive(Debug)]
struct ConfiguredMock {
    token: SecretSource,
    lifetime: Option<Duration>,
    environment: BasicEnvironment,
}

#[async_trait]
impl Session for ConfiguredMock {
    fn scheme(&self) -> &'static str {
        "mock"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        let token = self.token.resolve().await?;
        let credential = Credential::bearer(token.expose());
        Ok(match self.lifetime {
            Some(lifetime) => credential.expires_in(lifetime),
            None => credential,
        })
    }
    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        match credential {
            None => vec![is_a_mock()],
            Some(_) => Vec::new(),
        }
    }
}
