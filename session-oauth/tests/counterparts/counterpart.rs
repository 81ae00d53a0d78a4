//! What a provider tells of itself.

use http::header::AUTHORIZATION;
use serde_json::Value;
use session_core::{BasicEnvironment, ErrorKind, SessionHandle};

/// A provider, as its line of JSON describes it.
pub(crate) struct Counterpart(pub(crate) Value);

impl Counterpart {
    pub(crate) fn of(variable: &str) -> Self {
        let Ok(path) = std::env::var(variable) else {
            panic!(
                "{variable} does not say where the provider is; run `cargo xtask test`, which starts it"
            );
        };
        let line = std::fs::read_to_string(path).unwrap();
        Self(serde_json::from_str(&line).unwrap())
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        let value = self.0.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("the provider does not tell {pointer}"))
    }

    pub(crate) fn environment(&self) -> BasicEnvironment {
        BasicEnvironment::new("loopback").ca_file(self.text("/ca_pem"))
    }

    /// What the profile that it prints makes.
    pub(crate) fn profile(&self) -> SessionHandle {
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

pub(crate) async fn failure(session: &SessionHandle) -> (ErrorKind, String) {
    let error = session.init().await.unwrap_err();
    (error.kind(), error.to_string())
}

pub(crate) async fn token(session: &SessionHandle) -> String {
    let credential = session.credential().await.unwrap();
    let header = credential
        .header(&AUTHORIZATION)
        .unwrap()
        .expose_str()
        .unwrap();
    header.strip_prefix("Bearer ").unwrap().to_owned()
}
