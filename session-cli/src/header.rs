//! `session header`

use std::{io::Write as _, path::Path};

use http::{HeaderName, Request};
use session_kit::{Error, ErrorKind, Outgoing, SessionHandle};
use url::Url;

use crate::{failure::Failure, opened, output, profile::ProfileArg};

/// Print the headers that authorize a request, as `curl -H @-` reads them
///
/// Authenticates, and leaves the credential valid: it is not revoked when the command ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    profile: ProfileArg,

    /// Where the request goes [default: the environment's `api`]. Must be a place that the credential may go to
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
}

pub(crate) async fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let session = args.profile.open(config)?;
    let url = match &args.url {
        Some(url) => url.clone(),
        None => api(&session)?.clone(),
    };
    // Where nothing may go, nobody has to authenticate for it.
    session.check(&url)?;
    opened::for_keeps(session, async |session| print(session, &url).await).await
}

async fn print(session: &SessionHandle, url: &Url) -> Result<(), Failure> {
    let (mut request, ()) = Request::new(()).into_parts();
    let outgoing = Outgoing::new(url, &mut request);
    session.authorize(outgoing).await?;
    let mut data = output::data();
    for (name, value) in &request.headers {
        let name = spelled(name);
        let line = [name.as_bytes(), b": ", value.as_bytes(), b"\n"].concat();
        data.write_all(&line)?;
    }
    Ok(data.flush()?)
}

fn api(session: &SessionHandle) -> Result<&Url, Error> {
    session.environment().url("api").ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!(
                "environment `{}` of session `{}` has no `api`; add it to the profile, or say where the request goes with `--url`",
                session.environment().name(),
                session.name(),
            ),
        )
    })
}

/// As people know it: `Authorization`. In a request, case means nothing (RFC 9110 §5.1).
fn spelled(name: &HeaderName) -> String {
    let mut starts = true;
    let upper = |letter: char| {
        let spelled = if starts {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        starts = letter == '-';
        spelled
    };
    name.as_str().chars().map(upper).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_people_know_them() {
        for (name, expected) in [
            ("authorization", "Authorization"),
            ("x-csrf-token", "X-Csrf-Token"),
            ("cookie", "Cookie"),
            ("2-b", "2-B"),
        ] {
            assert_eq!(spelled(&HeaderName::from_static(name)), expected);
        }
    }
}
