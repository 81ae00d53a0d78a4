//! What a request gets, where it may go, and what happens when it is refused.

use std::task::Poll;

use http::{
    HeaderMap, Method,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};
use session_core::{ErrorKind, Receipt, SessionHandle};
use url::Url;

use super::Shown;
use crate::{
    Subject, Unable,
    conformance::{
        Trial,
        trial::{authorize, poll_once, service},
    },
};

pub(crate) async fn a_refused_credential_is_replaced_once_and_its_successor_stays<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    let url = service(&session)?;
    let (_, refused) = authorized(&session, Method::GET, &url).await;
    trial.record.gate.shut();
    let report = || Box::pin(session.report_refusal(&refused, &[]));
    let mut reports: Vec<_> = (0..20).map(|_| report()).collect();
    for report in &mut reports {
        assert!(poll_once(report).is_pending());
    }
    trial.record.gate.open();
    for report in reports {
        let outcome = report.await;
        assert!(outcome.is_ok(), "the renewal of a refused one: {outcome:?}");
    }
    trial.assert_authentications(2);

    // What was refused before says nothing about what there is now.
    let late = poll_once(report());
    assert!(
        matches!(late, Poll::Ready(Ok(()))),
        "a late refusal: {late:?}"
    );
    assert_eq!(session.status().generation, 2);
    let (_, receipt) = authorized(&session, Method::GET, &url).await;
    assert_eq!(receipt.generation(), 2);
    trial.assert_admitted(&session).await;
    trial.assert_authentications(2);
    Ok(())
}

pub(crate) async fn the_credential_goes_to_the_environment_and_nowhere_else<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    service(&session)?;
    let services = session.environment().services();
    for (name, url) in services.iter() {
        let allowed = session.check(url);
        assert!(
            allowed.is_ok(),
            "the environment's own service `{name}`: {allowed:?}"
        );
    }
    for url in elsewhere(&session) {
        let (mut head, ()) = http::Request::new(()).into_parts();
        let outgoing = session_core::Outgoing::new(&url, &mut head);
        let refused = session
            .authorize(outgoing)
            .await
            .map_err(|error| error.kind());
        assert_eq!(
            refused.err(),
            Some(ErrorKind::Forbidden),
            "the credential may go to {url}"
        );
        assert!(head.headers.is_empty(), "headers for {url}");
    }
    Ok(())
}

pub(crate) async fn what_goes_on_a_request_is_marked_sensitive<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    let (headers, _) = authorized(&session, Method::GET, &service(&session)?).await;
    assert!(!headers.is_empty(), "nothing goes on the request");
    let is_secret = |name| [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name);
    for (name, value) in headers.iter().filter(|(name, _)| is_secret(name)) {
        assert!(value.is_sensitive(), "`{name}` is not marked sensitive");
    }
    Ok(())
}

pub(crate) async fn each_request_has_an_authorization_of_its_own<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    let credential = trial.record.credential();
    if !credential.is_some_and(|credential| credential.is_per_request()) {
        return Err(Unable::because("all its requests have the same headers"));
    }
    let url = service(&session)?;
    let other = url.join("another").unwrap_or_else(|_| url.clone());
    // Both at once: neither may be disturbed by the other.
    let (first, _receipt) = authorized(&session, Method::GET, &url).await;
    let (second, _receipt) = authorized(&session, Method::POST, &other).await;
    assert!(
        !first.is_empty() && !second.is_empty(),
        "nothing goes on a request"
    );
    assert_ne!(first, second, "two requests have the same authorization");
    for _ in 0..2 {
        trial.assert_admitted(&session).await;
    }
    trial.assert_authentications(1);
    Ok(())
}

async fn authorized(session: &SessionHandle, method: Method, url: &Url) -> (HeaderMap, Receipt) {
    authorize(session, method, url)
        .await
        .unwrap_or_else(|error| panic!("an open session cannot authorize a request: {error:?}"))
}

/// Where it must not go: to strangers, unencrypted, to another port of the same host, and where a URL has a password.
fn elsewhere(session: &SessionHandle) -> Vec<Url> {
    let services = session.environment().services();
    let strangers = ["https://elsewhere.invalid/", "http://elsewhere.invalid/"];
    let mut urls: Vec<_> = strangers
        .iter()
        .filter_map(|url| Url::parse(url).ok())
        .collect();
    for (_, service) in services.iter() {
        for port in [1, 2] {
            let mut url = service.clone();
            if url.set_port(Some(port)).is_ok() && !services.contains_origin(&url) {
                urls.push(url);
            }
        }
        let mut url = service.clone();
        if url.set_password(Some("p")).is_ok() {
            urls.push(url);
        }
    }
    urls
}
