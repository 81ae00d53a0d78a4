//! What is shown to servers that ask for a certificate, and which versions of TLS are spoken.

use std::path::Path;

use session_core::{
    BasicEnvironment, Carrier, Environment, Error, ErrorKind, SessionHandle, TlsVersion,
};
use session_http::{Client, Connections, reqwest};
use tokio_rustls::rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};

use crate::support::{Conduct, Proxy, Realm, Server, Terms, Tokens, block_on, environment, reply};

const OLD: &[&SupportedProtocolVersion] = &[&TLS12];
const NEW: &[&SupportedProtocolVersion] = &[&TLS13];

const ASKS: Terms = Terms {
    versions: &[&TLS13, &TLS12],
    asks_for_certificate: true,
    http2: true,
};

fn asking(terms: Terms) -> Realm {
    Realm::on(terms, async |_| reply(200, &[], "ok"))
}

fn within(realm: &Realm) -> BasicEnvironment {
    environment(&realm.url()).ca_file(realm.ca_file())
}

async fn request(environment: BasicEnvironment) -> Result<String, Error> {
    let session = SessionHandle::new(Tokens::new(environment).0);
    session.init().await?;
    Client::new(&session).get("/").send().await?.text().await
}

#[test]
fn a_server_that_asks_gets_the_client_certificate() {
    block_on(async {
        let realm = asking(ASKS);
        let (certificate, key) = realm.client();
        let both = realm.folder.path().join("both.pem");
        let texts = [&key, &certificate].map(|path| std::fs::read_to_string(path).unwrap());
        std::fs::write(&both, texts.concat()).unwrap();

        let apart = within(&realm).client_certificate(&certificate, Some(&key));
        assert_eq!(request(apart).await.unwrap(), "ok");
        let together = within(&realm).client_certificate(&both, None::<&Path>);
        assert_eq!(request(together).await.unwrap(), "ok");
        // The key of the other file counts, whatever is in the first.
        let key_twice = within(&realm).client_certificate(&both, Some(&key));
        assert_eq!(request(key_twice).await.unwrap(), "ok");
    });
}

#[test]
fn without_one_the_error_says_what_to_set() {
    for versions in [OLD, NEW] {
        block_on(async {
            let realm = asking(Terms { versions, ..ASKS });
            let error = request(within(&realm)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            let text = error.to_string();
            assert!(
                text.contains("`localhost`") && text.contains("`client_certificate`"),
                "{text}"
            );
            assert!(realm.server.log().is_empty());
        });
    }
}

#[test]
fn one_that_the_server_does_not_know_is_denied() {
    for versions in [OLD, NEW] {
        block_on(async {
            let (realm, other) = (asking(Terms { versions, ..ASKS }), Realm::agreeable());
            let (certificate, key) = other.client();
            let environment = within(&realm).client_certificate(certificate, Some(key));
            let error = request(environment).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
            assert!(
                error.to_string().contains("`client_certificate`"),
                "{error}"
            );
            assert!(realm.server.log().is_empty());
        });
    }
}

#[test]
fn files_that_are_of_no_use_are_named() {
    block_on(async {
        let realm = asking(ASKS);
        let (certificate, key) = realm.client();
        let (_, other_key) = realm.client();
        let write = |name: &str, text: &str| {
            let path = realm.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let absent = realm.folder.path().join("absent.pem");
        let text = write("text.pem", "s3cr3t");
        let encrypted = write(
            "encrypted.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nczNjcjN0\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
        let damaged = write(
            "damaged.key",
            "-----BEGIN PRIVATE KEY-----\nczNjcjN0\n-----END PRIVATE KEY-----\n",
        );
        for (certificate, key, named, problem) in [
            (&absent, Some(&key), &absent, "cannot be read"),
            (&text, Some(&key), &text, "holds no certificate"),
            (&key, Some(&key), &key, "holds no certificate"),
            (&certificate, Some(&absent), &absent, "cannot be read"),
            (
                &certificate,
                Some(&certificate),
                &certificate,
                "holds no private key",
            ),
            (&certificate, Some(&encrypted), &encrypted, "encrypted"),
            (&certificate, None, &certificate, "`client_key`"),
            (&certificate, Some(&damaged), &damaged, "cannot be used"),
            (
                &certificate,
                Some(&other_key),
                &other_key,
                "belong together",
            ),
        ] {
            let environment = within(&realm).client_certificate(certificate, key);
            let error = request(environment).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            let text = error.to_string();
            assert!(
                text.contains(named.to_str().unwrap()) && text.contains(problem),
                "{text}"
            );
            assert!(
                !text.contains("s3cr3t") && !text.contains("czNjcjN0"),
                "{text}"
            );
        }
    });
}

/// Whoever a redirect leads to is told nothing of the session, also not who it is.
#[test]
fn a_stranger_gets_no_client_certificate() {
    block_on(async {
        let stranger = asking(ASKS);
        let (certificate, key) = stranger.client();
        let url = stranger.url();
        let server = Server::start(move |_| {
            let answer = reply(302, &[("location", &url)], "");
            async { answer }
        });
        for own_builder in [false, true] {
            let environment = environment(&server.url())
                .ca_file(stranger.ca_file())
                .client_certificate(&certificate, Some(&key));
            let session = SessionHandle::new(Tokens::new(environment).0);
            session.init().await.unwrap();
            let client = Client::builder().session(&session);
            let client = if own_builder {
                client
                    .reqwest(|| reqwest::Client::builder().no_proxy())
                    .build()
            } else {
                client.build()
            };
            let error = client.get("/").send().await.unwrap_err();
            assert!(error.to_string().contains("there was none"), "{error}");
            assert!(stranger.server.log().is_empty());
        }
        // It would have been enough.
        let environment = within(&stranger).client_certificate(certificate, Some(key));
        assert_eq!(request(environment).await.unwrap(), "ok");
    });
}

#[test]
fn a_certificate_is_read_again_after_a_close() {
    block_on(async {
        let realm = asking(ASKS);
        let (certificate, key) = realm.client();
        let environment = within(&realm).client_certificate(&certificate, Some(&key));
        let connections = Connections::new(environment.transport());
        let url: url::Url = realm.url().parse().unwrap();
        let get = async || {
            connections
                .client(&url)
                .await?
                .get(url.clone())
                .send()
                .await
                .map_err(|error| session_http::transport_error(&error, &url))
        };
        std::fs::rename(&key, realm.folder.path().join("elsewhere")).unwrap();
        assert_eq!(get().await.unwrap_err().kind(), ErrorKind::Config);
        std::fs::rename(realm.folder.path().join("elsewhere"), &key).unwrap();
        assert_eq!(get().await.unwrap().status(), 200);
        std::fs::remove_file(&key).unwrap();
        assert_eq!(get().await.unwrap().status(), 200);
        connections.disconnect();
        assert_eq!(get().await.unwrap_err().kind(), ErrorKind::Config);
    });
}

#[test]
fn a_server_with_older_tls_alone_is_refused() {
    block_on(async {
        let old = asking(Terms {
            versions: OLD,
            ..Terms::default()
        });
        assert_eq!(request(within(&old)).await.unwrap(), "ok");
        let error = request(within(&old).min_tls(TlsVersion::Tls13))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(
            text.contains("`localhost`") && text.contains("`min_tls`"),
            "{text}"
        );
        assert_eq!(old.server.log().len(), 1);

        let new = Realm::agreeable();
        assert_eq!(
            request(within(&new).min_tls(TlsVersion::Tls13))
                .await
                .unwrap(),
            "ok"
        );
    });
}

/// Whatever the caller's own builder says of them.
#[test]
fn http1_and_the_oldest_tls_hold_for_every_client() {
    block_on(async {
        let realm = Realm::agreeable();
        for own_builder in [false, true] {
            for http1_only in [false, true] {
                let environment = within(&realm).http1_only(http1_only);
                let session = SessionHandle::new(Tokens::new(environment).0);
                session.init().await.unwrap();
                let client = Client::builder().session(&session);
                let client = if own_builder {
                    client.reqwest(reqwest::Client::builder).build()
                } else {
                    client.build()
                };
                let answer = client.get("/").send().await.unwrap();
                let expected = if http1_only {
                    http::Version::HTTP_11
                } else {
                    http::Version::HTTP_2
                };
                assert_eq!(answer.version(), expected);
            }
        }
        let old = asking(Terms {
            versions: OLD,
            ..Terms::default()
        });
        let session = SessionHandle::new(Tokens::new(within(&old).min_tls(TlsVersion::Tls13)).0);
        session.init().await.unwrap();
        let client = Client::builder().session(&session);
        let client = client.reqwest(reqwest::Client::builder).build();
        assert_eq!(
            client.get("/").send().await.unwrap_err().kind(),
            ErrorKind::Config
        );
    });
}

#[test]
fn a_proxy_is_not_shown_it() {
    block_on(async {
        let realm = asking(ASKS);
        let (certificate, key) = realm.client();
        let https = Proxy::start_tls(realm.acceptor(), realm.server.address, Conduct::Open);
        let http = Proxy::start(realm.server.address, Conduct::Open);
        let through = |way: &str| {
            environment(&realm.proxied_url())
                .ca_file(realm.ca_file())
                .client_certificate(&certificate, Some(&key))
                .proxy(session_core::Proxy::new(way).unwrap())
        };
        let url = format!("https://localhost:{}", https.address.port());
        let error = request(through(&url)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let text = error.to_string();
        for part in ["`client_certificate`", &url, "an `http://` address"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(https.log().is_empty() && realm.server.log().is_empty());
        assert_eq!(request(through(&http.url())).await.unwrap(), "ok");
        // Whom it does not carry, it is not in the way of.
        let way = session_core::Proxy::new(&url).unwrap();
        let direct = environment(&realm.url())
            .ca_file(realm.ca_file())
            .client_certificate(&certificate, Some(&key))
            .proxy(way);
        assert_eq!(request(direct).await.unwrap(), "ok");
    });
}
