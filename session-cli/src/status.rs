//! `session status`

use std::{io::Write as _, path::Path};

use serde::Serialize;
use session_kit::{Profiles, Result};

use crate::{failure::Failure, moment::rfc3339, output, table::Table};

/// List profiles: backend, environment, state, expiry
///
/// Checks the configuration of each profile and sends nothing. A session lives in the program that opened it, and
/// none of this one's is open: those seen here are `closed`, whatever other programs hold.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// This profile alone
    #[arg(short, long, value_name = "PROFILE")]
    profile: Option<String>,

    /// As JSON: a list of `profile`, `backend`, `environment`, `state` (`closed`, `open` or `expired`) and `expires_at`
    /// (RFC 3339 or null)
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let profiles = Profiles::load(config)?;
    let names = match &args.profile {
        Some(name) => vec![name.as_str()],
        None => profiles.names().collect(),
    };
    let statuses = names.into_iter().map(|name| Status::of(&profiles, name));
    let (good, bad): (Vec<_>, Vec<_>) = statuses.partition(Result::is_ok);
    // What is wrong with some does not hide the others.
    if !good.is_empty() || bad.is_empty() || args.json {
        print(good.into_iter().flatten().collect(), args.json)?;
    }
    let mut problems = bad.into_iter().filter_map(Result::err).map(Failure::from);
    let last = problems.next_back();
    problems.for_each(|problem| problem.report());
    last.map_or(Ok(()), Err)
}

fn print(statuses: Vec<Status>, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&statuses);
    }
    let mut table = Table::new(["PROFILE", "BACKEND", "ENVIRONMENT", "STATE", "EXPIRES"]);
    for status in statuses {
        let expires_at = status.expires_at.unwrap_or_else(|| "-".to_owned());
        table.row([
            status.profile,
            status.backend,
            status.environment,
            status.state,
            expires_at,
        ]);
    }
    let mut text = output::text();
    table.write("", &mut text)?;
    Ok(text.flush()?)
}

#[derive(Serialize)]
struct Status {
    profile: String,
    backend: String,
    environment: String,
    state: String,
    expires_at: Option<String>,
}

impl Status {
    fn of(profiles: &Profiles, name: &str) -> Result<Self> {
        let session = profiles.open(name)?.status();
        Ok(Self {
            profile: name.to_owned(),
            backend: profiles.backend_of(name)?.to_owned(),
            environment: session.environment,
            state: session.state.to_string(),
            expires_at: session.expires_at.map(rfc3339),
        })
    }
}
