//! Where a request goes.

use session_core::{Error, ErrorKind, Result, SessionHandle};
use session_http::below;
use url::Url;

use crate::{Domain, Marquee, query::Query, settings::Settings};

/// The version of the API that a request asks for.
#[derive(Clone, Debug, Default)]
pub(crate) enum Version {
    #[default]
    OfSession,
    Own(String),
    None,
}

/// What a request says of where it goes.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) domain: Option<Domain>,
    pub(crate) version: Version,
    pub(crate) query: Query,
}

impl Target {
    pub(crate) fn new(path: &str, domain: Option<Domain>) -> Self {
        Self {
            path: path.to_owned(),
            domain,
            version: Version::OfSession,
            query: Query::default(),
        }
    }

    /// Whether the credential may go there is up to the carrier, which asks the environment.
    pub(crate) fn url(&self, session: &SessionHandle) -> Result<Url> {
        let mut url = match absolute(&self.path) {
            Some(url) => url?,
            None => below(&self.base(session)?, &self.path)?,
        };
        self.query.put_on(&mut url);
        Ok(url)
    }

    fn base(&self, session: &SessionHandle) -> Result<Url> {
        let Some(marquee) = Marquee::of(session) else {
            return self.base_elsewhere(session);
        };
        let environment = &marquee.environment;
        let domain = self.domain.unwrap_or(marquee.settings.domain);
        match &self.version {
            Version::OfSession => environment.base(domain, Some(environment.api_version())),
            Version::Own(version) => environment.base(domain, Some(version)),
            Version::None => environment.base(domain, None),
        }
    }

    fn base_elsewhere(&self, session: &SessionHandle) -> Result<Url> {
        let domain = self.domain.unwrap_or(Settings::default().domain);
        let environment = session.environment();
        match (&self.version, environment.url(domain.as_str())) {
            (Version::OfSession, Some(base)) => Ok(base.clone()),
            (Version::OfSession, None) => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "environment `{}` has no service `{domain}`; add its address, or choose another",
                    environment.name()
                ),
            )),
            _ => Err(Error::new(
                ErrorKind::Config,
                "only a session of the backend `marquee` knows versions of the API; leave the version out, or use a URL",
            )),
        }
    }
}

/// A target that is a URL of itself.
fn absolute(path: &str) -> Option<Result<Url>> {
    let is = |scheme: &str| {
        path.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let scheme = ["https://", "http://", "wss://", "ws://"];
    scheme.into_iter().any(is).then(|| {
        // Not quoted: it may hold a secret.
        Url::parse(path).map_err(|_| {
            Error::new(
                ErrorKind::Config,
                "the request's target looks like a URL, but is none; write it as `https://host/path`",
            )
        })
    })
}
