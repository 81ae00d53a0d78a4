//! Neither secret nor token appears anywhere, whatever the server answers. In a process of its own: it listens to every
//! log line of it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::{StatusCode, header::LOCATION};
use session_core::{Config, SessionHandle};
use session_mock::{Capture, Client, Kind, Outage, Place, Provider, Search};
use session_oauth::{AuthorizationServer, ClientAuth, OAuth};

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
async fn use_up(session: &SessionHandle, capture: &Capture) {
    let initialized = session.init().await;
    if initialized.is_ok() {
        capture.note(Place::Shown, &format!("{:?}", session.credential().await));
    }
    look_at(session, capture);
    let closed = session.close().await;
    look_at(session, capture);
    for error in [initialized, closed].into_iter().filter_map(Result::err) {
        capture.note(Place::Errors, &Search::texts(&error));
    }
}

fn look_at(session: &SessionHandle, capture: &Capture) {
    let shown = format!(
        "{session:?} {:#?} {:?}",
        session.session(),
        session.status()
    );
    capture.note(Place::Shown, &shown);
}

#[tokio::test]
async fn neither_secret_nor_token_appears_anywhere() {
    let capture = Capture::install();
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
            capture.note(Place::Shown, &format!("{builder:?}"));
            use_up(&builder.open().unwrap(), &capture).await;
        }
    }
    secrets.extend(provider.issued());
    assert_eq!(secrets.len(), 5, "a token from each of four sessions");

    let mut echoes = Search::spellings(&secret);
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
                &capture,
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
    use_up(&session, &capture).await;
    secrets.extend([access, refresh]);

    // The secret where it does not belong.
    let misplaced = Config::new()
        .set("client_id", "svc")
        .set("environment.token_endpoint", secret.as_str());
    let error = session_core::open("oauth", misplaced).unwrap_err();
    capture.note(Place::Errors, &Search::texts(&error));

    // The libraries below did write, as loudly as they can.
    let [logged, shown, errors] =
        [Place::Logs, Place::Shown, Place::Errors].map(|place| capture.text(place));
    for library in [
        "hyper_util::client",
        "session_core::",
        "reqwest::connect",
        "invalid_client",
    ] {
        assert!(logged.contains(library), "nothing of {library}");
    }
    let search = Search::new(&secrets);
    for text in [logged, shown, errors] {
        let leaks = search.leaks(&text);
        assert!(
            leaks.is_empty(),
            "{} leaks: {:#?}",
            leaks.len(),
            &leaks[..leaks.len().min(20)]
        );
    }
}
