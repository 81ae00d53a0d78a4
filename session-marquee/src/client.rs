//! The client that requests are made with.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use session_core::SessionHandle;

use crate::{Domain, RequestBuilder, request::header};

/// Makes requests to Marquee with a session. Cheap to clone, for any thread and any runtime.
///
/// ```no_run
/// # async fn example(session: session_core::SessionHandle) -> session_core::Result<()> {
/// use session_marquee::Client;
///
/// let client = Client::new(&session);
/// let me: serde_json::Value = client.get("/users/self").send().await?.decode().await?;
/// # Ok(()) }
/// ```
///
/// # Where requests go
///
/// A path is below the address of a service of the environment, in the session's version of the API: `/users/self` is
/// `https://api.gs.com/v1/users/self`. It never leaves that address. A URL is taken as it is, if the credential may go there.
///
/// With a session of another backend, such as a mock, a path is below the service of that name of its environment.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) http: session_http::Client,
    /// `None`: whatever is current.
    pub(crate) session: Option<SessionHandle>,
    pub(crate) domain: Option<Domain>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) redirects_to_mds: bool,
    /// What all requests have, unless they are told otherwise.
    pub(crate) headers: HeaderMap,
    /// What was wrong first.
    pub(crate) problem: Option<&'static str>,
}

impl Client {
    /// How long a request may take, unless the session or the request is told otherwise; that of `gs_quant`.
    pub const TIME_LIMIT: Duration = Duration::from_secs(65);

    /// A client for this session. Nothing is sent, and nothing opened.
    pub fn new(session: &SessionHandle) -> Self {
        Self::over(session_http::Client::new(session), Some(session.clone()))
    }

    /// A client for whatever session is current when a request is sent: `GsSession.current`.
    pub fn current() -> Self {
        Self::over(session_http::Client::current(), None)
    }

    /// The same with another service for requests that are not told otherwise.
    #[must_use]
    pub fn with_domain(self, domain: Domain) -> Self {
        Self {
            domain: Some(domain),
            ..self
        }
    }

    /// The same with another limit of time for requests that are not told otherwise. [`Duration::MAX`] is no limit.
    #[must_use]
    pub fn with_timeout(self, limit: Duration) -> Self {
        Self {
            time_limit: Some(limit),
            ..self
        }
    }

    /// The same with a header for requests that are not told otherwise, also those of [datasets](Self::dataset), assets and the
    /// [user](Self::user): such as `traceparent`, by which other systems know what they are part of. `gs_quant` sends that with them.
    ///
    /// What authenticates a request is the session's alone, as with [`RequestBuilder::header`]. What is wrong with it is reported when a
    /// request is sent.
    #[must_use]
    pub fn with_header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match header(name, value) {
            Ok((name, value)) => drop(self.headers.insert(name, value)),
            Err(problem) => self.problem = self.problem.or(Some(problem)),
        }
        self
    }

    /// The same, but [datasets](Self::dataset) that are kept by the market data service are queried there:
    /// `redirect_to_mds` of `gs_quant`.
    #[must_use]
    pub fn with_redirects_to_mds(self) -> Self {
        Self {
            redirects_to_mds: true,
            ..self
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

    /// A `DELETE` request; it may have a body.
    pub fn delete(&self, target: &str) -> RequestBuilder {
        self.request(Method::DELETE, target)
    }

    /// A request with any method, to a path or to a URL.
    pub fn request(&self, method: Method, target: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, target)
    }

    fn over(http: session_http::Client, session: Option<SessionHandle>) -> Self {
        Self {
            http,
            session,
            domain: None,
            time_limit: None,
            redirects_to_mds: false,
            headers: HeaderMap::new(),
            problem: None,
        }
    }
}
