//! Requests out, answers back.

use http::{HeaderMap, Method};
use session_core::Result;
use url::Url;

use crate::{
    Connections,
    connections::Purpose,
    read, target, transport_error,
    watch::{Elapsed, Watch},
};

/// What takes a request to its server, as long as there is time.
pub(crate) struct Wire<'a> {
    pub(crate) connections: &'a Connections,
    pub(crate) watch: Watch,
    /// The connection of the last request broke before there was any answer.
    pub(crate) broke_off: bool,
}

impl Wire<'_> {
    /// Sends a request.
    pub(crate) async fn transmit(
        &mut self,
        url: &Url,
        method: &Method,
        headers: HeaderMap,
        body: Option<reqwest::Body>,
        purpose: Purpose,
    ) -> Result<reqwest::Response> {
        let answer = self.execute(url, method, headers, body, purpose)?;
        match self.watch.hear(answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if error.is_builder() {
                    target::uri(url)?;
                }
                self.broke_off = transport_error::broke_off(&error);
                Err(transport_error(&error, url))
            }
            Err(Elapsed) => Err(transport_error::timed_out(url)),
        }
    }

    /// The part of it that does not wait, and leaves no trace in the future.
    fn execute(
        &self,
        url: &Url,
        method: &Method,
        headers: HeaderMap,
        body: Option<reqwest::Body>,
        purpose: Purpose,
    ) -> Result<impl Future<Output = reqwest::Result<reqwest::Response>> + use<>> {
        let mut request = reqwest::Request::new(method.clone(), url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        if self.connections.watched_silence().is_none() {
            // In place of what the caller's own client may say.
            *request.timeout_mut() = self.watch.left();
        }
        self.connections
            .with_client(url, purpose, |client| client.execute(request))
    }

    /// Reads an answer that nobody wants.
    pub(crate) async fn drain(&mut self, answer: reqwest::Response, url: &Url) -> Result<()> {
        // What is rare has no room in the futures of all requests.
        self.in_time(Box::pin(read::drain(answer)), url).await
    }

    /// Waits for something on our side.
    pub(crate) async fn in_time<T>(
        &mut self,
        event: impl Future<Output = T>,
        url: &Url,
    ) -> Result<T> {
        let outcome = self.watch.wait(event).await;
        outcome.map_err(|Elapsed| transport_error::timed_out(url))
    }
}
