//! google-cloud-auth, with the credentials of a user.

use std::time::Duration;

use google_cloud_auth::credentials::{CacheableResource, Credentials, EntityTag, user_account};
use http::{Extensions, HeaderValue, header::AUTHORIZATION};

use super::Peer;
use crate::endpoint::Endpoint;

pub(crate) struct Google(Credentials);

impl Google {
    /// What a caller sends along who has the headers.
    pub(crate) async fn tag(&self) -> Extensions {
        let mut extensions = Extensions::new();
        if let CacheableResource::New { entity_tag, .. } = self.headers(Extensions::new()).await {
            extensions.insert::<EntityTag>(entity_tag);
        }
        extensions
    }

    /// For a caller who has the headers, which are still good: says so, and yields none.
    pub(crate) async fn is_unchanged(&self, tag: Extensions) -> bool {
        matches!(self.headers(tag).await, CacheableResource::NotModified)
    }

    async fn headers(&self, extensions: Extensions) -> CacheableResource<http::HeaderMap> {
        self.0
            .headers(extensions)
            .await
            .expect("the endpoint gives a token")
    }
}

impl Peer for Google {
    const NAME: &'static str = "google-cloud-auth";
    const DUE_SOON: (u64, Duration) = (242, Duration::from_secs(3));

    fn new(endpoint: &Endpoint) -> Self {
        let user = serde_json::json!({
            "type": "authorized_user",
            "client_id": "bench",
            "client_secret": "not a secret",
            "refresh_token": "not one either",
        });
        let builder =
            user_account::Builder::new(user).with_token_uri(format!("{}/token", endpoint.url()));
        Self(builder.build().expect("complete"))
    }

    async fn header(&self) -> HeaderValue {
        match self.headers(Extensions::new()).await {
            CacheableResource::New { mut data, .. } => {
                data.remove(AUTHORIZATION).expect("it is one of them")
            }
            CacheableResource::NotModified => unreachable!("no tag was sent"),
        }
    }
}
