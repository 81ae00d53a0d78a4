//! The least that is a backend.

use async_trait::async_trait;
use session_core::{Backend, BasicEnvironment, Credential, Environment, Result, Session};

session_core::register_backend! {
    /// Sessions with a token that everybody knows.
    pub static TRIVIAL: Backend = Backend::new("trivial", "a token that everybody knows", &[], |config| {
        Ok(Box::new(Trivial(config.environment()?)))
    });
}

#[derive(Debug)]
struct Trivial(BasicEnvironment);

#[async_trait]
impl Session for Trivial {
    fn scheme(&self) -> &str {
        "trivial"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::bearer("t"))
    }
}
