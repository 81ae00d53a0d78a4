//! session-kit, by its backend for OAuth 2.

use std::time::Duration;

use http::{HeaderValue, Request, header::AUTHORIZATION};
use session_core::{Outgoing, SessionHandle};
use session_oauth::{AuthorizationServer, OAuth};
use url::Url;

use super::Peer;
use crate::endpoint::Endpoint;

pub(crate) struct Kit {
    pub(crate) session: SessionHandle,
    pub(crate) url: Url,
}

impl Peer for Kit {
    const NAME: &'static str = "session-kit";
    const DUE_SOON: (u64, Duration) = (4, Duration::from_millis(3900));

    fn new(endpoint: &Endpoint) -> Self {
        let server = AuthorizationServer::token_endpoint(format!("{}/token", endpoint.url()));
        let session = OAuth::client_credentials(server, "bench", "not a secret")
            .api(endpoint.url())
            .open();
        Self {
            session: session.expect("loopback is allowed without encryption"),
            url: format!("{}/orders", endpoint.url())
                .parse()
                .expect("an absolute URL"),
        }
    }

    async fn open(&self) {
        self.session
            .init()
            .await
            .expect("the endpoint gives a token");
    }

    async fn header(&self) -> HeaderValue {
        let (mut parts, ()) = Request::new(()).into_parts();
        let outgoing = Outgoing::new(&self.url, &mut parts);
        self.session
            .authorize(outgoing)
            .await
            .expect("the session is open");
        parts
            .headers
            .remove(AUTHORIZATION)
            .expect("the session puts it on")
    }
}
