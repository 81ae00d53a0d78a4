//! What a property is shown on.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use session_core::{
    BoxFuture, Clock, Credential, Executor, Incoming, Outgoing, Receipt, Result, SessionBuilder,
    SessionHandle, Status, SystemClock, Verdict,
};
use tokio::runtime::{Builder, Handle, Runtime};
use url::Url;

use super::{
    paper::Paper,
    watched::{Record, Remembered, Watched},
};
use crate::{Answer, MockClock, Subject, Unable, secrets};

/// A subject with a counterpart of its own, a clock, and a thread to authenticate on.
pub(crate) struct Trial<S> {
    pub(crate) subject: S,
    pub(crate) clock: MockClock,
    pub(crate) record: Record,
    /// By the system's monotonic clock.
    started: Duration,
    executor: OwnThread,
}

impl<S: Subject> Trial<S> {
    pub(crate) fn start() -> Self {
        let clock = MockClock::new();
        // Counterparts go by the real time.
        clock.set_wall(SystemClock.wall());
        Self {
            subject: S::start(),
            executor: OwnThread::start(&clock),
            clock,
            record: Record::new(),
            started: SystemClock.monotonic(),
        }
    }

    /// A session over the backend, closed.
    pub(crate) fn session(&self) -> SessionHandle {
        let backend = Watched::new(self.subject.session(), &self.record);
        self.build(SessionHandle::builder(backend))
    }

    /// A session over the backend, closed, whose credential outlives it in this store.
    pub(crate) fn session_with(&self, store: &Paper) -> SessionHandle {
        let backend = Watched::new(self.subject.session(), &self.record);
        self.build(SessionHandle::builder(backend).store(store.clone()))
    }

    /// A session over the backend, closed, whose services are all at the stand-in.
    #[cfg(feature = "http")]
    pub(crate) fn session_at(&self, wire: &crate::wire::Wire) -> Result<SessionHandle, Unable> {
        let environment = wire.environment(self.subject.session())?;
        let backend = Watched::new(self.subject.session(), &self.record);
        let backend = backend.in_environment(environment);
        Ok(self.build(SessionHandle::builder(backend)))
    }

    /// A session over the backend, open.
    pub(crate) async fn open(&self) -> SessionHandle {
        let session = self.session();
        self.init(&session).await;
        session
    }

    pub(crate) async fn init(&self, session: &SessionHandle) {
        if let Err(error) = session.init().await {
            panic!(
                "a counterpart that lets everybody in refused, or was not understood: {error:?}"
            );
        }
    }

    /// An open session whose credential is this one, whatever became of it.
    pub(crate) async fn remember(&self, credential: &Credential) -> SessionHandle {
        let session = self.build(SessionHandle::builder(Remembered {
            subject: self.subject.session(),
            credential: credential.clone(),
        }));
        self.init(&session).await;
        session
    }

    /// Has the counterpart answer like this.
    pub(crate) fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.subject.answer(answer)
    }

    /// As many authentications were made as this, and the counterpart saw as many, if it counts them.
    #[track_caller]
    pub(crate) fn assert_authentications(&self, expected: usize) {
        let made = self.record.authentications();
        assert_eq!(
            made, expected,
            "authentications that the backend was asked for"
        );
        if let Ok(seen) = self.subject.authentications() {
            assert_eq!(
                seen, expected,
                "authentications that reached the counterpart, of {expected} that the backend was asked for"
            );
        }
    }

    /// Requests with what this session has are let in, if anybody can tell.
    pub(crate) async fn assert_admitted(&self, session: &SessionHandle) {
        if let Ok(admitted) = self.subject.admits(session).await {
            assert!(admitted, "a request of an open session is refused");
        }
    }

    /// Requests with the last credential, which was closed, are no longer let in.
    pub(crate) async fn assert_ended(&self) -> Result<(), Unable> {
        let credential = self.record.credential();
        let session = self.remember(&credential.expect("there was one")).await;
        let admitted = self.subject.admits(&session).await?;
        assert!(!admitted, "a credential that was closed is still let in");
        Ok(())
    }

    /// What the last credential keeps, which was closed, is no longer taken.
    pub(crate) async fn assert_forgotten(&self) -> Result<(), Unable> {
        let credential = self.record.credential();
        let credential = credential.expect("there was one");
        if credential.iter_kept().next().is_none() {
            return Err(Unable::because("its credentials keep nothing"));
        }
        let honoured = self.subject.honours(&credential).await?;
        assert!(
            !honoured,
            "what a closed credential kept is still good for another one: end that too, and first"
        );
        Ok(())
    }

    /// How long the credential of an open session is valid.
    pub(crate) fn lifetime(&self, session: &SessionHandle) -> Result<Duration, Unable> {
        let expires_at = session.status().expires_at;
        let expires_at =
            expires_at.ok_or_else(|| Unable::because("its credentials do not expire"))?;
        Ok(expires_at
            .duration_since(self.clock.wall())
            .unwrap_or_default())
    }

    /// How long it took so far, in real time: by so much a counterpart's clock may be ahead of the trial's.
    pub(crate) fn elapsed(&self) -> Duration {
        SystemClock.monotonic().saturating_sub(self.started)
    }

    /// Has the credential of an open session replaced: as one that was refused, or else one that has expired.
    pub(crate) async fn replace(&self, session: &SessionHandle) -> Result<(), Unable> {
        if let Err(error) = self.try_replace(session).await? {
            panic!(
                "a counterpart that lets everybody in did not renew a credential, or was not understood: {error:?}"
            );
        }
        Ok(())
    }

    /// The same, where it is the matter of others whether that can be done.
    pub(crate) async fn try_replace(&self, session: &SessionHandle) -> Result<Result<()>, Unable> {
        let Ok(url) = service(session) else {
            let lifetime = self.lifetime(session)?;
            self.clock.advance(lifetime + Duration::from_secs(1));
            return Ok(session.credential().await.map(drop));
        };
        Ok(match authorize(session, Method::GET, &url).await {
            Ok((_, receipt)) => session.report_refusal(&receipt, &[]).await,
            Err(error) => Err(error),
        })
    }

    /// All that is known to be secret, as far as it can be searched for: what the subject says, what the last credential
    /// has, and what these requests are marked with.
    pub(crate) fn secrets<'h>(
        &self,
        requests: impl IntoIterator<Item = &'h HeaderMap>,
    ) -> Vec<Vec<u8>> {
        let configured = self.subject.secrets().into_iter().map(String::into_bytes);
        let credential = self.record.credential();
        let obtained = credential.iter().flat_map(secrets::of_credential);
        let marked = requests.into_iter().flat_map(secrets::on_request);
        let all = configured.chain(obtained).chain(marked);
        all.filter(|secret| secret.len() >= secrets::SHORTEST)
            .collect()
    }

    /// Waits until the session is like this.
    pub(crate) async fn until(&self, session: &SessionHandle, is_so: impl Fn(&Status) -> bool) {
        let mut changes = session.changes();
        while !is_so(&session.status()) {
            let change = changes.next().await;
            assert!(change.is_some(), "the session is alive");
        }
    }

    /// Waits until the thread that the backend runs on is free for something else.
    pub(crate) async fn until_executor_is_free(&self) {
        let turn = self.executor.handle.spawn(std::future::ready(()));
        turn.await.expect("nothing panics there");
    }

    fn build(&self, builder: SessionBuilder) -> SessionHandle {
        builder
            .clock(self.clock.clone())
            .executor(self.executor.clone())
            .jitter(|| 1.0)
            .build()
    }
}

/// A thread for the authentications of one trial: a backend that blocks it stops no other.
#[derive(Clone, Debug)]
struct OwnThread {
    handle: Handle,
    clock: MockClock,
    /// Stops the thread with the last clone.
    _runtime: Arc<Stopped>,
}

impl OwnThread {
    fn start(clock: &MockClock) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("session-conformance")
            .enable_all()
            .build();
        let runtime = runtime.expect("the system has a thread to spare");
        Self {
            handle: runtime.handle().clone(),
            clock: clock.clone(),
            _runtime: Arc::new(Stopped(Some(runtime))),
        }
    }
}

impl Executor for OwnThread {
    fn spawn(&self, task: BoxFuture<()>) {
        drop(self.handle.spawn(task));
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        self.clock.sleep(time)
    }
}

/// A runtime that is stopped without waiting for what hangs.
#[derive(Debug)]
struct Stopped(Option<Runtime>);

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The address of one of the session's services.
pub(crate) fn service(session: &SessionHandle) -> Result<Url, Unable> {
    let services = session.environment().services();
    let http = |url: &&Url| matches!(url.scheme(), "http" | "https");
    let urls: Vec<_> = services.iter().map(|(_, url)| url).collect();
    let found = urls.iter().copied().find(http).or(urls.first().copied());
    found
        .cloned()
        .ok_or_else(|| Unable::because("its environment has no service to send a request to"))
}

/// Authorizes a request without headers of its own, and gives back those that were put on it.
pub(crate) async fn authorize(
    session: &SessionHandle,
    method: Method,
    url: &Url,
) -> Result<(HeaderMap, Receipt)> {
    let (mut head, ()) = http::Request::new(()).into_parts();
    head.method = method;
    let receipt = session.authorize(Outgoing::new(url, &mut head)).await?;
    Ok((head.headers, receipt))
}

/// Has the exchange of a request, if it has one, hear answers of every kind: refusals, then success. The errors that it
/// ends with are its own matter.
pub(crate) async fn converse(receipt: &mut Receipt, headers: &HeaderMap) -> Result<()> {
    let (mut next, ()) = http::Request::new(()).into_parts();
    next.headers = headers.clone();
    let authorization = headers.get(AUTHORIZATION);
    let scheme = authorization.and_then(|value| value.to_str().ok()?.split(' ').next());
    let challenge = format!("{} realm=\"kit\"", scheme.unwrap_or("Bearer"));
    let challenge = HeaderValue::from_str(&challenge);
    let challenge = challenge.into_iter().map(|value| (WWW_AUTHENTICATE, value));
    let challenge: HeaderMap = challenge.collect();
    for status in [
        StatusCode::UNAUTHORIZED,
        StatusCode::UNAUTHORIZED,
        StatusCode::OK,
    ] {
        let Some(exchange) = receipt.exchange() else {
            return Ok(());
        };
        let answer = Incoming::new(status, &challenge);
        if exchange.received(answer, &mut next).await? != Verdict::Resend {
            return Ok(());
        }
    }
    Ok(())
}

/// Polls a future once.
pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs something on a thread without a runtime, and waits for it.
pub(crate) fn outside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// A runtime of one thread: the caller's.
pub(crate) fn runtime_of_one() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("the system has what a runtime needs")
}

/// A runtime of two threads.
pub(crate) fn runtime_of_many() -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("the system has what a runtime needs")
}
