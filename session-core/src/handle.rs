//! A user's hold on a session.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    BackgroundThread, Blocking, Carrier, Challenge, Clock, Credential, Enter, Environment, Error,
    ErrorKind, Executor, Outgoing, Receipt, Result, Scoped, Session, Status, SystemClock,
    engine::Engine, registry, scope, services::is_confidential,
};

/// A session, shared by all who use it: cheap to clone, for any thread and any runtime.
///
/// Making one sends nothing. It authenticates at [`init`](Self::init), [`enter`](Self::enter) or
/// [`install`](Self::install), then holds a credential that every request uses, until it is closed. When
/// the last handle is dropped, a session still open is closed in the background.
///
/// ```
/// # use session_core::{BasicEnvironment, Credential, Environment, Result, Session};
/// # #[derive(Debug)] struct Keys(BasicEnvironment);
/// # #[async_trait::async_trait] impl Session for Keys {
/// #     fn scheme(&self) -> &str { "keys" }
/// #     fn environment(&self) -> &dyn Environment { &self.0 }
/// #     async fn init(&self) -> Result<Credential> { Ok(Credential::bearer("k")) }
/// # }
/// use session_core::{SessionHandle, State, current};
///
/// # let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # rt.block_on(async {
/// # let backend = Keys(BasicEnvironment::new("qa"));
/// let session = SessionHandle::new(backend);
/// let state = session.enter(async { current().unwrap().status().state }).await?;
/// assert_eq!(state, State::Open);
/// assert_eq!(session.status().state, State::Closed);
/// # Ok::<(), session_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct SessionHandle(Arc<Engine>);

impl SessionHandle {
    /// A session over this backend.
    pub fn new(session: impl Session) -> Self {
        Self::builder(session).build()
    }

    /// A session over this backend, with a name, clock, executor or time limit of its own.
    pub fn builder(session: impl Session) -> SessionBuilder {
        SessionBuilder::new(Arc::new(session))
    }

    pub(crate) fn from_boxed(session: Box<dyn Session>, name: Option<String>) -> Self {
        SessionBuilder {
            name,
            ..SessionBuilder::new(Arc::from(session))
        }
        .build()
    }

    /// Its name: that given to the builder, or the scheme.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The backend.
    pub fn session(&self) -> &dyn Session {
        &*self.0.session
    }

    /// The environment that it is for.
    pub fn environment(&self) -> &dyn Environment {
        self.0.session.environment()
    }

    /// Whether both are handles of one session.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A snapshot of it for people.
    pub fn status(&self) -> Status {
        Status {
            name: self.name().to_owned(),
            scheme: self.session().scheme().to_owned(),
            environment: self.environment().name().to_owned(),
            state: self.0.state(),
            expires_at: self.0.held().and_then(|held| held.expires_at()),
            generation: self.0.generation(),
        }
    }

    /// Authenticates, unless that is done; the session then stays open until [`close`](Self::close).
    ///
    /// All who call it at once share one authentication. It ends even if this future is dropped, and
    /// the session is open then. After a failure the next call tries again.
    ///
    /// # Errors
    ///
    /// Whatever authentication failed with; `Closed`, when the session was closed meanwhile.
    pub async fn init(&self) -> Result<()> {
        self.0.init().get().await.map(drop)
    }

    /// Opens the session and makes it the process-wide default, which any unscoped request uses.
    /// Gives back the session that was the default before; it stays as open as it was.
    ///
    /// # Errors
    ///
    /// `Config` inside a scope, where the default is not what is current: nothing is sent then.
    /// Otherwise as [`init`](Self::init), and the default stays what it was.
    pub async fn install(&self) -> Result<Option<Self>> {
        scope::refuse("install")?;
        self.init().await?;
        registry::set_current(Some(self.clone()))
    }

    /// Opens the session and makes it the one that [`current_named`](crate::current_named) finds under this name,
    /// never the default. Gives back the session that had the name before.
    ///
    /// # Errors
    ///
    /// As [`install`](Self::install).
    pub async fn install_as(&self, name: &str) -> Result<Option<Self>> {
        scope::refuse("install_as")?;
        self.init().await?;
        registry::set_current_named(name, Some(self.clone()))
    }

    /// Runs a future with this session open and current.
    ///
    /// A session that was not open is opened first and closed afterwards; with several users, by the
    /// last one to leave. One that `init` opened stays open. A failed close is logged and does not
    /// replace the future's output. Dropped half-way, it closes in the background.
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init). The future has not run then, and was never current.
    pub fn enter<F: Future>(&self, block: F) -> Enter<F> {
        Enter::new(self.clone(), block)
    }

    /// A future in which this session is current. Does not open or close it.
    pub fn scope<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped::new(scope::Frames::of(self.clone()), future)
    }

    /// Calls a function in which this session is current. Does not open or close it.
    pub fn in_scope<R>(&self, call: impl FnOnce() -> R) -> R {
        scope::Frames::of(self.clone()).run(call)
    }

    /// The same session for programs without async.
    pub fn blocking(&self) -> Blocking<'_> {
        Blocking::new(self)
    }

    /// Closes the session: its credential is ended at the server where the scheme can, its
    /// connections are dropped, and it must authenticate again before its next use.
    ///
    /// Final whoever uses the session; a close of a closed session does nothing. An authentication under
    /// way is waited for and ended too. Goes on when this future is dropped.
    ///
    /// # Errors
    ///
    /// When the server did not confirm the end. The session is closed all the same.
    pub async fn close(&self) -> Result<()> {
        self.0.close().get().await
    }

    /// The credential in use, for programs that send it by themselves; one that has expired is
    /// renewed first.
    ///
    /// # Errors
    ///
    /// `Closed` when the session is not open; otherwise whatever the renewal failed with.
    pub async fn credential(&self) -> Result<Credential> {
        self.0
            .credential()
            .get()
            .await
            .map(|held| held.credential.clone())
    }

    /// Authorizes a request: puts the session's headers on it, or has the backend authorize just
    /// this one. A credential that has expired is renewed first.
    ///
    /// Call it once for each attempt, with the headers as the caller gave them.
    ///
    /// # Errors
    ///
    /// `Forbidden` when the credential may not go to that URL, `Closed` when the session is not open;
    /// otherwise whatever the renewal, or the backend's authorization, failed with.
    pub async fn authorize(&self, request: Outgoing<'_>) -> Result<Receipt> {
        self.check(request.url)?;
        let held = self.0.credential().get().await?;
        held.apply(&mut request.request.headers);
        let exchange = if held.credential.is_per_request() {
            self.session().authorize(&held.credential, request).await?
        } else {
            None
        };
        Ok(Receipt::new(held.generation, exchange))
    }

    /// Reports that a server refused the credential of this receipt, with these challenges, and waits until
    /// it is replaced: at once, when that has happened since. A late report never replaces the
    /// successor.
    ///
    /// # Errors
    ///
    /// `Closed` when the session is not open; otherwise whatever the renewal failed with.
    pub async fn report_refusal(&self, receipt: &Receipt, challenges: &[Challenge]) -> Result<()> {
        self.0
            .refused(receipt.generation(), challenges)
            .get()
            .await
            .map(drop)
    }

    /// Has `carrier` told when the session closes. It is held weakly.
    pub fn attach<C: Carrier>(&self, carrier: &Arc<C>) {
        let carrier: Arc<dyn Carrier> = Arc::<C>::clone(carrier);
        self.0.attach(Arc::downgrade(&carrier));
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.0
    }

    /// Whether the credential may go there; the URL's path and query may be the caller's secrets and
    /// are not repeated.
    fn check(&self, url: &url::Url) -> Result<()> {
        let problem = if url.password().is_some() || !url.username().is_empty() {
            "its URL holds a user or a password; leave them out"
        } else if !is_confidential(url) {
            "it is not encrypted; use https (http only works on this machine)"
        } else if !self.environment().allows(url) {
            "it is none of the environment's services; check the URL, or add the service to the environment"
        } else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::Forbidden,
            format!(
                "the credential of session `{}` ({}) does not go to {}://{}: {problem}",
                self.name(),
                self.environment().name(),
                url.scheme(),
                url.host_str().unwrap_or("?"),
            ),
        ))
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle")
            .field("name", &self.name())
            .field("environment", &self.environment().name())
            .field("state", &self.0.state())
            .finish()
    }
}

/// Makes a [`SessionHandle`] that is not like most.
#[derive(Debug)]
#[must_use]
pub struct SessionBuilder {
    session: Arc<dyn Session>,
    name: Option<String>,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
    time_limit: Duration,
}

impl SessionBuilder {
    /// How long a call of the backend may take, unless it is told otherwise.
    pub const TIME_LIMIT: Duration = Duration::from_secs(60);

    fn new(session: Arc<dyn Session>) -> Self {
        Self {
            session,
            name: None,
            clock: Arc::new(SystemClock),
            executor: Arc::new(BackgroundThread),
            time_limit: Self::TIME_LIMIT,
        }
    }

    /// The session's name, for logs and [`current_named`](crate::current_named). Default: its scheme.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where it gets the time from. Default: the [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Where it authenticates. Default: the [`BackgroundThread`].
    pub fn executor(mut self, executor: impl Executor) -> Self {
        self.executor = Arc::new(executor);
        self
    }

    /// How long each call of the backend may take: more where a person must log in. Default:
    /// [`TIME_LIMIT`](Self::TIME_LIMIT).
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The session. Nothing is sent yet.
    pub fn build(self) -> SessionHandle {
        SessionHandle(Arc::new(Engine::new(
            self.session,
            self.name,
            self.clock,
            self.executor,
            self.time_limit,
        )))
    }
}
