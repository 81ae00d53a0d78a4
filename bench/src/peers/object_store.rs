//! `object_store`: its cache is private, so it is asked for through the provider that its client for Azure asks; the
//! header is then made as that client makes it.

use std::time::Duration;

use http::HeaderValue;
use object_store::azure::{AzureCredential, AzureCredentialProvider, MicrosoftAzureBuilder};

use super::{Peer, bearer};
use crate::endpoint::Endpoint;

pub(crate) struct ObjectStore(AzureCredentialProvider);

impl Peer for ObjectStore {
    const NAME: &'static str = "object_store";
    const DUE_SOON: (u64, Duration) = (302, Duration::from_secs(3));

    fn new(endpoint: &Endpoint) -> Self {
        let store = MicrosoftAzureBuilder::new()
            .with_account("bench")
            .with_container_name("bench")
            .with_client_secret_authorization("bench", "not a secret", "tenant")
            .with_authority_host(endpoint.url())
            .with_allow_http(true)
            .build();
        Self(store.expect("complete").credentials().clone())
    }

    async fn header(&self) -> HeaderValue {
        let credential = self
            .0
            .get_credential()
            .await
            .expect("the endpoint gives a token");
        match &*credential {
            AzureCredential::BearerToken(token) => bearer(token),
            _ => unreachable!("a client secret yields a bearer token"),
        }
    }
}
