//! One provider with its API, as an environment.

use session_kit::{
    BasicEnvironment, Result,
    mock::{Kind, Provider, ProviderBuilder},
};

use crate::failure::Failure;

/// An embedded provider and the name of the environment that it stands for.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) name: &'static str,
    pub(crate) provider: Provider,
}

impl Running {
    pub(crate) fn start(name: &'static str) -> Result<Self, Failure> {
        Self::of(name, Provider::builder())
    }

    pub(crate) fn of(name: &'static str, provider: ProviderBuilder) -> Result<Self, Failure> {
        let provider = provider.start().map_err(|error| {
            Failure::Unexpected(format!("the embedded provider cannot be started: {error}"))
        })?;
        Ok(Self { name, provider })
    }

    pub(crate) fn environment(&self) -> Result<BasicEnvironment> {
        BasicEnvironment::new(self.name).service("api", self.provider.api().as_str())
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.provider.count(kind)
    }
}
