//! The backend of the example `custom_backend`, for the kits.

#[path = "../../examples/custom_backend.rs"]
#[allow(dead_code, reason = "its `main` is not called")]
mod example;

use session_kit::{Config, SessionHandle};
use session_mock::{Answer, Subject, Unable, canary};

/// Keys that nobody is asked about.
pub(crate) struct ApiKeys(String);

impl Subject for ApiKeys {
    fn start() -> Self {
        Self(canary())
    }

    fn session(&self) -> SessionHandle {
        let config = Config::new()
            .set("key", self.0.as_str())
            .set("environment.api", "https://api.example/");
        session_kit::open("api-key", config).unwrap()
    }

    fn answer(&self, _: Answer<'_>) -> Result<(), Unable> {
        Err(Unable::because("nobody is asked before the first request"))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.0.clone()]
    }
}
