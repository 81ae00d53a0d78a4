//! Trust: a certificate authority of one's own, and none of the system's.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use session_core::{BasicEnvironment, ErrorKind, SessionHandle, Transport};
use session_http::{Client, Connections};
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::support::{Server, Tokens, block_on, reply};

/// A certificate authority in a file, and a server that it vouches for.
struct Realm {
    folder: TempDir,
    server: Server,
}

impl Realm {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        Self {
            folder,
            server: Server::start_tls(TlsAcceptor::from(Arc::new(config)), async |_| {
                reply(200, &[], "ok")
            }),
        }
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/", self.server.address.port())
    }

    async fn client(&self, ca_file: Option<&Path>) -> Client {
        client(&self.url(), ca_file).await
    }
}

async fn client(api: &str, ca_file: Option<&Path>) -> Client {
    let mut environment = BasicEnvironment::new("test").service("api", api).unwrap();
    if let Some(path) = ca_file {
        environment = environment.ca_file(path);
    }
    let session = SessionHandle::new(Tokens::new(environment).0);
    session.init().await.unwrap();
    Client::new(&session)
}

#[test]
fn a_ca_file_is_enough() {
    block_on(async {
        let realm = Realm::new();
        let client = realm.client(Some(&realm.ca_file())).await;
        let answer = client.get("/").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "ok");
    });
}

#[test]
fn other_authorities_are_not_trusted() {
    block_on(async {
        let (realm, other) = (Realm::new(), Realm::new());
        for ca_file in [Some(other.ca_file()), None] {
            let client = realm.client(ca_file.as_deref()).await;
            let error = client.get("/").send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.to_string().contains("ca_file"), "{error}");
        }
        assert!(realm.server.log().is_empty());
    });
}

#[test]
fn a_ca_file_that_is_none_is_named() {
    block_on(async {
        let realm = Realm::new();
        let write = |name: &str, text: &str| {
            let path = realm.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (path, problem) in [
            (realm.folder.path().join("absent.pem"), "cannot be read"),
            (realm.folder.path().to_owned(), "cannot be read"),
            (write("empty.pem", ""), "holds no certificates"),
            (write("text.pem", "s3cr3t"), "holds no certificates"),
            (write("cut.pem", &damaged[..40]), "holds no certificates"),
            (write("damaged.pem", damaged), "cannot be used"),
        ] {
            let client = realm.client(Some(&path)).await;
            let error = client.get("/").send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = error.to_string();
            assert!(
                text.contains(path.to_str().unwrap()) && text.contains(problem),
                "{text}"
            );
            assert!(!text.contains("s3cr3t"));
        }
    });
}

#[test]
fn plain_http_needs_no_authorities() {
    block_on(async {
        let connections = Connections::new(&Transport::default().with_ca_file("/absent.pem"));
        assert!(
            connections
                .client(&"http://localhost/".parse().unwrap())
                .is_ok()
        );
        let connections = Connections::new(Transport::DEFAULT);
        assert!(
            connections
                .client(&"http://localhost/".parse().unwrap())
                .is_ok()
        );
    });
}

/// Runs tests of this file again, where the system has no certificate authorities.
#[test]
fn a_machine_without_certificate_authorities_will_do() {
    let again = [
        "tls::a_ca_file_is_enough",
        "tls::other_authorities_are_not_trusted",
        "tls::plain_http_needs_no_authorities",
    ];
    let output = Command::new(std::env::current_exe().unwrap())
        .args(again)
        .arg("--exact")
        .env("SSL_CERT_FILE", "/absent/cert.pem")
        .env("SSL_CERT_DIR", "/absent")
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("3 passed; 0 failed"), "{output}");
}

/// Runs itself again, where the system trusts what the `ca_file` does not.
#[test]
fn with_a_ca_file_the_systems_authorities_are_not_trusted() {
    const NAME: &str = "tls::with_a_ca_file_the_systems_authorities_are_not_trusted";
    let (api, ca_file) = (std::env::var("TEST_API"), std::env::var("TEST_CA_FILE"));
    let (Ok(api), Ok(ca_file)) = (api, ca_file) else {
        let (realm, other) = (Realm::new(), Realm::new());
        let output = Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact"])
            .env("SSL_CERT_FILE", realm.ca_file())
            .env("TEST_API", realm.url())
            .env("TEST_CA_FILE", other.ca_file())
            .output()
            .unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        assert!(output.contains("1 passed; 0 failed"), "{output}");
        assert_eq!(realm.server.log().len(), 1);
        return;
    };
    block_on(async {
        let trusted = client(&api, None).await.get("/").send().await.unwrap();
        assert_eq!(trusted.status(), 200);
        let request = client(&api, Some(Path::new(&ca_file))).await.get("/");
        assert_eq!(request.send().await.unwrap_err().kind(), ErrorKind::Config);
    });
}
