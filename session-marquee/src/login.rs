//! A GSSSO cookie by a Kerberos ticket.

use std::time::Duration;

use http::{HeaderMap, header::SET_COOKIE};
use session_core::{
    BasicEnvironment, Environment as _, Error, ErrorKind, Result, Secret, SessionHandle,
};
use session_http::Client;
use session_kerberos::KerberosBuilder;

use crate::{
    MarqueeEnvironment,
    cookies::{CSRF_TOKEN, GSSSO, MARQUEE_LOGIN, Values},
};

const SERVICE: &str = "login";

/// How long the log-in may take, redirects included.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A page of single sign-on that takes a ticket and sets the cookie.
#[derive(Debug)]
pub(crate) struct Login {
    session: SessionHandle,
}

impl Login {
    /// The ticket goes to the page's origin, and nowhere else.
    pub(crate) fn new(
        kerberos: KerberosBuilder,
        page: &str,
        marquee: &MarqueeEnvironment,
    ) -> Result<Self> {
        let environment = BasicEnvironment::new(SERVICE)
            .service(SERVICE, page)?
            .with_transport(marquee.transport().clone());
        let session = kerberos.environment(environment).open()?;
        Ok(Self { session })
    }

    /// Logs in.
    pub(crate) async fn values(&self) -> Result<Values> {
        let client = Client::builder()
            .session(&self.session)
            .service(SERVICE)
            .timeout(TIME_LIMIT)
            .build();
        let answer = self.session.enter(client.get("").send()).await??;
        let answer = answer.error_for_status()?;
        let values = found(answer.headers());
        if values.gssso.is_none() {
            let host = answer.url().host_str().unwrap_or_default();
            return Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "`{host}` took the Kerberos ticket, but set no cookie `{GSSSO}`; check `kerberos_login`"
                ),
            ));
        }
        Ok(values)
    }
}

fn found(headers: &HeaderMap) -> Values {
    let mut values = Values::default();
    for header in headers.get_all(SET_COOKIE) {
        let pair = header.as_bytes().split(|byte| *byte == b';').next();
        let pair = pair.unwrap_or_default();
        let Some(at) = pair.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (pair[..at].trim_ascii(), pair[at + 1..].trim_ascii());
        let value = (!value.is_empty()).then(|| Secret::new(value));
        match str::from_utf8(name) {
            Ok(GSSSO) => values.gssso = value,
            Ok(MARQUEE_LOGIN) => values.marquee_login = value,
            Ok(CSRF_TOKEN) => values.csrf_token = value,
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_cookies_that_matter_are_found() {
        let mut headers = HeaderMap::new();
        for cookie in [
            "GSSSO=s-1; Domain=.gs.com; Path=/; Secure; HttpOnly",
            "MARQUEE-CSRF-TOKEN=c-1",
            "other=GSSSO=no",
            "MarqueeLogin=; Max-Age=0",
            "nothing",
        ] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        let values = found(&headers);
        let text = |value: &Option<Secret>| {
            value
                .as_ref()
                .and_then(Secret::expose_str)
                .map(str::to_owned)
        };
        assert_eq!(text(&values.gssso).as_deref(), Some("s-1"));
        assert_eq!(text(&values.csrf_token).as_deref(), Some("c-1"));
        assert_eq!(text(&values.marquee_login), None);
    }
}
