//! A cookie of single sign-on by a Kerberos ticket of a real realm. The page that sets it is a stand-in: the real one is not public.

use std::{
    fmt::Debug,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{
    HeaderValue, StatusCode,
    header::{LOCATION, SET_COOKIE, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};
use session_core::{SecretSource, SessionHandle};
use session_kerberos::{Kerberos, KerberosBuilder, Mutual};
use session_marquee::{Client, Marquee, MarqueeBuilder};
use session_mock::{Answer, Hold, Kind, Outage, Provider, Reply, Request, Subject, Unable, canary};

use crate::support::environment;

/// Alice's, as the realm tells it.
fn password() -> String {
    let path = std::env::var("SESSION_TEST_KERBEROS");
    let path = path.expect("SESSION_TEST_KERBEROS is set by `cargo xtask test`");
    let realm: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    realm["passwords"]["alice"].as_str().unwrap().to_owned()
}

fn alice() -> KerberosBuilder {
    // The page checks no ticket, and so cannot prove who it is.
    Kerberos::password("alice", SecretSource::literal(password())).mutual(Mutual::Off)
}

/// A session that logs in at this page.
pub fn by_ticket(marquee: &Provider, page: &Provider) -> MarqueeBuilder {
    let login = page.api().as_str().replace("127.0.0.1", "localhost");
    Marquee::kerberos(environment(marquee), login, alice())
}

/// A page that takes whatever looks like a ticket (RFC 4559), and then answers like this.
pub fn page(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Provider {
    let site = move |request: &Request<'_>| {
        let ticket = request.header("authorization");
        let ticket = ticket.and_then(|value| value.to_str().ok());
        if ticket.is_some_and(|ticket| ticket.starts_with("Negotiate YII")) {
            return answer();
        }
        let challenge = HeaderValue::from_static("Negotiate");
        Reply::status(StatusCode::UNAUTHORIZED).header(WWW_AUTHENTICATE, challenge)
    };
    Provider::builder().site(site).start().unwrap()
}

/// The log-in, at a page that sets a cookie which Marquee takes, another one each time; one that asks for the notice, where it
/// `TELLS`.
pub struct ByTicket<const TELLS: bool = false> {
    provider: Provider,
    page: Provider,
    /// What the page says in place of that.
    says: Arc<Mutex<Option<Reply>>>,
    holds: Mutex<Vec<Hold>>,
    echoes: AtomicUsize,
}

impl<const TELLS: bool> ByTicket<TELLS> {
    fn builder(&self) -> MarqueeBuilder {
        by_ticket(&self.provider, &self.page).activity(TELLS)
    }
}

impl<const TELLS: bool> Subject for ByTicket<TELLS> {
    fn start() -> Self {
        let marquee = session_mock::Marquee::new();
        let provider = Provider::builder().site(marquee.clone()).start().unwrap();
        let says = Arc::new(Mutex::new(None));
        let told = Arc::clone(&says);
        let let_in = move || {
            let gssso = canary();
            marquee.accept_gssso(&gssso, None);
            let cookie = format!("GSSSO={gssso}; Path=/; Secure; HttpOnly");
            let cookie = HeaderValue::from_str(&cookie).unwrap();
            Reply::json(StatusCode::OK, "{}").header(SET_COOKIE, cookie)
        };
        Self {
            provider,
            page: page(move || told.lock().unwrap().clone().unwrap_or_else(&let_in)),
            says,
            holds: Mutex::default(),
            echoes: AtomicUsize::new(0),
        }
    }

    fn session(&self) -> SessionHandle {
        self.builder().open().unwrap()
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.holds.lock().unwrap().clear();
        let says = match answer {
            Answer::Accept => None,
            Answer::Refuse => Some(Reply::status(StatusCode::FORBIDDEN)),
            Answer::Fail => Some(Reply::status(StatusCode::SERVICE_UNAVAILABLE)),
            Answer::Garble => Some(Outage::html(StatusCode::OK).into()),
            Answer::Hold => {
                let hold = self.page.hold(Kind::Api);
                self.holds.lock().unwrap().push(hold);
                None
            }
            Answer::Echo(text) => Some(echo(text, self.echoes.fetch_add(1, Ordering::Relaxed))),
            _ => return Err(Unable::because("the page has no such answer")),
        };
        *self.says.lock().unwrap() = says;
        Ok(())
    }

    fn authentications(&self) -> Result<usize, Unable> {
        let log = self.page.log().into_iter();
        let with_ticket = log.filter(|entry| entry.header("authorization").is_some());
        Ok(with_ticket.count())
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok(None)
    }

    fn interactions(&self) -> Result<usize, Unable> {
        Ok(0)
    }

    async fn admits(&self, session: &SessionHandle) -> Result<bool, Unable> {
        Ok(Client::new(session).get("/users/self").send().await.is_ok())
    }

    fn secrets(&self) -> Vec<String> {
        vec![password()]
    }

    fn visible(&self) -> Vec<Box<dyn Debug>> {
        vec![
            Box::new(self.builder()),
            Box::new(self.builder().build().unwrap()),
        ]
    }
}

/// One of the answers of a page that have room for a text.
fn echo(text: &str, number: usize) -> Reply {
    let body = json!({ "error": text }).to_string();
    let reply = |status| Reply::json(status, &*body);
    let header = |form: &str| HeaderValue::from_str(&form.replace('#', text)).ok();
    let (status, name, value) = match number % 4 {
        0 => (
            StatusCode::UNAUTHORIZED,
            WWW_AUTHENTICATE,
            header("Basic realm=\"#\""),
        ),
        1 => (StatusCode::FOUND, LOCATION, header("/in/#?#")),
        2 => (StatusCode::OK, SET_COOKIE, header("#=#; Domain=#")),
        _ => return reply(StatusCode::FORBIDDEN),
    };
    match value {
        Some(value) => reply(status).header(name, value),
        None => reply(StatusCode::FORBIDDEN),
    }
}
