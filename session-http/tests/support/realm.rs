//! A server that a certificate authority of its own vouches for.

use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::server::{Received, Reply, Server, reply};

/// A certificate authority in a file, and a server that it vouches for, by HTTP/2 for who knows it.
pub struct Realm {
    pub folder: TempDir,
    pub server: Server,
}

impl Realm {
    /// Answers 200 to everything.
    pub fn agreeable() -> Self {
        Self::start(async |_| reply(200, &[], "ok"))
    }

    pub fn start<F>(answer: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        Self {
            folder,
            server: Server::start_tls(TlsAcceptor::from(Arc::new(config)), answer),
        }
    }

    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/", self.server.address.port())
    }
}
