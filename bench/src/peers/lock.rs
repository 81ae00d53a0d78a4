//! What one writes over the crate oauth2: a token behind tokio's lock.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use http::HeaderValue;
use oauth2::{
    AccessToken, AsyncHttpClient, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, TokenResponse, TokenUrl, basic::BasicClient,
};
use session_http::reqwest;
use tokio::sync::RwLock;

use super::{Peer, bearer};
use crate::endpoint::Endpoint;

type Client =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Over the reqwest that session-http has.
struct Transport(reqwest::Client);

/// How long before its end a token is replaced.
const MARGIN: Duration = Duration::from_secs(60);

pub(crate) struct Lock {
    client: Client,
    http: Transport,
    cached: RwLock<Option<(AccessToken, Instant)>>,
}

impl Lock {
    async fn token(&self) -> AccessToken {
        if let Some(token) = valid(self.cached.read().await.as_ref()) {
            return token;
        }
        let mut cached = self.cached.write().await;
        if let Some(token) = valid(cached.as_ref()) {
            return token;
        }
        let answer = self
            .client
            .exchange_client_credentials()
            .request_async(&self.http)
            .await;
        let answer = answer.expect("the endpoint gives a token");
        let token = answer.access_token().clone();
        let lifetime = answer.expires_in().expect("the endpoint says how long");
        *cached = Some((token.clone(), Instant::now() + lifetime));
        token
    }
}

impl Peer for Lock {
    const NAME: &'static str = "oauth2 and a tokio RwLock";
    const DUE_SOON: (u64, Duration) = (62, Duration::from_secs(3));

    fn new(endpoint: &Endpoint) -> Self {
        let address = TokenUrl::new(format!("{}/token", endpoint.url())).expect("an absolute URL");
        Self {
            client: BasicClient::new(ClientId::new("bench".to_owned()))
                .set_client_secret(ClientSecret::new("not a secret".to_owned()))
                .set_token_uri(address),
            http: Transport(reqwest::Client::builder().build().expect("TLS is set up")),
            cached: RwLock::default(),
        }
    }

    async fn header(&self) -> HeaderValue {
        bearer(self.token().await.secret())
    }
}

fn valid(cached: Option<&(AccessToken, Instant)>) -> Option<AccessToken> {
    let (token, expires) = cached?;
    (Instant::now() + MARGIN < *expires).then(|| token.clone())
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Transport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
        let answer = self.0.execute(request.try_into()?).await?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let body = answer.bytes().await?;
        Ok(response.body(body.to_vec()).expect("a valid response"))
    }
}
