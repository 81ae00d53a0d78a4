//! The blocking client.

use http::Method;
use session_core::SessionHandle;
use url::Url;

use super::RequestBuilder;

/// As [`session_http::Client`](crate::Client), for programs without async. Cheap to clone, for any thread.
///
/// One with settings of its own is made from an async one:
///
/// ```
/// # fn example(session: session_core::SessionHandle) {
/// use std::time::Duration;
///
/// use session_http::{Client, blocking};
///
/// let client = Client::builder().session(&session).timeout(Duration::from_secs(10)).build();
/// let client = blocking::Client::from(client);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client(crate::Client);

impl Client {
    /// A client for this session. Nothing is sent, and nothing opened.
    pub fn new(session: &SessionHandle) -> Self {
        crate::Client::new(session).into()
    }

    /// A client for whatever session is current, on the thread that sends a request, when it is sent. It keeps connections
    /// for the 256 sessions used last.
    pub fn current() -> Self {
        crate::Client::current().into()
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
        RequestBuilder::new(self.0.request(method, target))
    }

    /// A request with any method, to an absolute URL that has been read.
    pub fn request_to(&self, method: Method, url: Url) -> RequestBuilder {
        RequestBuilder::new(self.0.request_to(method, url))
    }
}

impl From<crate::Client> for Client {
    /// The same client, connections included.
    fn from(client: crate::Client) -> Self {
        Self(client)
    }
}
