//! Sending requests to the authorization server.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header::ACCEPT};
use oauth2::HttpRequest;
use session_core::{Carrier, ErrorKind, Finding, Result, Secret, Transport};
use session_http::{Connections, read_limited, transport_error};
use zeroize::Zeroizing;

use crate::endpoint::Endpoint;

/// The longest answer that is read. Token answers and metadata have a few kilobytes.
const LIMIT: usize = 64 * 1024;

/// The way to the authorization server.
#[derive(Debug)]
pub(crate) struct Wire {
    connections: Connections,
    /// For each request, answer included.
    time_limit: Duration,
    /// On each request, whatever it would have in their place.
    headers: HeaderMap,
}

impl Wire {
    pub(crate) fn new(transport: &Transport, time_limit: Duration, headers: HeaderMap) -> Self {
        Self {
            connections: Connections::new(transport),
            time_limit,
            headers,
        }
    }

    pub(crate) async fn get(&self, endpoint: &Endpoint) -> Result<Answer> {
        let headers = [(ACCEPT, HeaderValue::from_static("application/json"))];
        let headers = headers.into_iter().collect();
        self.send(endpoint, Method::GET, headers, Bytes::new())
            .await
    }

    /// Sends a request to the endpoint, wherever the request itself says that it goes.
    pub(crate) async fn post(&self, endpoint: &Endpoint, request: HttpRequest) -> Result<Answer> {
        let (parts, body) = request.into_parts();
        // The body may hold the client's secret, and is wiped once it is sent.
        let body = Bytes::from_owner(Zeroizing::new(body));
        self.send(endpoint, Method::POST, parts.headers, body).await
    }

    /// Whether the endpoint's server can be reached; it gets no credential.
    pub(crate) async fn examine(&self, what: &str, endpoint: &Endpoint) -> Vec<Finding> {
        self.connections.examine(what, endpoint.url()).await
    }

    pub(crate) fn disconnect(&self) {
        self.connections.disconnect();
    }

    async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer> {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let url = endpoint.url();
        let client = self.connections.client(url).await?;
        let request = client.request(method, url.clone());
        let request = request.headers(headers).body(body).timeout(self.time_limit);
        let response = request
            .send()
            .await
            .map_err(|error| transport_error(&error, url))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = match read_limited(response, LIMIT).await {
            Ok(body) => Some(Secret::new(body)),
            Err(error) if error.kind() == ErrorKind::Protocol => None,
            // The status alone says enough.
            Err(_) if !status.is_success() => None,
            Err(error) => return Err(error),
        };
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `None`: longer than 64 KiB; or that of a refusal, and incomplete.
    pub(crate) body: Option<Secret>,
}

impl Answer {
    /// The body, if there is one and it may be a JSON object. An array is not: serde would take it for a struct.
    pub(crate) fn object(&self) -> Option<&[u8]> {
        let body = self.body.as_ref()?.expose();
        body.trim_ascii_start().starts_with(b"{").then_some(body)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
