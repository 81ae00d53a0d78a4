//! The backend as it is, and what is asked of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use session_core::{
    Cause, Clock, Credential, Environment, Error, ErrorKind, Identity, Result, Session,
};
use session_mock::MockClock;
use session_oauth::OAuth;

/// Hands every call on to the backend, and notes it.
#[derive(Debug)]
pub(crate) struct Watched {
    backend: OAuth,
    clock: MockClock,
    calls: Calls,
}

/// What was asked of it so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    under_way: usize,
    most_at_once: usize,
    authentications: Vec<Authentication>,
}

/// One `init` or `renew`, by the mock clock.
#[derive(Clone, Debug)]
pub(crate) struct Authentication {
    pub(crate) is_init: bool,
    pub(crate) began: Duration,
    /// `None`: it goes on.
    pub(crate) ended: Option<(Duration, Outcome)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Done,
    Failed(Error),
    /// The engine's time limit was over.
    GivenUp,
}

impl Watched {
    pub(crate) fn new(backend: OAuth, clock: &MockClock, calls: &Calls) -> Self {
        Self {
            backend,
            clock: clock.clone(),
            calls: calls.clone(),
        }
    }

    fn begin(&self, is_init: Option<bool>) -> Underway<'_> {
        let mut noted = self.calls.0.lock().unwrap();
        noted.under_way += 1;
        noted.most_at_once = noted.most_at_once.max(noted.under_way);
        let index = is_init.map(|is_init| {
            noted.authentications.push(Authentication {
                is_init,
                began: self.clock.monotonic(),
                ended: None,
            });
            noted.authentications.len() - 1
        });
        Underway {
            watched: self,
            index,
            outcome: Outcome::GivenUp,
        }
    }
}

impl Calls {
    pub(crate) fn most_at_once(&self) -> usize {
        self.0.lock().unwrap().most_at_once
    }

    pub(crate) fn authentications(&self) -> Vec<Authentication> {
        self.0.lock().unwrap().authentications.clone()
    }

    pub(crate) fn is_authenticating(&self) -> bool {
        let noted = self.0.lock().unwrap();
        noted
            .authentications
            .last()
            .is_some_and(|last| last.ended.is_none())
    }
}

impl Authentication {
    /// From when to when the engine may let the pause end that follows this one, as one more failure after so many others.
    /// `None`: there is no pause.
    pub(crate) fn pause(&self, failures_before: u32) -> Option<[Duration; 2]> {
        const SECOND: Duration = Duration::from_secs(1);
        let (ended, outcome) = self.ended.as_ref()?;
        let is_temporary = |kind| matches!(kind, ErrorKind::Unavailable | ErrorKind::Protocol);
        let asked = match outcome {
            Outcome::Done => return None,
            Outcome::GivenUp => Duration::ZERO,
            Outcome::Failed(error) if is_temporary(error.kind()) => {
                error.retry_after().unwrap_or_default()
            }
            Outcome::Failed(_) => return Some([*ended + 30 * SECOND, *ended + 60 * SECOND]),
        };
        let longest = SECOND * 2_u32.pow(failures_before.min(6)).min(60);
        Some([*ended + asked, *ended + asked.max(longest)])
    }
}

struct Underway<'a> {
    watched: &'a Watched,
    /// Of the authentication, if it is one.
    index: Option<usize>,
    outcome: Outcome,
}

impl Underway<'_> {
    fn end<T>(mut self, result: Result<T>) -> Result<T> {
        self.outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed(error.clone()),
        };
        result
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        let ended = (self.watched.clock.monotonic(), self.outcome.clone());
        let mut noted = self.watched.calls.0.lock().unwrap();
        noted.under_way -= 1;
        if let Some(index) = self.index {
            noted.authentications[index].ended = Some(ended);
        }
    }
}

#[async_trait]
impl Session for Watched {
    fn scheme(&self) -> &str {
        self.backend.scheme()
    }

    fn environment(&self) -> &dyn Environment {
        self.backend.environment()
    }

    fn identity(&self) -> Option<Identity> {
        self.backend.identity()
    }

    async fn init(&self) -> Result<Credential> {
        let call = self.begin(Some(true));
        call.end(self.backend.init().await)
    }

    async fn renew(&self, stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        let call = self.begin(Some(false));
        call.end(self.backend.renew(stale, why).await)
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        let call = self.begin(None);
        call.end(self.backend.close(credential).await)
    }
}
