//! Cookies that a server sets while a session talks to it.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE, request::Parts};
use session_core::{
    BoxFuture, Cause, Credential, Environment, Exchange, Finding, Identity, Incoming, Outgoing,
    Result, Secret, Session, Verdict,
};
use url::Url;

use crate::cookies::{CSRF_TOKEN, GSSSO, MARQUEE_LOGIN, Values};

/// The cookies of a log-in, of which there is one at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar(Arc<Mutex<Values>>);

impl Jar {
    /// What has been set since it was last emptied.
    pub(crate) fn take(&self) -> Values {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A later cookie replaces an earlier one; one without value removes it (RFC 6265 §5.3).
    fn put(&self, headers: &HeaderMap) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    }
}

/// A session whose cookies are collected: of the answers to requests that it authorized, redirects included, and so of
/// no other origin.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    inner: S,
    jar: Jar,
}

impl<S> Watched<S> {
    pub(crate) fn new(inner: S, jar: Jar) -> Self {
        Self { inner, jar }
    }
}

#[async_trait]
impl<S: Session> Session for Watched<S> {
    fn scheme(&self) -> &str {
        self.inner.scheme()
    }

    fn environment(&self) -> &dyn Environment {
        self.inner.environment()
    }

    fn identity(&self) -> Option<Identity> {
        self.inner.identity()
    }

    fn request_headers(&self) -> Option<&HeaderMap> {
        self.inner.request_headers()
    }

    async fn init(&self) -> Result<Credential> {
        self.inner.init().await
    }

    async fn renew(&self, stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        self.inner.renew(stale, why).await
    }

    fn follow_up(&self, credential: &Credential) -> Option<BoxFuture<Result<()>>> {
        self.inner.follow_up(credential)
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let exchange = self.inner.authorize(credential, request).await?;
        Ok(exchange.map(|inner| {
            let jar = self.jar.clone();
            Box::new(Overheard { inner, jar }) as Box<dyn Exchange>
        }))
    }

    async fn authorize_proxy(
        &self,
        credential: &Credential,
        proxy: &Url,
    ) -> Result<Option<HeaderValue>> {
        self.inner.authorize_proxy(credential, proxy).await
    }

    fn binds_to_peer(&self) -> bool {
        self.inner.binds_to_peer()
    }

    fn pins_connection(&self) -> bool {
        self.inner.pins_connection()
    }

    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        self.inner.examine(credential).await
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        self.inner.close(credential).await
    }
}

struct Overheard {
    inner: Box<dyn Exchange>,
    jar: Jar,
}

#[async_trait]
impl Exchange for Overheard {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        let verdict = self.inner.received(answer, next).await?;
        // Only of a server that has proved itself as far as the session wants that, and that let the user in.
        if verdict == Verdict::Done && answer.status != StatusCode::UNAUTHORIZED {
            self.jar.put(answer.headers);
        }
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests {
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
        let jar = Jar::default();
        jar.put(&headers);
        let values = jar.take();
        let text = |value: &Option<Secret>| {
            value
                .as_ref()
                .and_then(Secret::expose_str)
                .map(str::to_owned)
        };
        assert_eq!(text(&values.gssso).as_deref(), Some("s-1"));
        assert_eq!(text(&values.csrf_token).as_deref(), Some("c-1"));
        assert_eq!(text(&values.marquee_login), None);
        assert!(jar.take().gssso.is_none(), "it is empty");
    }
}
