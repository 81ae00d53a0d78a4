//! The blocking client.

use http::Method;
use serde::de::DeserializeOwned;
use session_core::{Result, SessionHandle};
use session_http::blocking::wait;

use super::{Dataset, Pages, RequestBuilder};
use crate::{AssetQuery, User};

/// As [`session_marquee::Client`](crate::Client), for programs without async. Cheap to clone, for any thread.
///
/// One with settings of its own is made from an async one, by [`From`].
#[derive(Clone, Debug)]
pub struct Client(crate::Client);

impl Client {
    /// A client for this session. Nothing is sent, and nothing opened.
    pub fn new(session: &SessionHandle) -> Self {
        crate::Client::new(session).into()
    }

    /// A client for whatever session is current, on the thread that sends a request, when it is sent.
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

    /// A `DELETE` request; it may have a body.
    pub fn delete(&self, target: &str) -> RequestBuilder {
        self.request(Method::DELETE, target)
    }

    /// A request with any method, to a path or to a URL.
    pub fn request(&self, method: Method, target: &str) -> RequestBuilder {
        RequestBuilder::new(self.0.request(method, target))
    }

    /// As [`user`](crate::Client::user).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn user(&self) -> Result<User> {
        wait(self.0.user())?
    }

    /// As [`dataset`](crate::Client::dataset).
    pub fn dataset(&self, id: impl Into<String>) -> Dataset {
        Dataset::new(self.0.dataset(id))
    }

    /// As [`assets`](crate::Client::assets).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn assets<T: DeserializeOwned>(&self, query: &AssetQuery) -> Result<Vec<T>> {
        wait(self.0.assets(query))?
    }

    /// As [`asset_pages`](crate::Client::asset_pages).
    pub fn asset_pages<T: DeserializeOwned>(&self, query: &AssetQuery) -> Pages<T> {
        Pages::new(self.0.asset_pages(query))
    }
}

impl From<crate::Client> for Client {
    /// The same client, connections included.
    fn from(client: crate::Client) -> Self {
        Self(client)
    }
}
