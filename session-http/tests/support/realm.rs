//! A server that a certificate authority of its own vouches for.

use std::{
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier},
        sign::CertifiedKey,
    },
};

use super::server::{Received, Reply, Server, reply};

/// A certificate authority in a file, and a server that it vouches for as `localhost` and `api.test`.
pub struct Realm {
    pub folder: TempDir,
    pub server: Server,
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
}

/// How the server speaks TLS.
#[derive(Clone, Copy)]
pub struct Terms {
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// Whether it asks for certificates of its own authority, and insists.
    pub asks_for_certificate: bool,
    /// Whether it speaks HTTP/2 with who knows it.
    pub http2: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            versions: ALL_VERSIONS,
            asks_for_certificate: false,
            http2: true,
        }
    }
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
        Self::on(Terms::default(), answer)
    }

    pub fn on<F>(terms: Terms, answer: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let authority = Arc::new(authority());
        let shown = Arc::new(Shown(Mutex::new(certificate(&authority))));
        let builder = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_protocol_versions(terms.versions)
            .unwrap();
        let builder = if terms.asks_for_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).unwrap();
            let provider = Arc::new(aws_lc_rs::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let resolver: Arc<Shown> = Arc::clone(&shown);
        let mut config = builder.with_cert_resolver(resolver);
        // As after a restart: a session that is resumed shows no certificate.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if terms.http2 {
            config.alpn_protocols.insert(0, b"h2".to_vec());
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self {
            folder,
            server: Server::start_tls(acceptor.clone(), answer),
            authority,
            shown,
            acceptor,
        }
    }

    /// For another server with the same certificate.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/", self.server.address.port())
    }

    /// The same server under a name that only a proxy knows.
    pub fn proxied_url(&self) -> String {
        format!("https://api.test:{}/", self.server.address.port())
    }

    /// What the server shows on new connections (DER).
    pub fn certificate(&self) -> Vec<u8> {
        self.shown.0.lock().unwrap().cert[0].to_vec()
    }

    /// The same, from within the server.
    pub fn reader(&self) -> impl Fn() -> Vec<u8> + Send + Sync + 'static {
        let shown = Arc::clone(&self.shown);
        move || shown.0.lock().unwrap().cert[0].to_vec()
    }

    /// Has the server show another certificate from now on.
    pub fn change_certificate(&self) {
        self.shown.change(&self.authority);
    }

    /// Has it show one that is valid in these years alone, from now on.
    pub fn show_valid(&self, years: Range<i32>) {
        let mut params = params();
        params.not_before = date_time_ymd(years.start, 1, 1);
        params.not_after = date_time_ymd(years.end, 1, 1);
        *self.shown.0.lock().unwrap() = signed(&params, &self.authority);
    }

    /// A way to change it from within the server.
    pub fn changer(&self) -> impl Fn() + Send + Sync + 'static {
        let (shown, authority) = (Arc::clone(&self.shown), Arc::clone(&self.authority));
        move || shown.change(&authority)
    }

    /// Files with a client certificate of the authority, and with its key.
    pub fn client(&self) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["client".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let paths = (folder.join("client.pem"), folder.join("client.key"));
        std::fs::write(&paths.0, certificate.pem()).unwrap();
        std::fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }
}

/// The certificate that is shown at the moment.
#[derive(Debug)]
struct Shown(Mutex<Arc<CertifiedKey>>);

impl Shown {
    fn change(&self, authority: &CertifiedIssuer<'static, KeyPair>) {
        *self.0.lock().unwrap() = certificate(authority);
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.lock().unwrap()))
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn certificate(authority: &CertifiedIssuer<'static, KeyPair>) -> Arc<CertifiedKey> {
    signed(&params(), authority)
}

fn params() -> CertificateParams {
    CertificateParams::new(["localhost".to_owned(), "api.test".to_owned()]).unwrap()
}

fn signed(
    params: &CertificateParams,
    authority: &CertifiedIssuer<'static, KeyPair>,
) -> Arc<CertifiedKey> {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
    Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key))
}
