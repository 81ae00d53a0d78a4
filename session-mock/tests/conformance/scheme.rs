//! A subject for the server in memory, whose backend has one fault or none.

use std::time::Duration;

use http::header::AUTHORIZATION;
use session_core::{Credential, Outgoing, SessionHandle};
use session_mock::{Answer, Subject, Unable};

use crate::{
    backend::Backend,
    counterpart::{Counterpart, Mood},
    fault::{ASKS_EARLY, BLOCKS, INVENTS_LIFETIME},
};

pub(crate) struct Scheme<const FAULT: u8>(Counterpart);

impl<const FAULT: u8> Scheme<FAULT> {
    fn of(&self, user: &'static str) -> SessionHandle {
        if FAULT == ASKS_EARLY {
            self.0.count();
        }
        SessionHandle::new(Backend::new(FAULT, user, &self.0))
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

    fn interactions(&self) -> Result<usize, Unable> {
        Ok(self.0.interactions())
    }

    fn lifetime(&self) -> Result<Option<Duration>, Unable> {
        Ok((FAULT != INVENTS_LIFETIME).then_some(self.0.lifetime()))
    }

    fn set_lifetime(&self, lifetime: Duration) -> Result<(), Unable> {
        self.0.set_lifetime(lifetime);
        Ok(())
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

    async fn honours(&self, credential: &Credential) -> Result<bool, Unable> {
        let mut kept = credential.iter_kept();
        Ok(kept.any(|(_, secret)| self.0.is_valid(secret.expose_str().unwrap())))
    }

    fn others(&self) -> Vec<SessionHandle> {
        vec![self.of("you"), self.of("she")]
    }

    fn secrets(&self) -> Vec<String> {
        self.0.given_out()
    }
}
