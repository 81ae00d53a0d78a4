//! A backend of one's own, registered and opened by name: `cargo run --example custom_backend`
#![expect(clippy::print_stdout, reason = "a terminal program")]

use async_trait::async_trait;
use session_kit::{Backend, BasicEnvironment, Config, Credential, Environment, Key, Result};
use session_kit::{SecretSource, Session, register_backend};

register_backend! {
    static API_KEY: Backend = Backend::new("api-key", "a key that does not expire", KEYS, |config| {
        Ok(Box::new(ApiKey(config.require("key")?, config.environment()?)))
    });
}

const KEYS: &[Key] = &[
    Key::secret("key", "the key").required(),
    Key::url("environment.api", "where the API is"),
];

#[derive(Debug)]
struct ApiKey(SecretSource, BasicEnvironment);

#[async_trait]
impl Session for ApiKey {
    fn scheme(&self) -> &'static str {
        "api-key"
    }
    fn environment(&self) -> &dyn Environment {
        &self.1
    }
    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer(self.0.resolve().await?.expose()))
    }
}

fn main() -> Result<()> {
    let config = Config::from_toml("key = 'k-1'\nenvironment.api = 'https://api.example/'")?;
    let session = session_kit::open("api-key", config)?;
    session.blocking().enter(|| println!("{session:?}"))
}
