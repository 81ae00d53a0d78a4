//! Requests that wait for a KDC, and what goes on beside them.

use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use session_core::{Error, ErrorKind, Incoming, SessionHandle};
use session_http::{Connections, Dialogue, Next};
use session_kerberos::{Kerberos, KerberosBuilder};
use tokio::task::JoinHandle;

use crate::{
    gate::{Conduct, Gate},
    libraries::{HEIMDAL, MIT},
    outages::{authorize_to, is_authorized_at_once, opened, until},
    realm::{Realm, user},
};

/// So long before its tickets end a session renews them.
const RENEWED_AHEAD: Duration = Duration::from_secs(60);

/// What an error says of a service that the KDC has said it does not know.
const UNKNOWN: &str = "the realm does not know this service";

/// As many threads as requests hold up at most: a session has one more.
const ALL: usize = 7;

/// Requests to services that there are no tickets for, while the KDC says nothing.
struct Hanging<'g> {
    gate: &'g Gate,
    requests: Vec<JoinHandle<Result<(), Error>>>,
}

impl<'g> Hanging<'g> {
    /// A session that there can be such requests of. Which realm its servers are in, no configuration says.
    fn builder(gate: &Gate, library: &str) -> KerberosBuilder {
        let (_, domain) = gate.unmapped().split_once('.').unwrap();
        let environment = (0..=ALL).fold(Realm::shared().environment(), |it, number| {
            let url = format!("https://other{number}.{domain}/");
            it.service(format!("other{number}"), &url).unwrap()
        });
        let builder = Kerberos::keytab(gate.keytab()).environment(environment);
        let name = format!("HTTP@{}", gate.unmapped());
        builder.spn_of("localhost", name).library(library)
    }

    async fn start(gate: &'g Gate, session: &SessionHandle, number: usize) -> Self {
        gate.set(Conduct::Silent);
        let mut requests = Vec::new();
        for number in 0..number {
            let asked = gate.asked();
            let session = session.clone();
            requests.push(tokio::spawn(async move {
                let service = format!("other{number}");
                authorize_to(&session, &service).await.map(drop)
            }));
            // With more requests than threads, the last of them waits for one.
            if number < ALL {
                gate.until_asked(|now| now.tickets > asked.tickets).await;
            }
        }
        Self { gate, requests }
    }

    /// Has the KDC answer. Whether all were waiting for that until now: it alone knows that there are no such services, and has answered
    /// nothing that it was asked of them before.
    async fn end(self) -> bool {
        self.gate.set(Conduct::Open);
        let mut have_waited = true;
        for request in self.requests {
            let error = request.await.unwrap().unwrap_err();
            let is_by_kdc = error.to_string().contains(UNKNOWN);
            assert!(
                is_by_kdc || error.kind() == ErrorKind::Unavailable,
                "{error}"
            );
            have_waited &= is_by_kdc;
        }
        have_waited
    }
}

/// Once is enough: libraries wait for a KDC for some seconds, and a machine may be as slow.
async fn once(mut attempt: impl AsyncFnMut() -> bool) {
    for _ in 0..3 {
        if attempt().await {
            return;
        }
    }
    panic!("what it does ends when the requests that wait for the KDC do");
}

#[tokio::test]
async fn a_service_that_has_its_ticket_waits_for_no_kdc_however_many_others_do() {
    for library in [MIT, HEIMDAL] {
        once(async || {
            let gate = Gate::take();
            let (session, _) = opened(Hanging::builder(&gate, library)).await;
            for _ in 0..3 {
                assert_eq!(user(&session, "api", "").await, gate.principal());
            }
            assert_eq!(gate.asked().tickets, 1, "{library}");
            let hanging = Hanging::start(&gate, &session, ALL + 1).await;
            assert!(is_authorized_at_once(&session), "{library}");
            assert_eq!(user(&session, "api", "").await, gate.principal());
            // Nor does a thread wait that has had no token so far.
            std::thread::scope(|scope| {
                let thread = scope.spawn(|| is_authorized_at_once(&session));
                assert!(thread.join().unwrap(), "{library}");
            });
            hanging.end().await
        })
        .await;
    }
}

#[tokio::test]
async fn an_answer_that_has_come_waits_for_no_kdc() {
    for library in [MIT, HEIMDAL] {
        once(async || {
            let gate = Gate::take();
            let (session, _) = opened(Hanging::builder(&gate, library)).await;
            let url = session.environment().url("api").unwrap().clone();
            let head = Request::new(()).into_parts().0;
            let mut dialogue = Dialogue::new(&session, &url, &head);
            // The first token for a service, which one of the threads makes that hang from now on.
            let headers = dialogue.authorize(None).await.unwrap();
            let (status, headers) = send(&session, headers).await;
            let hanging = Hanging::start(&gate, &session, ALL).await;
            let next = dialogue.received(Incoming::new(status, &headers)).await;
            assert!(matches!(next.unwrap(), Next::Done), "{library}");
            hanging.end().await
        })
        .await;
    }
}

async fn send(session: &SessionHandle, headers: HeaderMap) -> (StatusCode, HeaderMap) {
    let url = session.environment().url("api").unwrap();
    let connections = Connections::new(session.environment().transport());
    let request = connections.client(url).await.unwrap().get(url.clone());
    let answer = request.headers(headers).send().await.unwrap();
    (answer.status(), answer.headers().clone())
}

#[tokio::test]
async fn a_renewal_waits_for_no_request_that_waits_for_the_kdc() {
    for library in [MIT, HEIMDAL] {
        once(async || {
            let gate = Gate::take();
            let (session, clock) = opened(Hanging::builder(&gate, library)).await;
            let lifetime = session.credential().await.unwrap().lifetime().unwrap();
            assert_eq!(user(&session, "api", "").await, gate.principal());
            // One more waits for a thread, and one of the threads is not for requests.
            let hanging = Hanging::start(&gate, &session, ALL + 1).await;
            gate.set(Conduct::OpenToOthers);
            clock.advance(lifetime.checked_sub(RENEWED_AHEAD).unwrap());
            assert_eq!(user(&session, "api", "").await, gate.principal());
            until(&session, |status| status.generation == 2).await;
            hanging.end().await
        })
        .await;
    }
}
