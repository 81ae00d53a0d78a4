//! The client that requests are made with.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use http::Method;
use session_core::{Result, SessionHandle};
use url::Url;

use crate::{Connections, RequestBuilder, Response, carriers::Carriers, target::Target};

/// Makes HTTP requests that a session authorizes. Cheap to clone, for any thread and any runtime.
///
/// ```no_run
/// # async fn example(session: session_core::SessionHandle) -> session_core::Result<()> {
/// use session_http::Client;
///
/// let client = Client::new(&session);
/// let me: serde_json::Value = client
///     .get("/users/self")
///     .query([("fields", "name")])
///     .send()
///     .await?
///     .error_for_status()?
///     .json()
///     .await?;
/// # Ok(()) }
/// ```
///
/// # Where requests go
///
/// A path is resolved against the environment's service `api`, or that of
/// [`service`](ClientBuilder::service), as against a folder: with the service at `https://api.example.com/v1`, both
/// `users/self` and `/users/self` are `https://api.example.com/v1/users/self`. It never leaves that
/// address: `//host`, `\host` and a `..` too many are refused.
///
/// An absolute URL is taken as it is, as far as the environment allows the credential to go there.
#[derive(Clone)]
pub struct Client(Arc<Settings>);

struct Settings {
    carriers: Carriers,
    service: String,
    /// If there is one of its own.
    time_limit: Option<Duration>,
    answer_limit: usize,
}

impl Client {
    /// A client for this session. Nothing is sent, and nothing opened.
    pub fn new(session: &SessionHandle) -> Self {
        Self::builder().session(session).build()
    }

    /// A client for whatever session is current when a request is sent. It keeps connections for the 256
    /// sessions used last.
    pub fn current() -> Self {
        Self::builder().build()
    }

    /// A client with settings of its own.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            session: None,
            builder: None,
            service: "api".to_owned(),
            time_limit: None,
            answer_limit: Response::LIMIT,
        }
    }

    /// A `GET` request.
    pub fn get(&self, target: &str) -> RequestBuilder {
        self.request(Method::GET, target)
    }

    /// A `POST` request.
    pub fn post(&self, target: &str) -> RequestBuilder {
        self.request(Method::POST, target)
    }

    /// A `PUT` request.
    pub fn put(&self, target: &str) -> RequestBuilder {
        self.request(Method::PUT, target)
    }

    /// A `PATCH` request.
    pub fn patch(&self, target: &str) -> RequestBuilder {
        self.request(Method::PATCH, target)
    }

    /// A `DELETE` request.
    pub fn delete(&self, target: &str) -> RequestBuilder {
        self.request(Method::DELETE, target)
    }

    /// A `HEAD` request.
    pub fn head(&self, target: &str) -> RequestBuilder {
        self.request(Method::HEAD, target)
    }

    /// A request with any method, to a path of the service or to an absolute URL.
    pub fn request(&self, method: Method, target: &str) -> RequestBuilder {
        let target = Target::Text(target.to_owned());
        RequestBuilder::new(self.clone(), method, target)
    }

    /// A request with any method, to an absolute URL that has been read.
    pub fn request_to(&self, method: Method, url: Url) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, Target::Url(url))
    }

    /// The session for the next request, and its connections.
    pub(crate) fn session(&self) -> Result<(Cow<'_, SessionHandle>, Cow<'_, Arc<Connections>>)> {
        self.0.carriers.session()
    }

    pub(crate) fn service(&self) -> &str {
        &self.0.service
    }

    pub(crate) fn time_limit(&self) -> Option<Duration> {
        self.0.time_limit
    }

    pub(crate) fn answer_limit(&self) -> usize {
        self.0.answer_limit
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.0.carriers)
            .field("service", &self.0.service)
            .field(
                "time_limit",
                &self.0.time_limit.unwrap_or(ClientBuilder::TIME_LIMIT),
            )
            .field("answer_limit", &self.0.answer_limit)
            .finish()
    }
}

/// Makes a [`Client`] that is not like most.
#[must_use]
pub struct ClientBuilder {
    session: Option<SessionHandle>,
    builder: Option<Arc<OwnBuilder>>,
    service: String,
    time_limit: Option<Duration>,
    answer_limit: usize,
}

/// Sets up a reqwest client; called for each pool of connections, because a builder cannot be cloned.
pub(crate) type OwnBuilder = dyn Fn() -> reqwest::ClientBuilder + Send + Sync;

impl ClientBuilder {
    /// How long a request may take, unless it is told otherwise.
    pub const TIME_LIMIT: Duration = Duration::from_secs(5 * 60);

    /// For this session. Default: whatever session is current when a request is sent.
    pub fn session(mut self, session: &SessionHandle) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// The service of the environment that paths are resolved against. Default: `api`.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }

    /// How long a request may take until its answer's body has been read, with all repetitions and
    /// redirects. Default: [`TIME_LIMIT`](Self::TIME_LIMIT). [`Duration::MAX`] is no limit.
    ///
    /// What is set here counts in place of the `timeout` of a [`reqwest`](Self::reqwest) client; without it both count.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// How many bytes of an answer's body are held in memory. Default: [`Response::LIMIT`].
    pub fn answer_limit(mut self, limit: usize) -> Self {
        self.answer_limit = limit;
        self
    }

    /// Over reqwest clients that this function sets up, within the limits that
    /// [`Connections::with_builder`] names. It is called for each pool of connections. How long a server may be silent is
    /// up to the function; [`TIME_LIMIT`](Self::TIME_LIMIT) holds here too.
    ///
    /// ```no_run
    /// # fn example(session: session_core::SessionHandle) {
    /// use session_http::{Client, reqwest};
    ///
    /// let client = Client::builder()
    ///     .session(&session)
    ///     .reqwest(|| reqwest::Client::builder().user_agent("orders/1.0"))
    ///     .build();
    /// # }
    /// ```
    pub fn reqwest(
        mut self,
        builder: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.builder = Some(Arc::new(builder));
        self
    }

    /// The client. Nothing is sent, and nothing opened.
    pub fn build(self) -> Client {
        Client(Arc::new(Settings {
            time_limit: self.time_limit,
            carriers: Carriers::new(self.session, self.builder),
            service: self.service,
            answer_limit: self.answer_limit,
        }))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("session", &self.session)
            .field("own_builder", &self.builder.is_some())
            .field("service", &self.service)
            .field("time_limit", &self.time_limit)
            .field("answer_limit", &self.answer_limit)
            .finish()
    }
}
