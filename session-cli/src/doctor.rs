//! `session doctor`

mod examination;
mod report;

use std::path::Path;

use crate::{failure::Failure, opened, profile::ProfileArg};
use examination::Examination;

/// Look for what is wrong with a profile, and say what to do
///
/// Looks at the profile, at the servers of its environment, at all that authentication takes; then authenticates, makes a
/// request, and closes the session. Each line is `ok`, a `warning`, or a `problem` with what to do about it. A password or secret
/// is tried once. Where there are problems, the exit code is that of the first.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    profile: ProfileArg,

    /// What to request with GET: a path below the environment's `api`, or a URL that the credential may go to [default: the
    /// `api` itself]
    #[arg(value_name = "PATH|URL")]
    target: Option<String>,

    /// As JSON: a list of `what`, `health` (`ok`, `warning` or `problem`), `detail` and `remedy` (a text or null)
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let mut examination = Examination::default();
    let outcome = match examination.profile(config, &args.profile, args.target.as_deref()) {
        // Whatever was found by then is worth knowing, also where somebody ends the command.
        Some(session) => {
            let work = async |session: &_| {
                examination.session(session, args.target.as_deref()).await;
                Ok(())
            };
            opened::for_a_look(session, work).await
        }
        None => Ok(()),
    };
    let findings = examination.into_findings();
    report::print(&findings, args.json)?;
    outcome?;
    match report::exit(&findings) {
        None => Ok(()),
        Some(exit) => Err(Failure::Unhealthy(exit)),
    }
}
