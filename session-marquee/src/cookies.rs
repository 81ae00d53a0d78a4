//! Sessions that a person, or another program, has begun: cookies of single sign-on.

use http::{HeaderName, header::COOKIE};
use session_core::{Credential, Error, ErrorKind, Result, Secret, SecretSource};

pub(crate) const GSSSO: &str = "GSSSO";
pub(crate) const MARQUEE_LOGIN: &str = "MarqueeLogin";
pub(crate) const CSRF_TOKEN: &str = "MARQUEE-CSRF-TOKEN";

/// What the CSRF token is repeated in, beside its cookie.
pub(crate) const CSRF_HEADER: HeaderName = HeaderName::from_static("x-marquee-csrf-token");

/// Where the values of the cookies come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies {
    pub(crate) gssso: Option<SecretSource>,
    pub(crate) marquee_login: Option<SecretSource>,
    pub(crate) csrf_token: Option<SecretSource>,
}

impl Cookies {
    /// The values as they are now.
    pub(crate) async fn values(&self) -> Result<Values> {
        Ok(Values {
            gssso: resolved(self.gssso.as_ref()).await?,
            marquee_login: resolved(self.marquee_login.as_ref()).await?,
            csrf_token: resolved(self.csrf_token.as_ref()).await?,
        })
    }
}

async fn resolved(source: Option<&SecretSource>) -> Result<Option<Secret>> {
    match source {
        Some(source) => source.resolve().await.map(Some),
        None => Ok(None),
    }
}

/// The values of the cookies.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) gssso: Option<Secret>,
    pub(crate) marquee_login: Option<Secret>,
    pub(crate) csrf_token: Option<Secret>,
}

impl Values {
    /// As requests carry them: in one `Cookie` header, and the CSRF token in a header of its own too.
    pub(crate) fn credential(&self) -> Result<Credential> {
        let cookies = [
            (MARQUEE_LOGIN, &self.marquee_login),
            (GSSSO, &self.gssso),
            (CSRF_TOKEN, &self.csrf_token),
        ];
        let mut line = Vec::with_capacity(length(&cookies));
        for (name, value) in cookies {
            let Some(value) = value else { continue };
            check(name, value)?;
            if !line.is_empty() {
                line.extend_from_slice(b"; ");
            }
            line.extend_from_slice(name.as_bytes());
            line.push(b'=');
            line.extend_from_slice(value.expose());
        }
        let csrf = self.csrf_token.clone().map(|token| (CSRF_HEADER, token));
        let headers = [(COOKIE, Secret::new(line))].into_iter().chain(csrf);
        Ok(Credential::headers(headers))
    }
}

/// Exact, because a buffer that grows leaves copies that nobody wipes.
fn length(cookies: &[(&str, &Option<Secret>)]) -> usize {
    let one = |(name, value): &(&str, &Option<Secret>)| {
        value
            .as_ref()
            .map_or(0, |value| name.len() + value.expose().len() + 3)
    };
    cookies.iter().map(one).sum()
}

/// RFC 6265 §4.1.1: what else stands in a value could make another cookie of it.
fn check(name: &str, value: &Secret) -> Result<()> {
    let is_octet =
        |byte: &u8| matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e);
    if !value.expose().is_empty() && value.expose().iter().all(is_octet) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "`{name}` is empty, or has characters that no cookie can have; give the value of the cookie alone"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(gssso: &str, csrf_token: Option<&str>) -> Values {
        Values {
            gssso: Some(Secret::new(gssso)),
            csrf_token: csrf_token.map(Secret::new),
            ..Values::default()
        }
    }

    #[test]
    fn cookies_are_one_header_and_the_csrf_token_is_another() {
        let credential = values("SSO-TOKEN", Some("CSRF")).credential().unwrap();
        let value = |name| credential.header(&name).and_then(Secret::expose_str);
        assert_eq!(
            value(COOKIE),
            Some("GSSSO=SSO-TOKEN; MARQUEE-CSRF-TOKEN=CSRF")
        );
        assert_eq!(value(CSRF_HEADER), Some("CSRF"));
        let alone = values("SSO-TOKEN", None).credential().unwrap();
        assert_eq!(alone.iter_headers().count(), 1);
    }

    #[test]
    fn a_value_cannot_bring_another_cookie_or_header() {
        for value in [
            "",
            "a; b=c",
            "a b",
            "a\r\nX: y",
            "\"a\"",
            "a,b",
            "a\\b",
            "é",
        ] {
            let error = values(value, None).credential().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(value.is_empty() || !error.to_string().contains(value));
        }
    }
}
