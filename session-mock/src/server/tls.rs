//! TLS, by a certificate authority that lives as long as the provider.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// How connections are encrypted.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) authority: String,
}

impl Tls {
    /// For these names and addresses, and all of loopback's.
    pub(super) fn new(names: &[String]) -> io::Result<Self> {
        make(names).map_err(io::Error::other)
    }
}

fn make(names: &[String]) -> Result<Tls, Box<dyn std::error::Error + Send + Sync>> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let common = "the authority of a session-mock provider";
    authority
        .distinguished_name
        .push(DnType::CommonName, common);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    all.extend_from_slice(names);
    let mut server = CertificateParams::new(all)?;
    server.use_authority_key_identifier_extension = true;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &authority)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // The process's own provider may be another, or none.
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(Tls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        authority: authority.pem(),
    })
}
