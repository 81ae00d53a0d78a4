//! Where a request goes.

use std::borrow::Cow;

use session_core::{Environment as _, Error, ErrorKind, Result, SessionHandle};
use session_http::below;
use url::Url;

use crate::{Domain, Marquee, query::Query};

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
            None => below(self.base(session)?.as_ref(), &self.path)?,
        };
        self.query.put_on(&mut url);
        Ok(url)
    }

    fn base<'a>(&self, session: &'a SessionHandle) -> Result<Cow<'a, Url>> {
        let Some(marquee) = Marquee::of(session) else {
            return self.base_elsewhere(session);
        };
        let environment = &marquee.environment;
        let domain = self.domain.unwrap_or(marquee.settings.domain);
        match &self.version {
            // Joined before: that of most requests.
            Version::OfSession => match environment.url(domain.as_str()) {
                Some(base) => Ok(Cow::Borrowed(base)),
                None => environment.base(domain, None).map(Cow::Owned),
            },
            Version::Own(version) => environment.base(domain, Some(version)).map(Cow::Owned),
            Version::None => environment.base(domain, None).map(Cow::Owned),
        }
    }

    fn base_elsewhere<'a>(&self, session: &'a SessionHandle) -> Result<Cow<'a, Url>> {
        let domain = self.domain.unwrap_or_default();
        let environment = session.environment();
        match (&self.version, environment.url(domain.as_str())) {
            (Version::OfSession, Some(base)) => Ok(Cow::Borrowed(base)),
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

/// A target that is a URL of itself; any other is a path, also one that has a colon.
fn absolute(path: &str) -> Option<Result<Url>> {
    let is = |scheme: &str| {
        path.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    let scheme = ["https://", "http://", "wss://", "ws://"];
    scheme
        .into_iter()
        .any(is)
        .then(|| session_http::absolute(path))
}
