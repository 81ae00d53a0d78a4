//! What the requests of a session are like, unless they are told otherwise.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use session_core::{Error, ErrorKind, Result};

use crate::{
    Domain,
    request::{APPLICATION, APPLICATION_VERSION},
};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) application: HeaderValue,
    pub(crate) application_version: HeaderValue,
    /// These two, as requests have them.
    pub(crate) names: HeaderMap,
    pub(crate) domain: Domain,
    pub(crate) time_limit: Duration,
}

impl Settings {
    pub(crate) const APPLICATION: &'static str = "session-kit";
    /// As long a time as this is no limit, where a profile says so.
    pub(crate) const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);
    pub(crate) const APPLICATION_VERSION: &'static str = env!("CARGO_PKG_VERSION");

    pub(crate) fn new(
        application: &str,
        application_version: &str,
        domain: Domain,
        time_limit: Duration,
    ) -> Result<Self> {
        let application = value("application", application)?;
        let application_version = value("application_version", application_version)?;
        Ok(Self {
            names: names(&application, &application_version),
            application,
            application_version,
            domain,
            time_limit: positive(time_limit)?,
        })
    }
}

fn names(application: &HeaderValue, application_version: &HeaderValue) -> HeaderMap {
    let names = [
        (APPLICATION, application.clone()),
        (APPLICATION_VERSION, application_version.clone()),
    ];
    names.into_iter().collect()
}

/// What takes no time at all would always be late.
fn positive(limit: Duration) -> Result<Duration> {
    if limit.is_zero() {
        return Err(Error::new(
            ErrorKind::Config,
            "`timeout` is zero, in which no request can be answered; give it more, or leave it out",
        ));
    }
    Ok(limit)
}

pub(crate) fn value(key: &str, text: &str) -> Result<HeaderValue> {
    let value = HeaderValue::from_str(text).ok();
    value.filter(|value| !value.is_empty()).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!("`{key}` is empty, or has characters that no header can have"),
        )
    })
}
