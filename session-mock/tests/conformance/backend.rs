//! A backend for the server in memory, with one fault or none.

use std::sync::{
    Mutex, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use session_core::{
    BasicEnvironment, Cause, Credential, Environment, Error, ErrorKind, Exchange, Identity,
    Outgoing, Result, Secret, Services, Session,
};
use tokio::runtime::Handle;
use url::Url;

use crate::counterpart::{Counterpart, LIFETIME};
#[allow(clippy::wildcard_imports, reason = "one list of faults is enough")]
use crate::fault::*;

/// What is kept for renewals.
const REFRESH_TOKEN: &str = "refresh_token";

const COPY: HeaderName = HeaderName::from_static("x-copy");

#[derive(Debug)]
pub(crate) struct Backend {
    fault: u8,
    user: &'static str,
    counterpart: Counterpart,
    environment: Loose,
    failure: Mutex<Option<Error>>,
    cached: Mutex<Option<Credential>>,
    requests: AtomicUsize,
    asked_who: AtomicUsize,
    runtime: OnceLock<Handle>,
}

/// An environment that is not what it should be.
#[derive(Debug)]
struct Loose {
    before: BasicEnvironment,
    after: BasicEnvironment,
    moved: AtomicBool,
    allows_all: bool,
}

impl Environment for Loose {
    fn name(&self) -> &str {
        self.before.name()
    }

    fn services(&self) -> &Services {
        if self.moved.load(Ordering::Relaxed) {
            return self.after.services();
        }
        self.before.services()
    }

    fn allows(&self, target: &Url) -> bool {
        self.allows_all || self.services().contains_origin(target)
    }
}

impl Backend {
    pub(crate) fn new(fault: u8, user: &'static str, counterpart: &Counterpart) -> Self {
        let before = BasicEnvironment::new("test")
            .service("api", "https://api.test/v1/")
            .unwrap();
        Self {
            fault,
            user,
            counterpart: counterpart.clone(),
            environment: Loose {
                after: before
                    .clone()
                    .service("learned", "https://learned.test/")
                    .unwrap(),
                before,
                moved: AtomicBool::new(false),
                allows_all: fault == GOES_ANYWHERE,
            },
            failure: Mutex::default(),
            cached: Mutex::default(),
            requests: AtomicUsize::new(0),
            asked_who: AtomicUsize::new(0),
            runtime: OnceLock::new(),
        }
    }

    fn is_per_request(&self) -> bool {
        [
            HONEST_PER_REQUEST,
            SHARES_AUTHORIZATION,
            SHOWS_AUTHORIZATION,
            SHOWS_A_COPY,
            STRIPS_REQUESTS,
            KNOWS_TWO_METHODS,
            CLINGS_TO_A_RUNTIME,
        ]
        .contains(&self.fault)
    }

    async fn log_in(&self) -> Result<Credential> {
        if self.fault == REMEMBERS_FAILURE
            && let Some(error) = &*self.failure.lock().unwrap()
        {
            return Err(error.clone());
        }
        let mut answer = match self.fault {
            BLOCKS => self.counterpart.blocking_log_in(),
            _ => self.counterpart.log_in().await,
        };
        if self.fault == ASKS_TWICE || self.fault == RETRIES && answer.is_err() {
            answer = self.counterpart.log_in().await;
        }
        self.environment
            .moved
            .store(self.fault == MOVES, Ordering::Relaxed);
        match answer {
            Ok(token) => Ok(self.credential(token)),
            Err(_) if self.fault == SWALLOWS => Ok(self.credential("nobody".to_owned())),
            Err(_) if self.fault == MISLABELS => Err(Error::new(ErrorKind::Config, "no")),
            Err(error) if self.fault == PANICS => panic!("not as expected: {error}"),
            Err(error) => {
                *self.failure.lock().unwrap() = Some(error.clone());
                Err(error)
            }
        }
    }

    fn credential(&self, token: String) -> Credential {
        let refresh = format!("refresh-{token}");
        let bearer = (AUTHORIZATION, Secret::prefixed("Bearer ", &token));
        let credential = match self.fault {
            _ if self.is_per_request() => Credential::per_request(token),
            GIVES_NONSENSE => Credential::bearer("token-0"),
            SENDS_TWICE => Credential::headers([bearer, (COPY, Secret::new(token))]),
            SENDS_WHAT_IT_KEEPS => {
                Credential::headers([bearer, (COPY, Secret::new(refresh.as_str()))])
            }
            _ => Credential::headers([bearer]),
        };
        let credential = credential.keep(REFRESH_TOKEN, Secret::new(refresh));
        let lifetime = self.counterpart.lifetime();
        match self.fault {
            FORGETS_LIFETIME => credential,
            MISTAKES_UNIT => credential.expires_in(lifetime / 1000),
            HALVES_LIFETIME => credential.expires_in(lifetime / 2),
            DOUBLES_LIFETIME => credential.expires_in(lifetime * 2),
            ASSUMES_LIFETIME => credential.expires_in(LIFETIME),
            _ => credential.expires_in(lifetime),
        }
    }

    fn token(credential: &Credential) -> String {
        if let Some(token) = credential.state::<String>() {
            return token.clone();
        }
        let header = credential.header(&AUTHORIZATION).unwrap();
        header.expose_str().unwrap().replace("Bearer ", "")
    }

    fn kept(credential: &Credential) -> &str {
        let kept = credential.kept(REFRESH_TOKEN).unwrap();
        kept.expose_str().unwrap()
    }

    /// What this very value has got.
    fn remembered(&self) -> Result<Credential> {
        let cached = self.cached.lock().unwrap().clone();
        cached.ok_or_else(|| Error::new(ErrorKind::Protocol, "that was somebody else"))
    }
}

#[async_trait]
impl Session for Backend {
    fn scheme(&self) -> &'static str {
        "test"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    fn identity(&self) -> Option<Identity> {
        let time = self.asked_who.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            FORGETS_WHO_IT_IS => (time == 0).then(|| Identity::new([self.user])),
            IS_ANYBODY => Some(Identity::new(["anybody"])),
            IS_SOMEBODY_NEW => Some(Identity::new([&*somebody_new()])),
            _ => Some(Identity::new([self.user])),
        }
    }

    async fn init(&self) -> Result<Credential> {
        match self.fault {
            CACHES => {
                if let Ok(credential) = self.remembered() {
                    return Ok(credential);
                }
            }
            SHARES_TOKENS => {
                if let Some(token) = self.counterpart.latest() {
                    return Ok(self.credential(token));
                }
            }
            _ => {}
        }
        let credential = self.log_in().await?;
        *self.cached.lock().unwrap() = Some(credential.clone());
        Ok(credential)
    }

    async fn renew(&self, stale: &Credential, _: Cause<'_>) -> Result<Credential> {
        match self.fault {
            CACHES => return Ok(stale.clone()),
            CANNOT_RENEW => return Err(Error::new(ErrorKind::Denied, "once and never again")),
            RENEWS_FROM_MEMORY => drop(self.remembered()?),
            ASKS_A_PERSON => self.counterpart.interact(),
            _ => {}
        }
        let renewed = self.log_in().await?;
        // It is good for one renewal.
        self.counterpart.revoke(Self::kept(stale));
        Ok(match self.fault {
            FORGETS_LIFETIME_AT_RENEWAL => {
                let header = Secret::prefixed("Bearer ", Self::token(&renewed));
                let kept = Secret::new(Self::kept(&renewed));
                Credential::headers([(AUTHORIZATION, header)]).keep(REFRESH_TOKEN, kept)
            }
            _ => renewed,
        })
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        if self.fault == CLINGS_TO_A_RUNTIME {
            let runtime = self.runtime.get_or_init(Handle::current);
            let turn = runtime.spawn(async {}).await;
            turn.map_err(|_| Error::new(ErrorKind::Unavailable, "the runtime is gone"))?;
        }
        let head = request.request;
        match self.fault {
            STRIPS_REQUESTS => head.headers.clear(),
            KNOWS_TWO_METHODS => match head.method {
                Method::GET | Method::POST => {}
                _ => panic!("nobody sends a {}", head.method),
            },
            _ => {}
        }
        let number = match self.fault {
            SHARES_AUTHORIZATION => 0,
            _ => self.requests.fetch_add(1, Ordering::Relaxed),
        };
        let token = Self::token(credential);
        let mut value = HeaderValue::from_str(&format!("Signed {token} {number}")).unwrap();
        value.set_sensitive(self.fault != SHOWS_AUTHORIZATION);
        head.headers.insert(AUTHORIZATION, value);
        if self.fault == SHOWS_A_COPY {
            let copy = HeaderValue::from_str(&format!("({token})")).unwrap();
            head.headers.insert(COPY, copy);
        }
        Ok(None)
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        let credential = match self.fault {
            LEAVES_OPEN => return Ok(()),
            FAILS_TO_CLOSE => return Err(Error::new(ErrorKind::Protocol, "it has no idea how")),
            CLOSES_FROM_MEMORY => &self.remembered()?,
            _ => credential,
        };
        if self.fault != LEAVES_KEPT {
            self.counterpart
                .end(Self::kept(credential))
                .or_else(|error| {
                    let is_hidden = self.fault == HIDES_FAILED_CLOSE;
                    is_hidden.then_some(()).ok_or(error)
                })?;
        }
        let ended = self.counterpart.end(&Self::token(credential));
        if self.fault == HIDES_FAILED_CLOSE {
            return Ok(());
        }
        ended
    }
}

/// A name that nobody had before.
fn somebody_new() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}
