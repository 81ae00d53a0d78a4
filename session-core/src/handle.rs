//! A user's hold on a session.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::{
    Blocking, Carrier, Challenge, Changes, Credential, Enter, Environment, Error, ErrorKind,
    Finding, Outgoing, Receipt, Result, Scoped, Session, SessionBuilder, Status,
    engine::Engine,
    examination,
    held::Held,
    registry, scope,
    services::{has_userinfo, is_confidential},
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
        let builder = SessionBuilder::new(Arc::from(session));
        match name {
            None => builder.build(),
            Some(name) => builder.name(name).build(),
        }
    }

    pub(crate) fn from_engine(engine: Engine) -> Self {
        Self::from_shared(Arc::new(engine))
    }

    pub(crate) fn from_shared(engine: Arc<Engine>) -> Self {
        Self(engine)
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

    /// A number that no other session of this process has or had.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Whether both are handles of one session.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A snapshot of it for people.
    pub fn status(&self) -> Status {
        Status::of(&self.0)
    }

    /// Authenticates, unless that is done; the session then stays open until [`close`](Self::close).
    ///
    /// All who call it at once share one authentication. It ends even if this future is dropped, and
    /// the session is open then. After a failure the next call tries again; where a renewal is refused, it starts
    /// over.
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
    /// replace the future's output. Dropped half-way, it closes in the background. What a
    /// [store](SessionBuilder::store) has for others is let go of, but not ended.
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init), but during the pause after a failure that failure, at once: only `init` and
    /// `install` try by all means. The future has not run then, and was never current.
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
    /// way is waited for and ended too, and what a store has of it is removed. Goes on when this future is dropped.
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
    #[inline]
    pub async fn authorize(&self, request: Outgoing<'_>) -> Result<Receipt> {
        if let Some(receipt) = self.authorize_now(request.url, &mut request.request.headers)? {
            return Ok(receipt);
        }
        // What waits has no room in the futures of all requests.
        Box::pin(self.authorize_later(request)).await
    }

    async fn authorize_later(&self, request: Outgoing<'_>) -> Result<Receipt> {
        let held = self.0.credential().get().await?;
        let again = Outgoing {
            request: &mut *request.request,
            ..request
        };
        match self.authorize_by(&held, again).await {
            Err(error) if error.has_credential_ended() => {
                let held = self.0.ended(held.generation, error).get().await?;
                self.authorize_by(&held, request).await
            }
            outcome => outcome,
        }
    }

    async fn authorize_by(&self, held: &Held, request: Outgoing<'_>) -> Result<Receipt> {
        held.apply(&mut request.request.headers);
        if !held.credential.is_per_request() {
            return Ok(Receipt::new(held.generation));
        }
        let exchange = self.session().authorize(&held.credential, request).await?;
        Ok(Receipt::of_one_request(held.generation, exchange))
    }

    /// What goes into `Proxy-Authorization` of a new connection through the environment's proxy, marked sensitive: good for that
    /// one. `None` where the session is not to [log in](crate::Proxy::with_session_login) to a proxy.
    ///
    /// With what it was made with: when the proxy refuses it (407), a carrier [reports](Self::report_refusal) that, and
    /// connects once more.
    ///
    /// # Errors
    ///
    /// `Closed` when the session is not open; `Config` when its backend does not know how to log in to proxies; otherwise
    /// whatever a renewal, or the backend, failed with.
    pub async fn authorize_proxy(&self) -> Result<Option<(HeaderValue, Receipt)>> {
        let proxy = self.environment().transport().proxy();
        let Some(proxy) = proxy.filter(|proxy| proxy.has_session_login()) else {
            return Ok(None);
        };
        let mut held = self.0.credential().get().await?;
        let (session, url) = (self.session(), proxy.url());
        let login = match session.authorize_proxy(&held.credential, url).await {
            Err(error) if error.has_credential_ended() => {
                held = self.0.ended(held.generation, error).get().await?;
                session.authorize_proxy(&held.credential, url).await
            }
            login => login,
        };
        let Some(mut login) = login? else {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "sessions of `{}` do not know how to log in to the proxy {}; give it a user and a password",
                    self.session().scheme(),
                    proxy.url()
                ),
            ));
        };
        login.set_sensitive(true);
        Ok(Some((login, Receipt::new(held.generation))))
    }

    /// As [`authorize`](Self::authorize), if that needs no waiting: for carriers that have no whole head of a request at
    /// hand, or cannot wait. `None` when it does, and the headers are as they were: the credential has expired or
    /// needs a look, the session is closed, or each request gets an authorization of its own.
    ///
    /// # Errors
    ///
    /// `Forbidden` when the credential may not go to that URL.
    #[inline]
    pub fn authorize_now(&self, url: &Url, headers: &mut HeaderMap) -> Result<Option<Receipt>> {
        self.check(url)?;
        let held = self.0.quiet();
        let Some(held) = held.as_deref().and_then(Option::as_ref) else {
            return Ok(None);
        };
        if held.credential.is_per_request() {
            return Ok(None);
        }
        held.apply(headers);
        Ok(Some(Receipt::new(held.generation)))
    }

    /// The value of one of the session's headers, marked sensitive, if that needs no waiting: for
    /// interceptors and other code that cannot wait. `None` when the session is closed, its credential has
    /// expired or needs a look, or has no such header; [`authorize`](Self::authorize) knows what to do then.
    ///
    /// Where it goes is up to the caller: nothing checks the address.
    pub fn header_now(&self, name: &HeaderName) -> Option<HeaderValue> {
        let held = self.0.quiet()?;
        held.as_ref()?.header(name)
    }

    /// Examines the session, for people who look for what is wrong with it: while it is closed what it takes to open it, while it is open
    /// what its credential is worth. Empty, where the backend has nothing to say.
    ///
    /// It neither opens the session nor changes it, and it may take as long as servers take that say nothing.
    pub async fn examine(&self) -> Vec<Finding> {
        examination::examine(&self.0).await
    }

    /// A subscription to changes of the session's state.
    pub fn changes(&self) -> Changes {
        Changes::new(self)
    }

    /// Reports that a server refused the credential of this receipt, with these challenges, and waits until
    /// it is replaced: at once, when that has happened since. A late report never replaces the
    /// successor.
    ///
    /// # Errors
    ///
    /// `Closed` when the session is not open; otherwise whatever the renewal failed with.
    pub fn report_refusal<'a>(
        &'a self,
        receipt: &Receipt,
        challenges: &'a [Challenge],
    ) -> impl Future<Output = Result<()>> + Send + use<'a> {
        // Does not borrow the receipt, whose exchange is not `Sync`: the future may move between threads.
        let generation = receipt.generation();
        async move { self.0.refused(generation, challenges).get().await.map(drop) }
    }

    /// Has `carrier` told when the session closes. It is held weakly.
    pub fn attach<C: Carrier>(&self, carrier: &Arc<C>) {
        let carrier: Arc<dyn Carrier> = Arc::<C>::clone(carrier);
        self.0.carriers.attach(Arc::downgrade(&carrier));
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.0
    }

    /// Whether the credential may go there. Sends nothing, and needs no open session.
    ///
    /// # Errors
    ///
    /// `Forbidden`, when it may not. The text has scheme and host only: path and query may be the caller's
    /// secrets.
    pub fn check(&self, url: &Url) -> Result<()> {
        let problem = if has_userinfo(url) {
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
            .field("state", &self.status().state)
            .finish()
    }
}
