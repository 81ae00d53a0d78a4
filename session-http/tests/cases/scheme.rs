//! The sessions of the cases.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION, request::Parts};
use session_core::{
    BasicEnvironment, Credential, Environment, Error, ErrorKind, Exchange, Incoming, Outgoing,
    Result, Session, SessionHandle, Verdict,
};
use session_mock::{MockClock, MockExecutor};

/// How a session authorizes its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// By a token that is the same for all.
    Bearer,
    /// By a dialogue of two legs with a last word of the server's.
    Dialogue,
}

#[derive(Debug)]
struct Backend {
    environment: BasicEnvironment,
    scheme: Scheme,
    made: Arc<AtomicUsize>,
}

/// A session, open, whose credentials live for an hour of this clock; and how many it has had.
pub(crate) fn open(
    scheme: Scheme,
    api: &str,
    clock: &MockClock,
) -> (SessionHandle, Arc<AtomicUsize>) {
    let made = Arc::<AtomicUsize>::default();
    let backend = Backend {
        environment: BasicEnvironment::new("test").service("api", api).unwrap(),
        scheme,
        made: Arc::clone(&made),
    };
    let session = SessionHandle::builder(backend)
        .clock(clock.clone())
        .executor(MockExecutor::new(clock))
        .build();
    session.blocking().init().unwrap();
    (session, made)
}

#[async_trait]
impl Session for Backend {
    fn scheme(&self) -> &'static str {
        "case"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        let credential = match self.scheme {
            Scheme::Bearer => Credential::bearer(format!("t{number}")),
            Scheme::Dialogue => Credential::per_request(number),
        };
        Ok(credential.expires_in(Duration::from_secs(3600)))
    }

    async fn authorize(
        &self,
        _: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        say(request.request, "hello");
        Ok(Some(Box::new(Speaker)))
    }
}

struct Speaker;

#[async_trait]
impl Exchange for Speaker {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        let word = |name: &str| word(answer.headers, name);
        match answer.status.as_u16() {
            401 if word("www-authenticate") == Some("Dialogue who") => {
                say(next, "me");
                Ok(Verdict::Resend)
            }
            401 => Ok(Verdict::Refused),
            // Success only counts with the right last word.
            200 | 101 if word("authentication-info") != Some("right") => {
                Err(Error::new(ErrorKind::Denied, "an impostor"))
            }
            _ => Ok(Verdict::Done),
        }
    }
}

fn say(head: &mut Parts, word: &str) {
    let mut value: HeaderValue = format!("Dialogue {word}").parse().unwrap();
    value.set_sensitive(true);
    head.headers.insert(AUTHORIZATION, value);
}

fn word<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
