//! The client secret credential of `azure_identity`, with a transport inside of the process: it speaks TLS only.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::{
    credentials::TokenCredential,
    http::{
        AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport,
        headers::Headers,
    },
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use http::HeaderValue;

use super::{Peer, bearer};
use crate::endpoint::{Conduct, Endpoint};

pub(crate) struct Azure(Arc<ClientSecretCredential>);

#[derive(Debug)]
struct InProcess(Arc<Conduct>);

impl Peer for Azure {
    const NAME: &'static str = "azure_identity";
    const DUE_SOON: (u64, Duration) = (302, Duration::from_secs(3));

    fn new(endpoint: &Endpoint) -> Self {
        let options = ClientSecretCredentialOptions {
            client_options: ClientOptions {
                transport: Some(Transport::new(Arc::new(InProcess(Arc::clone(
                    &endpoint.conduct,
                ))))),
                ..ClientOptions::default()
            },
        };
        let credential = ClientSecretCredential::new(
            "tenant",
            "bench".to_owned(),
            "not a secret".into(),
            Some(options),
        );
        Self(credential.expect("complete"))
    }

    async fn header(&self) -> HeaderValue {
        let token = self
            .0
            .get_token(&["https://api.example.com/.default"], None)
            .await;
        bearer(token.expect("the endpoint gives a token").token.secret())
    }
}

#[async_trait]
impl HttpClient for InProcess {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = self.0.token().await;
        Ok(AsyncRawResponse::from_bytes(
            StatusCode::Ok,
            Headers::new(),
            body,
        ))
    }
}
