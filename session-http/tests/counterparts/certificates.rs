//! A server whose certificate changes under who authorizes for it.

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use session_core::{
    BasicEnvironment, Credential, Environment, Exchange, Outgoing, Result, Session, SessionHandle,
};
use session_http::Client;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{
    nginx::{Arrival, Nginx, Token, mark},
    support::block_on,
};

/// Has one token for the server with a certificate, and another for all other servers.
#[derive(Debug)]
struct Bound {
    environment: BasicEnvironment,
    certificate: CertificateDer<'static>,
    token: String,
    other: String,
}

#[async_trait]
impl Session for Bound {
    fn scheme(&self) -> &'static str {
        "bound"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::per_request(()))
    }

    async fn authorize(
        &self,
        _: &Credential,
        outgoing: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let is_it = outgoing.peer_certificate == Some(&self.certificate[..]);
        let token = if is_it { &self.token } else { &self.other };
        let headers = &mut outgoing.request.headers;
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        Ok(None)
    }

    fn binds_to_peer(&self) -> bool {
        true
    }
}

#[test]
fn one_that_changed_costs_a_request_to_find_out() {
    let nginx = Nginx::here();
    block_on(async {
        nginx.control("/certificate/first").await;
        let second = CertificateDer::from_pem_file(nginx.text("second_pem")).unwrap();
        let session = SessionHandle::new(Bound {
            environment: nginx.environment("changing"),
            certificate: second,
            token: nginx.token(Token::Valid),
            other: nginx.token(Token::Unknown),
        });
        session.init().await.unwrap();
        let client = Client::new(&session);
        let post = async |statuses: &[u64]| {
            let mark = mark();
            let request = client.post(&format!("/?{mark}")).body("hello");
            let status = u64::from(request.send().await.unwrap().status().as_u16());
            let arrived = nginx.arrived(&mark).await;
            let posts = arrived.iter().filter(|it| it.text("method") == "POST");
            let found: Vec<_> = posts.map(Arrival::status).collect();
            assert_eq!((&found[..], Some(&status)), (statuses, statuses.last()));
        };
        post(&[401, 401]).await;
        nginx.control("/certificate/second").await;
        post(&[401, 200]).await;
        post(&[200]).await;
    });
}
