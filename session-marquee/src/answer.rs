//! Marquee's answer.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, de::DeserializeOwned};
use session_core::{Error, ErrorKind, Result};
use session_http::Response;
use url::Url;

use crate::{
    Client, Failure,
    explanation::explanation,
    request_id::{RequestId, Spoken},
};

/// What a request was, for errors.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) client: Client,
    pub(crate) spoken: Spoken,
}

/// An answer that is a success.
#[derive(Debug)]
pub struct Answer {
    response: Response,
    request_id: RequestId,
}

impl Answer {
    pub(crate) async fn checked(mut response: Response, asked: Asked) -> Result<Self> {
        let request_id = RequestId::of(response.headers(), &asked.client, asked.spoken);
        if response.status().is_success() {
            return Ok(Self {
                response,
                request_id,
            });
        }
        let failure = Failure {
            status: response.status(),
            method: asked.method,
            url: asked.url,
            is_of_token_endpoint: false,
            explanation: explanation(&mut response).await,
            request_id: request_id.get().map(str::to_owned),
        };
        let Err(error) = response.error_for_status() else {
            return Err(Error::new(
                ErrorKind::Protocol,
                "an answer is no success, and no failure",
            ));
        };
        let text = match &failure.request_id {
            Some(id) => format!("{error} ({}, request {id})", failure.method),
            None => format!("{error} ({})", failure.method),
        };
        let told = Error::new(error.kind(), text)
            .with_status(failure.status)
            .with_challenges(error.challenges().to_vec())
            .with_source(failure);
        Err(match error.retry_after() {
            Some(wait) => told.with_retry_after(wait),
            None => told,
        })
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Where it came from.
    pub fn url(&self) -> &Url {
        self.response.url()
    }

    /// Under which number Marquee knows of it (`x-dash-requestid`): for questions to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.get()
    }

    /// With this limit for what is held in memory, in bytes. Default: [`Response::LIMIT`].
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self {
            response: self.response.limit(limit),
            ..self
        }
    }

    /// The whole body as a value, by its content type: JSON or MessagePack. [`serde_json::Value`] takes any.
    ///
    /// # Errors
    ///
    /// `Protocol` when it is of another type, is not what is expected, or is too long; `Unavailable` when it breaks off.
    pub async fn decode<T: DeserializeOwned>(self) -> Result<T> {
        match Format::of(self.headers()) {
            Some(Format::Json) => self.response.json().await,
            Some(Format::MessagePack) => {
                let host = self.host();
                let body = self.response.bytes().await?;
                // The foreign error may quote the body.
                messagepack(&body).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Protocol,
                        format!("the answer of `{host}` is not the MessagePack expected; read it as bytes to see why"),
                    )
                })
            }
            None => Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "the answer of `{}` is neither JSON nor MessagePack; read it as text or bytes",
                    self.host()
                ),
            )),
        }
    }

    /// What is in the `results` of the body: what `gs_quant` makes instances of `cls` of.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub async fn results<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        let body: Results<T> = self.decode().await?;
        Ok(body.results)
    }

    /// The whole body as text.
    ///
    /// # Errors
    ///
    /// As [`Response::text`].
    pub async fn text(self) -> Result<String> {
        self.response.text().await
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// As [`Response::bytes`].
    pub async fn bytes(self) -> Result<Bytes> {
        self.response.bytes().await
    }

    /// The next part of the body, as it comes; `None` at its end. Without limit.
    ///
    /// # Errors
    ///
    /// `Unavailable` when it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.response.chunk().await
    }

    fn host(&self) -> String {
        self.url().host_str().unwrap_or_default().to_owned()
    }
}

#[derive(Deserialize)]
struct Results<T> {
    results: Vec<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    MessagePack,
}

impl Format {
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        match &*media_type(headers) {
            "application/x-msgpack" | "application/msgpack" | "application/vnd.msgpack" => {
                Some(Self::MessagePack)
            }
            "application/json" => Some(Self::Json),
            other if other.ends_with("+json") => Some(Self::Json),
            _ => None,
        }
    }
}

/// Without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let value = value.and_then(|value| value.split(';').next());
    value.unwrap_or_default().trim().to_ascii_lowercase()
}

/// How deep values are nested at most: as much as `serde_json` takes, and what a thread's stack holds.
const DEPTH: usize = 128;

/// All of it, as a value.
fn messagepack<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let mut rest = body;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest);
    deserializer.set_max_depth(DEPTH);
    let value = T::deserialize(&mut deserializer).ok()?;
    drop(deserializer);
    rest.is_empty().then_some(value)
}
