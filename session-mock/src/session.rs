//! A session that does as it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use session_core::{
    BasicEnvironment, Cause, Credential, Environment, Result, Session, SessionBuilder,
    SessionHandle,
};

use crate::{MockClock, MockExecutor, Step};

/// A backend for unit tests: answers as scripted, records what the engine asks of it, touches
/// neither the network nor anything global.
///
/// ```
/// use session_core::current;
/// use session_mock::{Call, MockSession};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mock = MockSession::bearer("t0k3n");
/// let name = mock.handle().enter(async { current().unwrap().name().to_owned() }).await.unwrap();
/// assert_eq!(name, "mock");
/// assert_eq!(mock.calls(), [Call::Init, Call::Close]);
/// # });
/// ```
///
/// Clones share one script and one record.
#[derive(Clone, Debug)]
pub struct MockSession {
    environment: BasicEnvironment,
    clock: Option<MockClock>,
    stage: Arc<Mutex<Stage>>,
}

/// What the engine asked of a [`MockSession`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// `init`.
    Init,
    /// `renew`, because the credential expires.
    Renew,
    /// `renew`, because a server refused the credential.
    RenewRefused,
    /// `close`.
    Close,
}

#[derive(Debug, Default)]
struct Stage {
    /// For `init` and `renew`.
    script: VecDeque<Step>,
    /// The step taken last, for calls after the end of the script.
    last: Option<Step>,
    /// For `close`: the next outcomes; without any, it succeeds.
    closes: VecDeque<Step>,
    calls: Vec<Call>,
}

impl MockSession {
    /// Every authentication yields this access token, which does not expire.
    pub fn bearer(token: &str) -> Self {
        Self::scripted([Step::bearer(token)])
    }

    /// Authentications answer in this order; the last answer repeats.
    ///
    /// # Panics
    ///
    /// When there is no step.
    pub fn scripted(steps: impl IntoIterator<Item = Step>) -> Self {
        let script: VecDeque<_> = steps.into_iter().collect();
        assert!(!script.is_empty(), "a script needs at least one step");
        let environment = BasicEnvironment::new("mock")
            .service("api", "https://api.mock.test/")
            .expect("the address is an absolute https URL");
        Self {
            environment,
            clock: None,
            stage: Arc::new(Mutex::new(Stage {
                script,
                ..Stage::default()
            })),
        }
    }

    /// In this environment. Default: `mock`, with an `api` at `https://api.mock.test/`.
    #[must_use]
    pub fn in_environment(mut self, environment: BasicEnvironment) -> Self {
        self.environment = environment;
        self
    }

    /// Lives by this clock, time-outs included.
    #[must_use]
    pub fn by_clock(mut self, clock: &MockClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// A new session over this mock. Nothing is asked of it yet.
    ///
    /// It leaves nothing to chance: credentials are renewed from 3/4 of their life on, but at most 5 minutes
    /// ahead, and pauses after failures are as long as they get.
    pub fn handle(&self) -> SessionHandle {
        self.builder().build()
    }

    /// As [`handle`](Self::handle), to change more about the session.
    pub fn builder(&self) -> SessionBuilder {
        let builder = SessionHandle::builder(self.clone()).jitter(|| 1.0);
        match &self.clock {
            None => builder,
            Some(clock) => builder
                .clock(clock.clone())
                .executor(MockExecutor::new(clock)),
        }
    }

    /// Appends a step to the script.
    pub fn then(&self, step: Step) {
        self.stage().script.push_back(step);
    }

    /// Makes the next `close` answer like this; a credential stands for success.
    pub fn then_close(&self, step: Step) {
        self.stage().closes.push_back(step);
    }

    /// What was asked of it, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.stage().calls.clone()
    }

    /// How often this was asked of it.
    pub fn count(&self, call: Call) -> usize {
        self.stage()
            .calls
            .iter()
            .filter(|made| **made == call)
            .count()
    }

    async fn authenticate(&self, call: Call) -> Result<Credential> {
        let step = {
            let mut stage = self.stage();
            stage.calls.push(call);
            let next = stage.script.pop_front().or_else(|| stage.last.clone());
            let step = next.expect("a script has at least one step");
            stage.last = Some(step.clone());
            step
        };
        step.run().await
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Session for MockSession {
    fn scheme(&self) -> &'static str {
        "mock"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        self.authenticate(Call::Init).await
    }

    async fn renew(&self, _stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        self.authenticate(match why {
            Cause::Refused(_) => Call::RenewRefused,
            _ => Call::Renew,
        })
        .await
    }

    async fn close(&self, _credential: &Credential) -> Result<()> {
        let step = {
            let mut stage = self.stage();
            stage.calls.push(Call::Close);
            stage.closes.pop_front()
        };
        match step {
            None => Ok(()),
            Some(step) => step.run().await.map(drop),
        }
    }
}
