//! What a request gets, where it may go, and what happens when it is refused.

use std::task::Poll;

use http::{
    HeaderMap, HeaderValue, Method,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
    request::Parts,
};
use session_core::{ErrorKind, Outgoing, Receipt, SessionHandle};
use url::Url;

use super::Shown;
use crate::{
    Search, Subject, Unable,
    conformance::{
        Trial,
        trial::{authorize, converse, poll_once, service},
    },
    secrets,
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
        let outgoing = Outgoing::new(&url, &mut head);
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
    let requests = requests(trial, &session).await?;
    assert!(
        requests.iter().any(|headers| !headers.is_empty()),
        "nothing goes on a request"
    );
    let is_always = |name| [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name);
    let search = Search::new(trial.secrets(&requests));
    for headers in &requests {
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_sensitive()) {
            let one = HeaderMap::from_iter([(name.clone(), value.clone())]);
            let leaks = search.leaks(&secrets::unmarked(&one));
            assert!(
                !is_always(name) && leaks.is_empty(),
                "`{name}` holds a secret and is not marked sensitive (`HeaderValue::set_sensitive`): its value is in the \
                 `Debug` of every request, goes into logs, and HTTP/2 may keep it in a table that others can guess from"
            );
        }
    }
    Ok(())
}

pub(crate) async fn what_is_kept_is_never_sent<S: Subject>(trial: &Trial<S>) -> Shown {
    let session = trial.open().await;
    let requests = requests(trial, &session).await?;
    let credential = trial.record.credential().expect("there is one");
    let kept: Vec<_> = secrets::kept(&credential)
        .filter(|secret| secret.len() >= secrets::SHORTEST)
        .collect();
    if kept.is_empty() {
        return Err(Unable::because(
            "its credentials keep nothing that can be searched for",
        ));
    }
    let search = Search::new(kept);
    for (name, value) in requests.iter().flatten() {
        let unmarked = HeaderMap::from_iter([(name.clone(), revealed(value))]);
        let leaks = search.leaks(&secrets::unmarked(&unmarked));
        assert!(
            leaks.is_empty(),
            "`{name}` holds a secret that the credential keeps: every API would get what only the provider may have, such as \
             a refresh token"
        );
    }
    Ok(())
}

pub(crate) async fn any_request_is_authorized_and_otherwise_left_alone<S: Subject>(
    trial: &Trial<S>,
) -> Shown {
    let session = trial.open().await;
    let service = service(&session)?;
    let long = "a".repeat(4000);
    let addresses = ["", "a%20b/%C3%B6?x=1&x=2&y", &long];
    let purge = Method::from_bytes(b"PURGE").expect("it is a token");
    for method in [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::OPTIONS,
        purge,
    ] {
        for address in addresses {
            let url = service.join(address).unwrap_or_else(|_| service.clone());
            let mut head = of_a_caller(&method);
            let before = head.clone();
            let outgoing = Outgoing::new(&url, &mut head);
            if let Err(error) = session.authorize(outgoing).await {
                panic!("an open session cannot authorize {method} of {url}: {error:?}");
            }
            assert_eq!(
                (&head.method, &head.uri, head.version),
                (&before.method, &before.uri, before.version),
                "the request, before and after it was authorized"
            );
            for (name, value) in &before.headers {
                let now: Vec<_> = head.headers.get_all(name).iter().collect();
                let is_left = match name {
                    // The session's own are added (RFC 6265 §5.4).
                    &COOKIE => now.iter().any(|now| contains(now, value)),
                    _ => now.contains(&value),
                };
                assert!(
                    is_left,
                    "`{name}` of the caller, {value:?}, is now {now:?}: a backend puts headers on a request, and changes \
                     none that are not its own"
                );
            }
        }
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

/// What a session puts on requests: here, and on those that the subject sends by itself, on each leg.
async fn requests<S: Subject>(
    trial: &Trial<S>,
    session: &SessionHandle,
) -> Result<Vec<HeaderMap>, Unable> {
    let (headers, mut receipt) = authorized(session, Method::GET, &service(session)?).await;
    // What comes of that is the matter of others.
    let _ = converse(&mut receipt, &headers).await;
    let _ = trial.subject.admits(session).await;
    let mut requests = trial.record.take_legs();
    requests.push(headers);
    Ok(requests)
}

/// The head of a request with headers that no session touches.
fn of_a_caller(method: &Method) -> Parts {
    let request = http::Request::builder()
        .method(method.clone())
        .header("accept", "application/json")
        .header("x-own", "one")
        .header("x-own", "two")
        .header(COOKIE, "own=1");
    let (head, ()) = request
        .body(())
        .expect("the headers are valid")
        .into_parts();
    head
}

fn revealed(value: &HeaderValue) -> HeaderValue {
    let mut value = value.clone();
    value.set_sensitive(false);
    value
}

fn contains(whole: &HeaderValue, part: &HeaderValue) -> bool {
    let (whole, part) = (whole.as_bytes(), part.as_bytes());
    whole.windows(part.len()).any(|window| window == part)
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
