//! `session token`

use std::{io::Write as _, path::Path};

use http::header::AUTHORIZATION;
use serde::Serialize;
use session_kit::{Credential, Error, ErrorKind, SessionHandle};

use crate::{failure::Failure, moment::rfc3339, opened, output, profile::ProfileArg};

/// Print the access token alone
///
/// Authenticates, and leaves the token valid: it is not revoked when the command ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    profile: ProfileArg,

    /// As JSON: `access_token`, `token_type`, `expires_at` (RFC 3339, or null where it does not expire or the server
    /// did not say), `scopes`
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let session = args.profile.open(config)?;
    opened::for_keeps(session, async |session| print(session, args.json).await).await
}

async fn print(session: &SessionHandle, json: bool) -> Result<(), Failure> {
    let credential = session.credential().await?;
    let token = bearer_token(session, &credential)?;
    if json {
        return output::json(&TokenJson {
            access_token: token,
            token_type: "Bearer",
            expires_at: session.status().expires_at.map(rfc3339),
            scopes: credential.granted_scopes(),
        });
    }
    let mut data = output::data();
    writeln!(data, "{token}")?;
    Ok(data.flush()?)
}

#[derive(Serialize)]
struct TokenJson<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_at: Option<String>,
    scopes: &'a [String],
}

/// RFC 6750 §2.1.
fn bearer_token<'a>(session: &SessionHandle, credential: &'a Credential) -> Result<&'a str, Error> {
    credential
        .header(&AUTHORIZATION)
        .and_then(|value| value.expose_str())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!(
                    "session `{}` ({}) has no bearer token to print; use `session header` or `session request`",
                    session.name(),
                    session.session().scheme(),
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use session_kit::{Secret, mock::MockSession};

    use super::*;

    fn token(credential: &Credential) -> Result<String, String> {
        let session = MockSession::bearer("t0k3n").handle();
        bearer_token(&session, credential)
            .map(str::to_owned)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_comes_without_its_scheme() {
        assert_eq!(
            token(&Credential::bearer("abc.d/e+f==")),
            Ok("abc.d/e+f==".to_owned())
        );
    }

    #[test]
    fn other_schemes_are_sent_elsewhere() {
        let basic = Credential::headers([(AUTHORIZATION, Secret::new("Basic YTpi"))]);
        let cookie = Credential::headers([(http::header::COOKIE, Secret::new("id=1"))]);
        for credential in [basic, cookie, Credential::per_request(())] {
            let problem = token(&credential).unwrap_err();
            assert!(
                problem.contains("`session header` or `session request`"),
                "{problem}"
            );
        }
    }
}
