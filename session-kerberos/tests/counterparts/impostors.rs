//! Servers that are not who they say, and tokens on the way to them.

use http::StatusCode;
use session_core::{BasicEnvironment, Error, ErrorKind, SessionHandle};
use session_http::{Client, Response};
use session_kerberos::Mutual;

use crate::{realm::Realm, scripted::Scripted};

/// A session whose API this server says that it is.
async fn opened(server: &Scripted, mutual: Mutual) -> SessionHandle {
    let environment = BasicEnvironment::new("scripted");
    let environment = environment.service("api", &server.url()).unwrap();
    let builder = Realm::shared().by_keytab("svc").environment(environment);
    let session = builder.spn("HTTP@localhost").mutual(mutual).open().unwrap();
    session.init().await.unwrap();
    session
}

async fn get(session: &SessionHandle, path: &str) -> Result<Response, Error> {
    Client::new(session).get(path).send().await
}

/// What Apache says to prove who it is, to another request.
async fn proof_to_another() -> String {
    let session = Realm::shared().by_keytab("svc").open().unwrap();
    session.init().await.unwrap();
    let answer = get(&session, "").await.unwrap();
    let proof = answer.headers()["www-authenticate"].to_str().unwrap();
    proof.to_owned()
}

#[tokio::test]
async fn whoever_cannot_prove_to_be_the_server_is_not_believed_and_not_asked_again() {
    let proof = proof_to_another().await;
    for (mutual, proof, words) in [
        (Mutual::Required, "", "does not prove who it is"),
        (Mutual::Required, "Negotiate", "does not prove who it is"),
        (Mutual::Required, "Negotiate !", "does not prove who it is"),
        (Mutual::Required, "Negotiate bm9uZQ==", "do not trust it"),
        (Mutual::Required, &proof, "do not trust it"),
        (Mutual::IfPresent, &proof, "do not trust it"),
    ] {
        for status in ["200 OK", "302 Found"] {
            let server = saying(status, proof);
            let session = opened(&server, mutual).await;
            let error = get(&session, "").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{proof}: {error}");
            assert!(error.to_string().contains(words), "{proof}: {error}");
            assert_eq!(server.assert_tokens_are_fresh(), 1, "{mutual} {status}");
            assert_eq!(session.status().generation, 1);
        }
    }
}

#[tokio::test]
async fn whoever_refuses_everybody_is_asked_twice_and_no_more() {
    let proof = proof_to_another().await;
    for (proof, kind) in [
        ("", None),
        ("Negotiate", None),
        ("Negotiate bm9uZQ==", Some(ErrorKind::Protocol)),
        (&proof, Some(ErrorKind::Protocol)),
    ] {
        let server = saying("401 Unauthorized", proof);
        let session = opened(&server, Mutual::Required).await;
        match (get(&session, "").await, kind) {
            (Ok(answer), None) => assert_eq!(answer.status(), StatusCode::UNAUTHORIZED),
            (outcome, kind) => assert_eq!(outcome.map_err(|it| it.kind()).err(), kind),
        }
        assert_eq!(server.assert_tokens_are_fresh(), 2, "{proof}");
        assert_eq!(session.status().generation, 2);
    }
}

/// Says the same to everybody.
fn saying(status: &'static str, proof: &str) -> Scripted {
    let proof = match proof {
        "" => String::new(),
        proof => format!("www-authenticate: {proof}\r\n"),
    };
    Scripted::start(move |_, _| Some(format!("{status}\r\nlocation: /elsewhere\r\n{proof}")))
}

#[tokio::test]
async fn no_token_is_sent_twice_whatever_happens_to_the_request() {
    let server = Scripted::start(|number, request| {
        let refused = "401 Unauthorized\r\nwww-authenticate: Negotiate\r\n";
        match (number, request.path.as_str()) {
            // It breaks off, and is sent again; it is refused, with a credential renewed; it is led elsewhere, and again.
            (1, _) => None,
            (2, _) => Some(refused.to_owned()),
            (_, "/begin") => Some("302 Found\r\nlocation: /middle\r\n".to_owned()),
            (_, "/middle") => Some("307 Temporary Redirect\r\nlocation: /end\r\n".to_owned()),
            _ => Some("200 OK\r\n".to_owned()),
        }
    });
    let session = opened(&server, Mutual::Off).await;
    let answer = get(&session, "begin").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let paths: Vec<_> = server.requests().into_iter().map(|it| it.path).collect();
    assert_eq!(paths, ["/begin", "/begin", "/begin", "/middle", "/end"]);
    assert_eq!(server.assert_tokens_are_fresh(), 5);
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn to_another_server_no_token_is_taken() {
    let stranger = Scripted::start(|_, _| Some("200 OK\r\n".to_owned()));
    let elsewhere = stranger.url();
    let server =
        Scripted::start(move |_, _| Some(format!("302 Found\r\nlocation: {elsewhere}\r\n")));
    let session = opened(&server, Mutual::Off).await;
    get(&session, "").await.unwrap();
    assert_eq!(server.assert_tokens_are_fresh(), 1);
    let requests = stranger.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].authorization, None);
}
