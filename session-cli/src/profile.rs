//! Which profile a command is for.

use std::path::Path;

use clap::Args;
use session_kit::{Profiles, Result, SessionHandle};

#[derive(Debug, Args)]
pub(crate) struct ProfileArg {
    /// The profile [default: the one that the file says, else its only one]
    #[arg(short, long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
}

impl ProfileArg {
    /// The session that the profile describes. Nothing is sent.
    pub(crate) fn open(&self, config: Option<&Path>) -> Result<SessionHandle> {
        let profiles = Profiles::load(config)?;
        let name = match &self.profile {
            Some(name) => name,
            None => profiles.default()?,
        };
        profiles.open(name)
    }
}
