//! Neither secret nor token appears anywhere, whatever the server answers. In a process of its own: it listens to every
//! log line of it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use http::{StatusCode, header::LOCATION};
use session_core::{Config, SessionHandle};
use session_mock::{Client, Kind, Outage, Provider};
use session_oauth::{AuthorizationServer, ClientAuth, OAuth};
use tracing_subscriber::filter::LevelFilter;

/// All that was written so far.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn note(&self, text: &str) {
        let mut written = self.0.lock().unwrap();
        written.extend_from_slice(text.as_bytes());
        written.push(b'\n');
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// How a secret may be written.
fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let mut spellings = vec![
        ("as it is", secret.to_owned()),
        (
            "form-encoded",
            url::form_urlencoded::byte_serialize(bytes).collect(),
        ),
        (
            "percent-encoded",
            per_byte(bytes, |byte| format!("%{byte:02X}")),
        ),
        ("hexadecimal", per_byte(bytes, |byte| format!("{byte:02x}"))),
        (
            "decimal bytes",
            format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
        ),
        ("escaped", secret.escape_default().to_string()),
    ];
    // In the middle of something, base64 depends on what precedes: the letters that do not are searched for.
    for before in ["", "x", "xx"] {
        let text = format!("{before}{secret}");
        for (name, encoded) in [
            ("base64", STANDARD_NO_PAD.encode(&text)),
            ("base64url", URL_SAFE_NO_PAD.encode(&text)),
        ] {
            let whole = text.len() * 8 / 6;
            spellings.push((
                name,
                encoded[(before.len() * 8).div_ceil(6)..whole].to_owned(),
            ));
        }
    }
    spellings
}

fn per_byte(bytes: &[u8], spell: fn(&u8) -> String) -> String {
    bytes.iter().map(spell).collect()
}

fn leaks(text: &str, secrets: &[String]) -> Vec<String> {
    let mut leaks = Vec::new();
    for secret in secrets {
        for (name, spelling) in spellings(secret) {
            if let Some(at) = text.find(&spelling) {
                let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
                leaks.push(format!(
                    "{secret} {name}: {}",
                    text[line..].lines().next().unwrap_or_default()
                ));
            }
        }
    }
    leaks
}

fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text} {error} {error:?}");
        source = error.source();
    }
    text
}

/// Everything that a server could say, with what it was sent and what it gives in all places.
fn answers(issuer: &str, echoes: &[String]) -> Vec<Outage> {
    let mut answers = vec![
        Outage::oversized(1 << 20),
        Outage::truncated(),
        Outage::reset(),
        Outage::empty(),
        Outage::html(StatusCode::OK),
    ];
    let statuses = [
        StatusCode::OK,
        StatusCode::BAD_REQUEST,
        StatusCode::INTERNAL_SERVER_ERROR,
    ];
    for echo in echoes {
        let quoted = serde_json::to_string(echo).unwrap();
        for body in [
            quoted.clone(),
            echo.clone(),
            format!(r#"{{"error":{quoted}}}"#),
            format!(r#"{{"error":"invalid_client","error_description":{quoted}}}"#),
            format!(
                r#"{{"error":"x","error_description":"got {}"}}"#,
                quoted.trim_matches('"')
            ),
            format!(r#"{{"access_token":"t","token_type":{quoted}}}"#),
            format!(r#"{{"access_token":"t","expires_in":{quoted}}}"#),
            format!(r#"{{"access_token":[{quoted}]}}"#),
            format!("{{{quoted}:1e999"),
            format!(r#"{{"issuer":{quoted},"token_endpoint":{quoted}}}"#),
            format!(
                r#"{{"issuer":"{issuer}","token_endpoint":"http://127.0.0.1:1/{}"}}"#,
                quoted.trim_matches('"')
            ),
            format!(
                r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}{}"}}"#,
                quoted.trim_matches('"')
            ),
        ] {
            for status in statuses {
                answers.push(Outage::json(status, body.clone()));
            }
        }
        let location = format!("https://idp.example.com/?q={}", echo.escape_default());
        if let Ok(location) = http::HeaderValue::from_str(&location) {
            answers.push(Outage::status(StatusCode::FOUND).header(LOCATION, location));
        }
    }
    answers
}

/// Whatever one can look at without asking for the secret.
async fn use_up(session: &SessionHandle, written: &Written) {
    let initialized = session.init().await;
    if initialized.is_ok() {
        written.note(&format!("{:?}", session.credential().await));
    }
    look_at(session, written);
    let closed = session.close().await;
    look_at(session, written);
    for error in [initialized, closed].into_iter().filter_map(Result::err) {
        written.note(&chain(&error));
    }
}

fn look_at(session: &SessionHandle, written: &Written) {
    written.note(&format!(
        "{session:?} {:#?} {:?}",
        session.session(),
        session.status()
    ));
}

#[tokio::test]
async fn neither_secret_nor_token_appears_anywhere() {
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let secret = "s3cr3t Kö%+/:=~ n3v3r-t0-b3-s33n".to_owned();
    let provider = Provider::builder()
        .client(Client::new("svc", &secret))
        .start()
        .unwrap();
    let discovered = || AuthorizationServer::issuer(provider.issuer().as_str());
    let given = || {
        AuthorizationServer::token_endpoint(provider.token_endpoint().as_str())
            .revocation_endpoint(provider.revocation_endpoint().as_str())
    };
    let mut secrets = vec![secret.clone()];

    for auth in [ClientAuth::SecretBasic, ClientAuth::SecretPost] {
        for server in [given(), discovered()] {
            let builder =
                OAuth::client_credentials(server, "svc", secret.as_str()).client_auth(auth);
            written.note(&format!("{builder:?}"));
            use_up(&builder.open().unwrap(), &written).await;
        }
    }
    secrets.extend(provider.issued());
    assert_eq!(secrets.len(), 5, "a token from each of four sessions");

    let mut echoes: Vec<_> = spellings(&secret)
        .into_iter()
        .map(|(_, spelling)| spelling)
        .collect();
    echoes.push(format!(
        "Basic {}",
        STANDARD_NO_PAD.encode(format!("svc:{secret}"))
    ));
    for kind in [Kind::Token, Kind::Revoke, Kind::Discovery] {
        for outage in answers(provider.issuer().as_str(), &echoes) {
            provider.fail(kind, outage);
            let server = if kind == Kind::Discovery {
                discovered()
            } else {
                given()
            };
            use_up(
                &OAuth::client_credentials(server, "svc", secret.as_str())
                    .open()
                    .unwrap(),
                &written,
            )
            .await;
            provider.recover(kind);
        }
    }
    secrets.extend(provider.issued().into_iter().step_by(100));

    // A revocation that is refused by repeating the very tokens.
    let [access, refresh] = ["access", "refresh"].map(|kind| format!("{kind}-t0k3n-n3v3r-s33n"));
    let given_out = serde_json::json!({ "access_token": access, "refresh_token": refresh });
    let told = serde_json::json!({ "error": "invalid_request", "error_description": format!("{access} {refresh}") });
    provider.fail_next(
        Kind::Token,
        1,
        Outage::json(StatusCode::OK, given_out.to_string()),
    );
    provider.fail_next(
        Kind::Revoke,
        2,
        Outage::json(StatusCode::BAD_REQUEST, told.to_string()),
    );
    let session = OAuth::client_credentials(given(), "svc", secret.as_str())
        .open()
        .unwrap();
    use_up(&session, &written).await;
    secrets.extend([access, refresh]);

    // The secret where it does not belong.
    let misplaced = Config::new()
        .set("client_id", "svc")
        .set("environment.token_endpoint", secret.as_str());
    written.note(&chain(&session_core::open("oauth", misplaced).unwrap_err()));

    // The libraries below did write, as loudly as they can.
    let text = written.text();
    for library in [
        "hyper_util::client",
        "session_core::telemetry",
        "reqwest::connect",
        "invalid_client",
    ] {
        assert!(text.contains(library), "nothing of {library}");
    }
    secrets.sort();
    secrets.dedup();
    let leaks = leaks(&text, &secrets);
    assert!(
        leaks.is_empty(),
        "{} leaks: {:#?}",
        leaks.len(),
        &leaks[..leaks.len().min(20)]
    );
}

/// The search above would find a leak in every spelling.
#[test]
fn a_planted_leak_is_found() {
    let secret = "s3cr3t Kö%+/:=~ n3v3r-t0-b3-s33n".to_owned();
    for (name, spelling) in spellings(&secret) {
        let text = format!("first line\nDEBUG sent {spelling} to the server\n");
        let found = leaks(&text, std::slice::from_ref(&secret));
        assert!(found.iter().any(|leak| leak.contains(name)), "{name}");
    }
    let header = format!("Basic {}", STANDARD_NO_PAD.encode(format!("svc:{secret}")));
    assert!(!leaks(&header, std::slice::from_ref(&secret)).is_empty());
    assert!(leaks("nothing here", &[secret]).is_empty());
}
