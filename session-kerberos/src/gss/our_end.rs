//! Our end of a negotiation.

use std::sync::Arc;

use session_core::{Error, ErrorKind, Result};

use super::tickets::Cached;
use crate::{
    Delegation,
    gssapi::{Context, Failure, Flags},
    kerberos_token::Answer,
    mechanism::{Initiator, Progress},
    refusal::{About, FIRST_CODE, refused, rejection},
    spnego::{self, Response, State},
};

/// A context of ours with a server, negotiated by SPNEGO.
pub(super) struct OurEnd {
    context: Context,
    /// Of whoever we are to be.
    tickets: Arc<Cached>,
    service: String,
    /// The server has shown that nobody changed what we offered; we have.
    is_verified: bool,
    has_shown: bool,
    /// It has said no, rather than said who it is.
    has_refused: bool,
}

impl OurEnd {
    /// After the first token.
    pub(super) fn new(context: Context, tickets: Arc<Cached>, service: String) -> Self {
        Self {
            context,
            tickets,
            service,
            is_verified: false,
            has_shown: false,
            has_refused: false,
        }
    }

    /// Looks at a context that is complete at once: whatever it has come to, the server has not had its token yet.
    pub(super) fn check(&self, delegation: Delegation) -> Result<()> {
        if self.context.is_complete() {
            self.check_name()?;
        }
        if delegation == Delegation::Off && self.context.granted().has(Flags::DELEGATION) {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "the Kerberos library would delegate `{}` to `{}`, which nobody has asked it to; its token is not sent",
                    self.tickets.name(),
                    self.service
                ),
            ));
        }
        Ok(())
    }

    fn negotiate(&mut self, token: &[u8]) -> Result<Progress, Failure> {
        let response = Response::read(token)
            .ok_or_else(|| Failure::of_nobody("its token does not answer an offer of Kerberos"))?;
        let next = match response.token {
            [] => Vec::new().into(),
            token => self.take(token)?,
        };
        if response.state == State::Rejected {
            self.has_refused = true;
            return Err(rejection());
        }
        if !self.context.is_complete() {
            if next.is_empty() {
                return Err(Failure::of_nobody(
                    "it answers without the proof that it was asked for",
                ));
            }
            return Ok(Progress::Continues(spnego::later(&next)));
        }
        if !response.code.is_empty() {
            self.context.verify(&spnego::offered(), response.code)?;
            self.is_verified = true;
        }
        match response.state {
            State::Completed if self.has_shown && !self.is_verified => Err(Failure::of_nobody(
                "it does not show that nobody has changed what was offered",
            )),
            State::Completed => Ok(Progress::Complete {
                is_mutual: self.context.granted().has(Flags::MUTUAL),
            }),
            // It asks for a code; or sends one, and expects ours.
            _ if !self.has_shown
                && (response.state == State::CodeRequested || self.is_verified) =>
            {
                self.has_shown = true;
                let code = self.context.code(&spnego::offered())?;
                Ok(Progress::Continues(spnego::code(&code)))
            }
            _ => Err(Failure::of_nobody("it waits for more than there is")),
        }
    }

    /// What comes of a token of the mechanism.
    fn take(&mut self, token: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
        match Answer::of(token) {
            Some(Answer::Reply) => self.context.step(token),
            Some(Answer::Error(code)) => {
                self.has_refused = true;
                Err(self.tickets.failure_of_server(FIRST_CODE + code))
            }
            None => Err(Failure::of_nobody("its token is none of Kerberos")),
        }
    }

    /// Whoever we are to the server, it must be who we were to be.
    fn check_name(&self) -> Result<()> {
        let about = self.about();
        let failed = |failure| refused(&failure, &about);
        // Of a context whose ticket has just ended nobody tells: then it was in time, and by our credential.
        let Some(name) = self.context.initiator().map_err(failed)? else {
            return Ok(());
        };
        let name = name.display().map_err(failed)?;
        if name == self.tickets.name() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Protocol,
            format!(
                "the Kerberos library authenticated `{name}` to `{}`, where it was to be `{}`; it is not to be trusted",
                self.service,
                self.tickets.name()
            ),
        ))
    }

    fn about(&self) -> About<'_> {
        let (principal, service) = (self.tickets.name(), &self.service);
        if self.has_refused {
            About::Refusal { principal, service }
        } else {
            About::Proof { service }
        }
    }
}

impl Initiator for OurEnd {
    fn step(&mut self, token: &[u8]) -> Result<Progress> {
        let progress = self.negotiate(token);
        let progress = progress.map_err(|failure| refused(&failure, &self.about()))?;
        if let Progress::Complete { .. } = progress {
            self.check_name()?;
        }
        Ok(progress)
    }
}
