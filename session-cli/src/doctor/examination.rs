//! The steps of an examination.

use std::{env, path::Path, time::Duration};

use http::StatusCode;
use session_kit::{
    Error, ErrorKind, Finding, Profiles, SessionHandle,
    http::{Client, Connections},
};
use url::Url;

use crate::{moment::rfc3339, profile::ProfileArg, progress::Progress};

/// What is found, step by step.
#[derive(Default)]
pub(super) struct Examination(Vec<Finding>);

/// A credential that lives no longer than this is hardly worth having.
const BRIEF: Duration = Duration::from_secs(60);

impl Examination {
    /// Whether there is such a profile, and the session that it describes.
    pub(super) fn profile(
        &mut self,
        config: Option<&Path>,
        profile: &ProfileArg,
        target: Option<&str>,
    ) -> Option<SessionHandle> {
        let found = Profiles::load(config).and_then(|profiles| {
            if let Some(target) = target
                && profiles.names().any(|name| name == target)
            {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("`{target}` is what to request, and a profile has that name; did you mean `-p {target}`? If it is a path, write it as `./{target}`"),
                ));
            }
            let name = match &profile.profile {
                Some(name) => name,
                None => profiles.default()?,
            };
            let place = profiles.path().display();
            let backend = profiles.backend_of(name)?;
            let detail = format!("`{name}` (backend {backend}) in {place}, {}", by(config));
            self.0.push(Finding::ok("profile", detail));
            profiles.open(name)
        });
        match found {
            Ok(session) => Some(session),
            Err(error) => {
                self.0.push(Finding::failed("profile", &error));
                None
            }
        }
    }

    /// All the rest. The session is open afterwards, if it can be opened.
    pub(super) async fn session(&mut self, session: &SessionHandle, target: Option<&str>) {
        let mut progress = Progress::on_terminal();
        self.environment(session);
        self.servers(session, &mut progress).await;
        progress.for_what("examining what authentication takes");
        self.0.extend(progress.during(session.examine()).await);
        progress.for_what("authenticating");
        match progress.during(session.init()).await {
            Ok(()) => self.opened(session, target, &mut progress).await,
            Err(error) => {
                let finding = self.failed("authentication", &error);
                self.0.push(finding);
            }
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.0
    }

    fn environment(&mut self, session: &SessionHandle) {
        let environment = session.environment();
        let transport = environment.transport();
        let mut parts = vec![format!("`{}`", environment.name())];
        let count = environment.services().iter().count();
        parts.push(match count {
            1 => "1 service".to_owned(),
            count => format!("{count} services"),
        });
        if let Some(path) = transport.ca_file() {
            parts.push(format!("authorities of {}", path.display()));
        }
        if let Some(path) = transport.client_certificate() {
            parts.push(format!("client certificate {}", path.display()));
        }
        if let Some(proxy) = transport.proxy() {
            let host = proxy.url().host_str().unwrap_or_default();
            parts.push(format!("proxy `{host}`"));
        }
        let detail = parts.join(", ");
        self.0.push(match count {
            0 => Finding::warning(
                "environment",
                format!("{detail}: the credential may go nowhere"),
            )
            .with_remedy("add `environment.api`"),
            _ => Finding::ok("environment", detail),
        });
    }

    /// Each server once, by the name of its first service.
    async fn servers(&mut self, session: &SessionHandle, progress: &mut Progress) {
        let environment = session.environment();
        let connections = Connections::new(environment.transport());
        let mut seen = Vec::new();
        for (name, url) in environment.services().iter() {
            let origin = url.origin().ascii_serialization();
            if seen.contains(&origin) {
                continue;
            }
            seen.push(origin);
            progress.for_what(format!("connecting to {name}"));
            let found = progress.during(connections.examine(name, url)).await;
            self.0.extend(found);
        }
    }

    /// What an open session is worth.
    async fn opened(
        &mut self,
        session: &SessionHandle,
        target: Option<&str>,
        progress: &mut Progress,
    ) {
        self.0.push(authenticated(session).await);
        progress.for_what("examining the credential");
        self.0.extend(progress.during(session.examine()).await);
        let api = session.environment().url("api").map(Url::as_str);
        let Some(target) = target.or(api) else {
            let finding = Finding::warning("request", "not made: the environment has no `api`");
            let finding = finding.with_remedy("add it, or say what to request");
            return self.0.push(finding);
        };
        progress.for_what("waiting for the answer");
        let answer = Client::new(session).get(target).send();
        self.0.push(match progress.during(answer).await {
            Ok(answer) => answered(answer.status(), answer.url()),
            Err(error) => self.failed("request", &error),
        });
    }

    /// A failure whose reason may be there already.
    fn failed(&self, what: &'static str, error: &Error) -> Finding {
        let finding = Finding::failed(what, error);
        let same = |known: &&Finding| known.detail() == finding.detail();
        match self.0.iter().find(same) {
            Some(known) => Finding::problem(
                what,
                format!("fails for the reason given for {}", known.what()),
            ),
            None => finding,
        }
    }
}

/// How the file with the profiles was found.
fn by(config: Option<&Path>) -> &'static str {
    if config.is_some() {
        "named by `--config`"
    } else if env::var_os("SESSION_CONFIG").is_some_and(|path| !path.is_empty()) {
        "named by `SESSION_CONFIG`"
    } else {
        "where it is looked for if nobody names it"
    }
}

async fn authenticated(session: &SessionHandle) -> Finding {
    const WHAT: &str = "authentication";
    let status = session.status();
    let lifetime = session.credential().await.ok();
    let lifetime = lifetime.and_then(|credential| credential.lifetime());
    match status.expires_at {
        None => Finding::ok(
            WHAT,
            "succeeds; the credential does not expire, as far as anybody said",
        ),
        Some(expiry) if lifetime.is_some_and(|lifetime| lifetime < BRIEF) => {
            let detail = format!(
                "succeeds, but the credential expires at {}",
                rfc3339(expiry)
            );
            Finding::warning(WHAT, detail)
                .with_remedy("have it issued for longer, if it is to be renewed less often")
        }
        Some(expiry) => Finding::ok(
            WHAT,
            format!("succeeds; the credential expires at {}", rfc3339(expiry)),
        ),
    }
}

/// What the answer to a request says of the credential.
fn answered(status: StatusCode, url: &Url) -> Finding {
    const WHAT: &str = "request";
    // Without path and query, which may hold secrets.
    let host = url.host_str().unwrap_or_default();
    let detail = format!("`{host}` answers {status}");
    let of_kind = |kind, remedy: &str| {
        Finding::failed(WHAT, &Error::new(kind, format!("{detail}; {remedy}")))
    };
    match status.as_u16() {
        401 => of_kind(
            ErrorKind::Denied,
            "it does not take the credential; does it expect another kind, or another audience?",
        ),
        407 => of_kind(
            ErrorKind::Denied,
            "the proxy wants credentials; set them in the environment's `proxy`",
        ),
        403 => Finding::warning(WHAT, detail).with_remedy(
            "it knows who this is; ask those who run it for access, or name what to request",
        ),
        404 | 405 => Finding::ok(
            WHAT,
            format!("{detail}: there is nothing to GET, but it has not refused the credential"),
        ),
        500.. => of_kind(
            ErrorKind::Unavailable,
            "ask those who run it, or try again later",
        ),
        400.. => Finding::warning(WHAT, detail).with_remedy("name what to request"),
        _ => Finding::ok(WHAT, detail),
    }
}

#[cfg(test)]
mod tests {
    use session_kit::Health;

    use super::*;

    #[test]
    fn an_answer_tells_how_good_the_credential_is() {
        let url = Url::parse("https://api.example.com/secret?k=hunter2").unwrap();
        for (status, health, kind) in [
            (200, Health::Ok, None),
            (302, Health::Ok, None),
            (404, Health::Ok, None),
            (405, Health::Ok, None),
            (400, Health::Warning, None),
            (403, Health::Warning, None),
            (401, Health::Problem, Some(ErrorKind::Denied)),
            (407, Health::Problem, Some(ErrorKind::Denied)),
            (502, Health::Problem, Some(ErrorKind::Unavailable)),
        ] {
            let found = answered(StatusCode::from_u16(status).unwrap(), &url);
            assert_eq!((found.health(), found.kind()), (health, kind), "{found}");
            let text = found.to_string();
            assert!(text.contains(&status.to_string()), "{text}");
            assert!(!text.contains("secret"), "{text}");
            assert_eq!(
                found.remedy().is_some(),
                health == Health::Warning,
                "{text}"
            );
        }
    }
}
