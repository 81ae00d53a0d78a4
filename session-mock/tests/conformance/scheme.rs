//! A backend for the server in memory, with one fault or none.

use std::{
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderValue, header::AUTHORIZATION};
use session_core::{
    BasicEnvironment, Cause, Credential, Environment, Error, ErrorKind, Exchange, Identity,
    Outgoing, Result, Services, Session, SessionHandle,
};
use session_mock::{Answer, Subject, Unable};
use tokio::runtime::Handle;
use url::Url;

use crate::counterpart::{Counterpart, Mood};

macro_rules! faults {
    ($($name:ident)*) => { faults!(@ 0; $($name)*); };
    (@ $number:expr; $name:ident $($rest:ident)*) => {
        pub(crate) const $name: u8 = $number;
        faults!(@ $number + 1; $($rest)*);
    };
    (@ $number:expr;) => {};
}

faults! {
    HONEST HONEST_PER_REQUEST ASKS_EARLY CACHES RETRIES BLOCKS SWALLOWS MISLABELS REMEMBERS_FAILURE CANNOT_RENEW
    PANICS FORGETS_LIFETIME MISTAKES_UNIT INVENTS_LIFETIME LEAVES_OPEN FAILS_TO_CLOSE GIVES_NONSENSE GOES_ANYWHERE
    FORGETS_WHO_IT_IS IS_ANYBODY IS_SOMEBODY_NEW SHARES_AUTHORIZATION SHOWS_AUTHORIZATION CLINGS_TO_A_RUNTIME
}

const LIFETIME: Duration = Duration::from_secs(3600);

/// The subject.
pub(crate) struct Scheme<const FAULT: u8>(Counterpart);

#[derive(Debug)]
struct Backend {
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

#[derive(Debug)]
struct Loose(BasicEnvironment, bool);

impl Environment for Loose {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn services(&self) -> &Services {
        self.0.services()
    }

    fn allows(&self, target: &Url) -> bool {
        self.1 || self.0.allows(target)
    }
}

impl<const FAULT: u8> Scheme<FAULT> {
    fn of(&self, user: &'static str) -> SessionHandle {
        if FAULT == ASKS_EARLY {
            self.0.count();
        }
        let environment = BasicEnvironment::new("test")
            .service("api", "https://api.test/")
            .unwrap();
        SessionHandle::new(Backend {
            fault: FAULT,
            user,
            counterpart: self.0.clone(),
            environment: Loose(environment, FAULT == GOES_ANYWHERE),
            failure: Mutex::default(),
            cached: Mutex::default(),
            requests: AtomicUsize::new(0),
            asked_who: AtomicUsize::new(0),
            runtime: OnceLock::new(),
        })
    }
}

impl<const FAULT: u8> Subject for Scheme<FAULT> {
    // What hangs does so for ever: a short time makes no other test fail.
    const PATIENCE: Duration = Duration::from_secs(if FAULT == BLOCKS { 3 } else { 60 });

    fn start() -> Self {
        Self(Counterpart::new())
    }

    fn session(&self) -> SessionHandle {
        self.of("me")
    }

    fn answer(&self, answer: Answer<'_>) -> Result<(), Unable> {
        self.0.be(match answer {
            Answer::Accept => Mood::Friendly,
            Answer::Refuse => Mood::Strict,
            Answer::Fail => Mood::Down,
            Answer::Garble => Mood::Confused,
            Answer::Hold => Mood::Slow,
            _ => return Err(Unable::because("it cannot")),
        });
        Ok(())
    }

    fn authentications(&self) -> Result<usize, Unable> {
        Ok(self.0.asked())
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok((FAULT != INVENTS_LIFETIME).then_some(LIFETIME))
    }

    async fn admits(&self, session: &SessionHandle) -> Result<bool, Unable> {
        let (mut head, ()) = http::Request::new(()).into_parts();
        let url = session.environment().url("api").unwrap();
        let authorized = session.authorize(Outgoing::new(url, &mut head)).await;
        let value = head.headers.get(AUTHORIZATION);
        let value = value.and_then(|value| value.to_str().ok());
        // A token, and for some the number of the request.
        let token = value.and_then(|value| value.split(' ').nth(1));
        Ok(authorized.is_ok() && token.is_some_and(|token| self.0.is_valid(token)))
    }

    fn ends(&self) -> Result<(), Unable> {
        Ok(())
    }

    fn others(&self) -> Vec<SessionHandle> {
        vec![self.of("you"), self.of("she")]
    }
}

impl Backend {
    fn is_per_request(&self) -> bool {
        [
            HONEST_PER_REQUEST,
            SHARES_AUTHORIZATION,
            SHOWS_AUTHORIZATION,
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
        if self.fault == RETRIES && answer.is_err() {
            answer = self.counterpart.log_in().await;
        }
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
        let credential = if self.is_per_request() {
            Credential::per_request(token)
        } else if self.fault == GIVES_NONSENSE {
            Credential::bearer("token-0")
        } else {
            Credential::bearer(token)
        };
        match self.fault {
            FORGETS_LIFETIME => credential,
            MISTAKES_UNIT => credential.expires_in(LIFETIME / 1000),
            _ => credential.expires_in(LIFETIME),
        }
    }

    fn token(credential: &Credential) -> String {
        if let Some(token) = credential.state::<String>() {
            return token.clone();
        }
        let header = credential.header(&AUTHORIZATION).unwrap();
        header.expose_str().unwrap().replace("Bearer ", "")
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
        let cached = self.cached.lock().unwrap().clone();
        if let Some(credential) = cached.filter(|_| self.fault == CACHES) {
            return Ok(credential);
        }
        let credential = self.log_in().await?;
        *self.cached.lock().unwrap() = Some(credential.clone());
        Ok(credential)
    }

    async fn renew(&self, stale: &Credential, _: Cause<'_>) -> Result<Credential> {
        match self.fault {
            CACHES => Ok(stale.clone()),
            CANNOT_RENEW => Err(Error::new(ErrorKind::Denied, "once and never again")),
            _ => self.log_in().await,
        }
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
        let number = match self.fault {
            SHARES_AUTHORIZATION => 0,
            _ => self.requests.fetch_add(1, Ordering::Relaxed),
        };
        let value = format!("Signed {} {number}", Self::token(credential));
        let mut value = HeaderValue::from_str(&value).unwrap();
        value.set_sensitive(self.fault != SHOWS_AUTHORIZATION);
        request.request.headers.insert(AUTHORIZATION, value);
        Ok(None)
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        match self.fault {
            LEAVES_OPEN => {}
            FAILS_TO_CLOSE => return Err(Error::new(ErrorKind::Protocol, "it has no idea how")),
            _ => self.counterpart.revoke(&Self::token(credential)),
        }
        Ok(())
    }
}

/// A name that nobody had before.
fn somebody_new() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}
