//! TLS, by an authority that lives as long as the provider.

use std::sync::Arc;

use session_mock::Provider;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The answer to a request by TLS, where one trusts this authority and wants this name.
async fn ask(provider: &Provider, authority: &str, name: &'static str) -> std::io::Result<String> {
    let mut trusted = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    trusted.add(authority).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let address = provider.issuer().socket_addrs(|| None).unwrap()[0];
    let stream = tokio::net::TcpStream::connect(address).await?;
    let name = ServerName::try_from(name).unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    stream
        .write_all(b"GET /api/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn who_trusts_its_authority_speaks_tls_with_it() {
    let provider = Provider::builder().tls(["marquee.test"]).start().unwrap();
    assert_eq!(provider.issuer().scheme(), "https");
    let authority = provider.authority().unwrap();
    for name in ["127.0.0.1", "localhost", "marquee.test"] {
        let answer = ask(&provider, authority, name).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    assert_eq!(provider.log()[0].headers()[0], ("Host", &b"x"[..]));
    assert!(ask(&provider, authority, "other.test").await.is_err());
    let stranger = Provider::builder().tls([""; 0]).start().unwrap();
    assert!(
        ask(&provider, stranger.authority().unwrap(), "localhost")
            .await
            .is_err()
    );
    assert_eq!(provider.log().len(), 3);
}
