//! A backend under observation.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, request::Parts};
use session_core::{
    BoxFuture, Cause, Credential, Environment, Error, Exchange, Finding, Identity, Incoming,
    Outgoing, Result, Session, SessionHandle, Verdict,
};
use tokio::sync::watch;
use url::Url;

use crate::Gate;

/// The backend of a handle, which itself is never opened. What the engine asks of it is recorded.
pub(crate) struct Watched {
    subject: SessionHandle,
    record: Record,
    /// In place of the backend's own.
    environment: Option<Box<dyn Environment>>,
}

/// What the engine asked of a backend. Clones are the same record.
#[derive(Clone)]
pub(crate) struct Record {
    counts: Arc<watch::Sender<Counts>>,
    /// Shut, it holds authentications before the backend learns of them.
    pub(crate) gate: Gate,
    credentials: Arc<Mutex<Vec<Credential>>>,
    /// What the backend put on requests, and its exchanges on their later legs.
    legs: Arc<Mutex<Vec<HeaderMap>>>,
    /// Whether the next authentication panics instead of what it yields.
    #[cfg(feature = "leak-check")]
    panics: Arc<std::sync::atomic::AtomicBool>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    authentications: usize,
    closes_begun: usize,
    closes_ended: usize,
    under_way: usize,
    overlapped: bool,
}

impl Record {
    pub(crate) fn new() -> Self {
        let gate = Gate::new();
        gate.open();
        Self {
            counts: Arc::default(),
            gate,
            credentials: Arc::default(),
            legs: Arc::default(),
            #[cfg(feature = "leak-check")]
            panics: Arc::default(),
        }
    }

    /// How many authentications have begun.
    pub(crate) fn authentications(&self) -> usize {
        self.counts.borrow().authentications
    }

    /// How many closes have begun.
    pub(crate) fn closes(&self) -> usize {
        self.counts.borrow().closes_begun
    }

    /// Whether the backend was asked something before it had done what it was asked.
    pub(crate) fn overlapped(&self) -> bool {
        self.counts.borrow().overlapped
    }

    /// What the last authentication yielded.
    pub(crate) fn credential(&self) -> Option<Credential> {
        self.credentials().last().cloned()
    }

    /// What the backend itself put on requests since the last call: headers for each leg.
    pub(crate) fn take_legs(&self) -> Vec<HeaderMap> {
        std::mem::take(&mut *self.legs())
    }

    /// Waits until this many authentications have begun.
    pub(crate) async fn authenticates(&self, count: usize) {
        self.wait(|counts| counts.authentications >= count).await;
    }

    /// Waits until this many closes have ended.
    pub(crate) async fn closed(&self, count: usize) {
        self.wait(|counts| counts.closes_ended >= count).await;
    }

    async fn wait(&self, enough: impl Fn(&Counts) -> bool) {
        let mut counts = self.counts.subscribe();
        let outcome = counts.wait_for(|counts| enough(counts)).await;
        outcome.expect("the record keeps its own sender");
    }

    fn begin(&self, count: impl FnOnce(&mut Counts)) -> UnderWay<'_> {
        self.counts.send_modify(|counts| {
            count(counts);
            counts.overlapped |= counts.under_way > 0;
            counts.under_way += 1;
        });
        UnderWay(self)
    }

    async fn authenticate(
        &self,
        call: impl Future<Output = Result<Credential>>,
    ) -> Result<Credential> {
        let _under_way = self.begin(|counts| counts.authentications += 1);
        self.gate.pass().await;
        let outcome = call.await;
        if let Ok(credential) = &outcome {
            self.credentials().push(credential.clone());
        }
        #[cfg(feature = "leak-check")]
        if self
            .panics
            .swap(false, std::sync::atomic::Ordering::Relaxed)
        {
            panic!("the backend was told to panic");
        }
        outcome
    }

    /// Notes the headers of a request that its caller had not put on it.
    fn note_leg(&self, callers: &HeaderMap, sent: &HeaderMap) {
        let is_new =
            |(name, value): &(&_, &_)| callers.get_all(*name).iter().all(|own| own != *value);
        let added = sent.iter().filter(is_new);
        self.legs().push(
            added
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        );
    }

    fn legs(&self) -> MutexGuard<'_, Vec<HeaderMap>> {
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn credentials(&self) -> MutexGuard<'_, Vec<Credential>> {
        self.credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "leak-check")]
impl Record {
    /// Has the next authentication panic.
    pub(crate) fn panic_next(&self) {
        self.panics
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// How many closes have ended.
    pub(crate) fn closes_ended(&self) -> usize {
        self.counts.borrow().closes_ended
    }

    /// What authentications have yielded since the last call.
    pub(crate) fn take_credentials(&self) -> Vec<Credential> {
        std::mem::take(&mut *self.credentials())
    }
}

/// A call of the backend, until it is answered or given up.
struct UnderWay<'a>(&'a Record);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.counts.send_modify(|counts| counts.under_way -= 1);
    }
}

impl Watched {
    pub(crate) fn new(subject: SessionHandle, record: &Record) -> Self {
        Self {
            subject,
            record: record.clone(),
            environment: None,
        }
    }

    /// In another environment than its own.
    #[cfg(feature = "http")]
    pub(crate) fn in_environment(self, environment: impl Environment) -> Self {
        Self {
            environment: Some(Box::new(environment)),
            ..self
        }
    }

    fn inner(&self) -> &dyn Session {
        self.subject.session()
    }
}

#[async_trait]
impl Session for Watched {
    fn scheme(&self) -> &str {
        self.inner().scheme()
    }

    fn environment(&self) -> &dyn Environment {
        let own = || self.inner().environment();
        self.environment.as_deref().unwrap_or_else(own)
    }

    fn identity(&self) -> Option<Identity> {
        self.inner().identity()
    }

    fn request_headers(&self) -> Option<&HeaderMap> {
        self.inner().request_headers()
    }

    async fn init(&self) -> Result<Credential> {
        self.record.authenticate(self.inner().init()).await
    }

    async fn renew(&self, stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        let renewal = self.inner().renew(stale, why);
        self.record.authenticate(renewal).await
    }

    fn follow_up(&self, credential: &Credential) -> Option<BoxFuture<Result<()>>> {
        self.inner().follow_up(credential)
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let callers = request.request.headers.clone();
        let mut watched = Outgoing::new(request.url, &mut *request.request);
        if let Some(certificate) = request.peer_certificate {
            watched = watched.with_peer_certificate(certificate);
        }
        let exchange = self.inner().authorize(credential, watched).await?;
        self.record.note_leg(&callers, &request.request.headers);
        let watch = |exchange| WatchedExchange {
            exchange,
            callers,
            record: self.record.clone(),
        };
        Ok(exchange.map(|exchange| Box::new(watch(exchange)) as Box<dyn Exchange>))
    }

    async fn authorize_proxy(
        &self,
        credential: &Credential,
        proxy: &Url,
    ) -> Result<Option<HeaderValue>> {
        self.inner().authorize_proxy(credential, proxy).await
    }

    fn binds_to_peer(&self) -> bool {
        self.inner().binds_to_peer()
    }

    fn pins_connection(&self) -> bool {
        self.inner().pins_connection()
    }

    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        self.inner().examine(credential).await
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        let outcome = {
            let _under_way = self.record.begin(|counts| counts.closes_begun += 1);
            self.inner().close(credential).await
        };
        self.record
            .counts
            .send_modify(|counts| counts.closes_ended += 1);
        outcome
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner().fmt(f)
    }
}

/// An exchange under observation.
struct WatchedExchange {
    exchange: Box<dyn Exchange>,
    callers: HeaderMap,
    record: Record,
}

#[async_trait]
impl Exchange for WatchedExchange {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        let verdict = self.exchange.received(answer, next).await?;
        if verdict == Verdict::Resend {
            self.record.note_leg(&self.callers, &next.headers);
        }
        Ok(verdict)
    }

    fn refusal(&mut self) -> Option<Error> {
        self.exchange.refusal()
    }
}

/// A backend whose credential is the one that another session had: for requests with what was closed since.
pub(crate) struct Remembered {
    pub(crate) subject: SessionHandle,
    pub(crate) credential: Credential,
}

#[async_trait]
impl Session for Remembered {
    fn scheme(&self) -> &str {
        self.subject.session().scheme()
    }

    fn environment(&self) -> &dyn Environment {
        self.subject.environment()
    }

    fn request_headers(&self) -> Option<&HeaderMap> {
        self.subject.session().request_headers()
    }

    async fn init(&self) -> Result<Credential> {
        Ok(self.credential.clone())
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        self.subject.session().authorize(credential, request).await
    }

    async fn authorize_proxy(
        &self,
        credential: &Credential,
        proxy: &Url,
    ) -> Result<Option<HeaderValue>> {
        let session = self.subject.session();
        session.authorize_proxy(credential, proxy).await
    }

    fn binds_to_peer(&self) -> bool {
        self.subject.session().binds_to_peer()
    }

    fn pins_connection(&self) -> bool {
        self.subject.session().pins_connection()
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.subject.session().fmt(f)
    }
}
