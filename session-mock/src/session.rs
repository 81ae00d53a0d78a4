//! A session that does as it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use http::{StatusCode, header::AUTHORIZATION};
use session_core::{
    BasicEnvironment, BoxFuture, Cause, Credential, Environment, Exchange, Finding, Identity,
    Outgoing, Result, Secret, Session, SessionBuilder, SessionHandle,
};

use crate::{MockClock, MockExecutor, Step, Turn, exchange::MockExchange};

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
    identity: Option<Identity>,
    clock: Option<MockClock>,
    stage: Arc<Mutex<Stage>>,
}

/// What was asked of a [`MockSession`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// `init`.
    Init,
    /// `renew`, because the credential expires.
    Renew,
    /// `renew`, because a server refused the credential.
    RenewRefused,
    /// What `follow_up` gave has begun.
    FollowUp,
    /// `authorize`, for one request.
    Authorize,
    /// An answer to a request, given to its exchange.
    Received,
    /// `examine`.
    Examine,
    /// `close`.
    Close,
}

#[derive(Debug, Default)]
pub(crate) struct Stage {
    /// For `init` and `renew`.
    script: VecDeque<Step>,
    /// The step taken last, for calls after the end of the script.
    last: Option<Step>,
    /// For `close`: the next outcomes; without any, it succeeds.
    closes: VecDeque<Step>,
    /// For `follow_up`: what the next ones come to; without any, there is nothing to do.
    follow_ups: VecDeque<Step>,
    /// For `authorize`: the next outcomes, and what their exchanges do; without any, each request gets a number.
    authorizations: VecDeque<(Step, Vec<Turn>)>,
    /// For `examine`; without any, it says what it is.
    findings: Vec<Finding>,
    calls: Vec<Call>,
    /// The statuses of the answers that exchanges were given.
    received: Vec<StatusCode>,
}

impl Stage {
    pub(crate) fn receive(&mut self, status: StatusCode) {
        self.calls.push(Call::Received);
        self.received.push(status);
    }
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
            identity: None,
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

    /// With this identity, as which its credentials can be stored. Default: none.
    #[must_use]
    pub fn as_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
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

    /// Makes every authentication from now on answer like this. What is left of the script is forgotten.
    pub fn always(&self, step: Step) {
        self.stage().script = VecDeque::from([step]);
    }

    /// Makes the next `close` answer like this; a credential stands for success.
    pub fn then_close(&self, step: Step) {
        self.stage().closes.push_back(step);
    }

    /// Has the next opening of a session followed up by something that comes to this; a credential stands for success.
    pub fn then_follow_up(&self, step: Step) {
        self.stage().follow_ups.push_back(step);
    }

    /// Makes the next authorization of a request answer like this, where [credentials are per
    /// request](Step::per_request): the headers of a credential go on the request. Every turn is what its exchange
    /// makes of one answer; without any, there is no exchange.
    ///
    /// Requests beyond the script get `Authorization: Mock 1`, `Mock 2` and so on.
    ///
    /// ```
    /// use http::header::WWW_AUTHENTICATE;
    /// use session_mock::{MockSession, Step, Turn};
    ///
    /// let mock = MockSession::scripted([Step::per_request()]);
    /// mock.then_authorize(Step::bearer("first"), [Turn::resend(Step::bearer("second")), Turn::done()]);
    /// ```
    pub fn then_authorize(&self, step: Step, turns: impl IntoIterator<Item = Turn>) {
        let turns = turns.into_iter().collect();
        self.stage().authorizations.push_back((step, turns));
    }

    /// Has examinations find this from now on, in place of a warning that it is a mock.
    pub fn always_find(&self, findings: impl IntoIterator<Item = Finding>) {
        self.stage().findings = findings.into_iter().collect();
    }

    /// What was asked of it, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.stage().calls.clone()
    }

    /// The statuses of the answers that its exchanges were given, in order.
    pub fn received(&self) -> Vec<StatusCode> {
        self.stage().received.clone()
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
        lock(&self.stage)
    }
}

pub(crate) fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Session for MockSession {
    fn scheme(&self) -> &'static str {
        "mock"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    fn identity(&self) -> Option<Identity> {
        self.identity.clone()
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

    fn follow_up(&self, _credential: &Credential) -> Option<BoxFuture<Result<()>>> {
        let step = self.stage().follow_ups.pop_front()?;
        let stage = Arc::clone(&self.stage);
        Some(Box::pin(async move {
            lock(&stage).calls.push(Call::FollowUp);
            step.run().await.map(drop)
        }))
    }

    async fn authorize(
        &self,
        _credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let (number, scripted) = {
            let mut stage = self.stage();
            stage.calls.push(Call::Authorize);
            let made = |call: &&Call| **call == Call::Authorize;
            let number = stage.calls.iter().filter(made).count();
            (number, stage.authorizations.pop_front())
        };
        let (step, turns) = scripted.unwrap_or_else(|| (numbered(number), Vec::new()));
        step.put_on(request.request).await?;
        let stage = Arc::clone(&self.stage);
        let exchange = MockExchange::new(turns, stage);
        Ok(exchange.map(|exchange| Box::new(exchange) as Box<dyn Exchange>))
    }

    async fn examine(&self, _credential: Option<&Credential>) -> Vec<Finding> {
        let mut stage = self.stage();
        stage.calls.push(Call::Examine);
        if !stage.findings.is_empty() {
            return stage.findings.clone();
        }
        vec![is_a_mock()]
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

pub(crate) fn is_a_mock() -> Finding {
    let detail = "authenticates nowhere: its credentials are good for nothing but tests";
    Finding::warning("mock", detail)
}

/// An authorization that is like no other.
fn numbered(number: usize) -> Step {
    let value = Secret::new(format!("Mock {number}"));
    Step::credential(Credential::headers([(AUTHORIZATION, value)]))
}
