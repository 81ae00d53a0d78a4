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
    pub(crate) application: String,
    pub(crate) application_version: String,
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
        let names = [
            (APPLICATION, value("application", application)?),
            (
                APPLICATION_VERSION,
                value("application_version", application_version)?,
            ),
        ];
        Ok(Self {
            application: application.to_owned(),
            application_version: application_version.to_owned(),
            names: names.into_iter().collect(),
            domain,
            time_limit: positive(time_limit)?,
        })
    }
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

/// RFC 9110 §5.5: what is not ASCII means nothing that all agree on.
pub(crate) fn value(key: &str, text: &str) -> Result<HeaderValue> {
    let value = HeaderValue::from_str(text).ok();
    let value = value.filter(|value| !value.is_empty() && value.to_str().is_ok());
    value.ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!("`{key}` is empty, or has characters that are not ASCII, or that no header can have; write it in letters and digits"),
        )
    })
}
