//! A GSSSO cookie by a Kerberos ticket.

use std::time::Duration;

use session_core::{
    BasicEnvironment, Environment, Error, ErrorKind, Finding, Result, Session, SessionHandle,
};
use session_http::Client;
use session_kerberos::KerberosBuilder;
use url::Url;

use crate::{
    MarqueeEnvironment,
    cookies::{GSSSO, Values},
    set_cookies::{Jar, Watched},
};

const SERVICE: &str = "login";

/// How long the log-in may take, redirects included.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A page of single sign-on that takes a ticket and sets the cookie.
#[derive(Debug)]
pub(crate) struct Login {
    session: SessionHandle,
    page: Url,
    jar: Jar,
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
        Self::with(kerberos.environment(environment).build()?)
    }

    /// With what authenticates at the page that its environment has.
    fn with(session: impl Session) -> Result<Self> {
        let page = session.environment().url(SERVICE).cloned();
        let page = page.ok_or_else(|| Error::new(ErrorKind::Config, "there is no log-in page"))?;
        let jar = Jar::default();
        let session = SessionHandle::new(Watched::new(session, jar.clone()));
        Ok(Self { session, page, jar })
    }

    /// What logging in depends on.
    pub(crate) async fn examine(&self) -> Vec<Finding> {
        self.session.examine().await
    }

    /// Logs in.
    pub(crate) async fn values(&self) -> Result<Values> {
        let client = Client::builder()
            .session(&self.session)
            .service(SERVICE)
            .timeout(TIME_LIMIT)
            .build();
        self.jar.take();
        let answer = self.session.enter(client.get("").send()).await??;
        let host = self.page.host_str().unwrap_or_default();
        // Whoever is led to by a redirect could log us in as somebody else.
        if answer.url().origin() != self.page.origin() {
            return Err(Error::new(
                ErrorKind::Forbidden,
                format!(
                    "`{host}` sends the log-in on to another origin, whose cookies are not taken; check `kerberos_login`"
                ),
            ));
        }
        answer.error_for_status()?;
        let values = self.jar.take();
        if values.gssso.is_none() {
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use async_trait::async_trait;
    use http::{
        HeaderValue, StatusCode,
        header::{LOCATION, SET_COOKIE},
    };
    use session_core::{Credential, Exchange, Incoming, Outgoing, Secret, Verdict};
    use session_mock::{Provider, Reply, Request};

    use super::*;

    /// Has a ticket for every request, as Kerberos does.
    #[derive(Debug)]
    struct Ticket(BasicEnvironment);

    struct Leg;

    #[async_trait]
    impl Session for Ticket {
        fn scheme(&self) -> &'static str {
            "ticket"
        }

        fn environment(&self) -> &dyn Environment {
            &self.0
        }

        async fn init(&self) -> Result<Credential> {
            Ok(Credential::per_request(()))
        }

        async fn authorize(
            &self,
            _: &Credential,
            request: Outgoing<'_>,
        ) -> Result<Option<Box<dyn Exchange>>> {
            let ticket = HeaderValue::from_static("Negotiate YII");
            request.request.headers.insert("authorization", ticket);
            Ok(Some(Box::new(Leg)))
        }
    }

    #[async_trait]
    impl Exchange for Leg {
        async fn received(
            &mut self,
            _: Incoming<'_>,
            _: &mut http::request::Parts,
        ) -> Result<Verdict> {
            Ok(Verdict::Done)
        }
    }

    fn login(page: &Provider) -> Login {
        let environment = BasicEnvironment::new(SERVICE)
            .service(SERVICE, &at(page, "in"))
            .unwrap();
        Login::with(Ticket(environment)).unwrap()
    }

    /// `/in` sends on to an address that is told later, and sets this cookie; whatever else there is sets the other.
    fn page(at_first: &'static str, then: &'static str) -> (Provider, Arc<OnceLock<String>>) {
        let onward = Arc::new(OnceLock::<String>::new());
        let address = Arc::clone(&onward);
        let site = move |request: &Request<'_>| {
            if !request.path().ends_with("/in") {
                let cookie = HeaderValue::from_static(then);
                return Reply::json(StatusCode::OK, "{}").header(SET_COOKIE, cookie);
            }
            let onward = HeaderValue::from_str(address.get().unwrap()).unwrap();
            Reply::status(StatusCode::FOUND)
                .header(LOCATION, onward)
                .header(SET_COOKIE, HeaderValue::from_static(at_first))
        };
        (Provider::builder().site(site).start().unwrap(), onward)
    }

    fn at(page: &Provider, path: &str) -> String {
        page.api().join(path).unwrap().into()
    }

    fn text(value: Option<&Secret>) -> Option<String> {
        value?.expose_str().map(str::to_owned)
    }

    #[tokio::test]
    async fn a_cookie_of_another_origin_is_not_taken() {
        let (other, _) = page("", "GSSSO=attackers");
        let (first, onward) = page("x=y", "");
        onward.set(at(&other, "planted")).unwrap();
        let error = login(&first).values().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.to_string().contains("another origin"), "{error}");
    }

    #[tokio::test]
    async fn nor_is_one_to_which_another_origin_has_led_back() {
        let (other, back) = page("GSSSO=attackers", "");
        let (first, onward) = page("x=y", "GSSSO=of-whom");
        onward.set(at(&other, "in")).unwrap();
        back.set(at(&first, "back")).unwrap();
        let error = login(&first).values().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
    }

    #[tokio::test]
    async fn the_cookies_of_all_redirects_within_the_origin_are_taken() {
        let (first, onward) = page("GSSSO=s-1; HttpOnly", "MARQUEE-CSRF-TOKEN=c-1");
        onward.set("out".to_owned()).unwrap();
        let values = login(&first).values().await.unwrap();
        assert_eq!(text(values.gssso.as_ref()).as_deref(), Some("s-1"));
        assert_eq!(text(values.csrf_token.as_ref()).as_deref(), Some("c-1"));
    }
}
