//! Trust: a certificate authority of one's own, and none of the system's.

use std::{path::Path, process::Command};

use session_core::{BasicEnvironment, ErrorKind, SessionHandle, Transport};
use session_http::{Client, Connections};

use crate::support::{Realm, Server, Tokens, block_on};

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
        let realm = Realm::agreeable();
        let client = client(&realm.url(), Some(&realm.ca_file())).await;
        let answer = client.get("/").send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "ok");
    });
}

#[test]
fn other_authorities_are_not_trusted() {
    block_on(async {
        let (realm, other) = (Realm::agreeable(), Realm::agreeable());
        for ca_file in [Some(other.ca_file()), None] {
            let client = client(&realm.url(), ca_file.as_deref()).await;
            let error = client.get("/").send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.to_string().contains("ca_file"), "{error}");
        }
        assert!(realm.server.log().is_empty());
    });
}

#[test]
fn where_the_time_is_what_is_wrong_with_a_certificate_the_clock_is_what_to_look_at() {
    block_on(async {
        let realm = Realm::agreeable();
        for (years, remedy) in [
            (2990..3000, "is this machine's clock behind?"),
            (1990..2000, "is this machine's clock ahead?"),
        ] {
            realm.show_valid(years);
            let client = client(&realm.url(), Some(&realm.ca_file())).await;
            let error = client.get("/").send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            let text = error.to_string();
            assert!(text.contains(remedy) && !text.contains("ca_file"), "{text}");
        }
    });
}

#[test]
fn a_ca_file_that_is_none_is_named() {
    block_on(async {
        let realm = Realm::agreeable();
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
            let client = client(&realm.url(), Some(&path)).await;
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
                .await
                .is_ok()
        );
        let connections = Connections::new(Transport::DEFAULT);
        assert!(
            connections
                .client(&"http://localhost/".parse().unwrap())
                .await
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
        let (realm, other) = (Realm::agreeable(), Realm::agreeable());
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

/// Runs itself again, where the environment has a proxy for everything.
#[test]
fn the_proxies_of_the_environment_are_not_used() {
    const NAME: &str = "tls::the_proxies_of_the_environment_are_not_used";
    let (api, ca_file) = (std::env::var("TEST_API"), std::env::var("TEST_CA_FILE"));
    let (Ok(api), Ok(ca_file)) = (api, ca_file) else {
        let (realm, proxy) = (Realm::agreeable(), Server::agreeable());
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args([NAME, "--exact"]);
        for variable in ["NO_PROXY", "no_proxy"] {
            again.env_remove(variable);
        }
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            again.env(variable, proxy.url());
        }
        let output = again
            .env("TEST_API", realm.url())
            .env("TEST_CA_FILE", realm.ca_file())
            .output()
            .unwrap();
        // First of all: what went to the proxy is the reason for whatever else went wrong.
        assert_eq!(proxy.accepted(), 0);
        let output = String::from_utf8(output.stdout).unwrap();
        assert!(output.contains("1 passed; 0 failed"), "{output}");
        assert_eq!(realm.server.log().len(), 1);
        return;
    };
    block_on(async {
        let client = client(&api, Some(Path::new(&ca_file))).await;
        assert_eq!(client.get("/").send().await.unwrap().status(), 200);
    });
}
