//! One request's scripted dialogue with the server.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use http::request::Parts;
use session_core::{Error, ErrorKind, Exchange, Incoming, Result, Verdict};

use crate::{
    Step,
    session::{Stage, lock},
};

/// What an exchange makes of one answer to its request; for
/// [`MockSession::then_authorize`](crate::MockSession::then_authorize).
#[derive(Clone, Debug)]
pub struct Turn {
    step: Option<Step>,
    verdict: Verdict,
}

impl Turn {
    /// The dialogue is over, and the answer is the caller's.
    pub fn done() -> Self {
        Self::new(None, Verdict::Done)
    }

    /// The server refused the credential.
    pub fn refused() -> Self {
        Self::new(None, Verdict::Refused)
    }

    /// The request is sent once more, with the headers of this step's credential. A step that fails, panics or hangs
    /// does that instead.
    pub fn resend(step: Step) -> Self {
        Self::new(Some(step), Verdict::Resend)
    }

    fn new(step: Option<Step>, verdict: Verdict) -> Self {
        Self { step, verdict }
    }
}

/// Takes its turns, one for each answer.
pub(crate) struct MockExchange {
    turns: VecDeque<Turn>,
    stage: Arc<Mutex<Stage>>,
}

impl MockExchange {
    /// `None` for a request that is authorized once and for all.
    pub(crate) fn new(turns: Vec<Turn>, stage: Arc<Mutex<Stage>>) -> Option<Self> {
        let turns = VecDeque::from(turns);
        (!turns.is_empty()).then_some(Self { turns, stage })
    }
}

#[async_trait]
impl Exchange for MockExchange {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        lock(&self.stage).receive(answer.status);
        let Some(turn) = self.turns.pop_front() else {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the mock's exchange got more answers than it has turns; script one more, or look why the request was sent again",
            ));
        };
        if let Some(step) = turn.step {
            step.put_on(next).await?;
        }
        Ok(turn.verdict)
    }
}
