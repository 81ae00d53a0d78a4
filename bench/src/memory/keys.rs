//! A backend that weighs nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, BoxFuture, Credential, Environment, Executor, Result, Session,
    SessionBuilder, SessionHandle,
};
use tokio::runtime::Runtime;

use crate::endpoint::token;

/// All sessions over it share what it has.
#[derive(Clone, Debug)]
pub(super) struct Keys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    environment: BasicEnvironment,
    given: AtomicU64,
}

impl Keys {
    pub(super) fn new() -> Self {
        let environment = BasicEnvironment::new("bench").service("api", "https://api.example.com/");
        let environment = environment.expect("an absolute URL");
        Self(Arc::new(Shared {
            environment,
            given: AtomicU64::new(0),
        }))
    }

    pub(super) fn session(&self) -> SessionHandle {
        self.builder().build()
    }

    pub(super) fn builder(&self) -> SessionBuilder {
        SessionHandle::builder(self.clone()).executor(Here)
    }

    /// How many were given out.
    pub(super) fn given(&self) -> u64 {
        self.0.given.load(Relaxed)
    }
}

#[async_trait]
impl Session for Keys {
    fn scheme(&self) -> &'static str {
        "keys"
    }

    fn environment(&self) -> &dyn Environment {
        &self.0.environment
    }

    async fn init(&self) -> Result<Credential> {
        self.0.given.fetch_add(1, Relaxed);
        Ok(Credential::bearer(token()).expires_in(Duration::from_secs(3600)))
    }
}

/// Runs authentication on the thread that is measured.
#[derive(Debug)]
struct Here;

impl Executor for Here {
    fn spawn(&self, task: BoxFuture<()>) {
        tokio::spawn(task);
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The runtime of that thread.
pub(super) fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("the system allows it")
}
