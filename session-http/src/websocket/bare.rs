//! A handshake with the headers that it is given, and no others.
//!
//! The HTTP client says `Accept: */*` of itself on each request that does not say what it accepts, and cannot be told not to. So it opens the connection,
//! as it does for requests, and the handshake is said by the library below it.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, Method, header::HOST};
use hyper::{
    client::conn::http1,
    rt::{Read, Write},
};
use reqwest::{Body, ResponseBuilderExt as _};
use tower_layer::Layer;
use tower_service::Service;
use url::{Position, Url};

/// Goes around the connector of a client that is to open a connection, and not to have it.
#[derive(Clone, Default)]
pub(crate) struct Interception(Arc<Mutex<Option<Connection>>>);

/// A connection, encrypted where it has to be.
pub(crate) struct Connection(Pin<Box<dyn Stream>>);

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

impl Interception {
    /// The connection, once it was opened.
    pub(crate) fn take(&self) -> Option<Connection> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.take()
    }

    fn put(&self, connection: Connection) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(connection);
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;

impl<S> Layer<S> for Interception {
    type Service = Intercepted<S>;

    fn layer(&self, connector: S) -> Intercepted<S> {
        Intercepted {
            connector,
            interception: self.clone(),
        }
    }
}

/// A connector with its [`Interception`].
#[derive(Clone)]
pub(crate) struct Intercepted<S> {
    connector: S,
    interception: Interception,
}

impl<S, R> Service<R> for Intercepted<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: Read + Write + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.connector.call(target);
        let interception = self.interception.clone();
        Box::pin(async move {
            let connection = Connection(Box::pin(connecting.await?));
            interception.put(connection);
            Err(Box::new(Taken) as BoxError)
        })
    }
}

/// What the client is told of a connection that it does not get.
#[derive(Debug)]
struct Taken;

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is for somebody else")
    }
}

impl StdError for Taken {}

impl Connection {
    /// Sends a request without a body to its server. The answer hands the connection over where the server does.
    pub(crate) async fn send(
        self,
        url: &Url,
        headers: HeaderMap,
    ) -> hyper::Result<reqwest::Response> {
        let (mut sender, connection) = http1::handshake(self.0).await?;
        tokio::spawn(connection.with_upgrades());
        let mut request = http::Request::new(Body::default());
        *request.method_mut() = Method::GET;
        // A URL's path and query are those of a URI; if not, the client has said so before it opened the connection.
        *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery]
            .parse()
            .unwrap_or_default();
        request
            .headers_mut()
            .extend(host(url).map(|host| (HOST, host)));
        request.headers_mut().extend(headers);
        let answer = sender.send_request(request).await?;
        Ok(told(answer, url))
    }
}

/// Without the port that the scheme implies.
fn host(url: &Url) -> Option<HeaderValue> {
    HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]).ok()
}

/// The answer, as if the client had had it.
fn told(answer: http::Response<hyper::body::Incoming>, url: &Url) -> reqwest::Response {
    let (parts, body) = answer.into_parts();
    let told = http::Response::builder().url(url.clone());
    let mut told = told
        .body(Body::wrap(body))
        .expect("an answer of which nothing was said is one");
    *told.status_mut() = parts.status;
    *told.version_mut() = parts.version;
    *told.headers_mut() = parts.headers;
    told.extensions_mut().extend(parts.extensions);
    told.into()
}
