//! What to choose before a session is made.

use std::{sync::Arc, time::Duration};

use session_core::{Error, ErrorKind, Result, SecretSource, SessionHandle};
use session_oauth::{ClientAuth, OAuth};

#[cfg(feature = "kerberos")]
use crate::login::Login;
use crate::{
    Client, Domain, Marquee, MarqueeEnvironment, activity::Activity, given::Given, session::Means,
    settings::Settings,
};
use http::{HeaderValue, header::ACCEPT};

/// Makes a [`Marquee`] session; made itself by one of that type's constructors.
#[derive(Debug)]
#[must_use]
pub struct MarqueeBuilder {
    environment: MarqueeEnvironment,
    given: Given,
    #[cfg(feature = "kerberos")]
    pub(crate) kerberos: Option<session_kerberos::KerberosBuilder>,
    application: String,
    application_version: String,
    api_version: String,
    domain: Domain,
    activity: bool,
    time_limit: Duration,
    /// What was wrong first.
    problem: Option<&'static str>,
}

impl MarqueeBuilder {
    pub(crate) fn new(environment: MarqueeEnvironment, given: Given) -> Self {
        Self {
            environment,
            given,
            #[cfg(feature = "kerberos")]
            kerberos: None,
            application: Settings::APPLICATION.to_owned(),
            application_version: Settings::APPLICATION_VERSION.to_owned(),
            api_version: MarqueeEnvironment::API_VERSION.to_owned(),
            domain: Domain::default(),
            activity: false,
            time_limit: Client::TIME_LIMIT,
            problem: None,
        }
    }

    /// Asks for one more [scope](crate::Scope), beside [those that all ask for](crate::Scope::DEFAULT). For client credentials.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.scopes([scope])
    }

    /// Asks for more scopes.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        match &mut self.given {
            Given::Client { scopes: known, .. } => known.extend(scopes),
            _ => self.wrong("only client credentials are for scopes; leave them out"),
        }
        self
    }

    /// Asks for the scopes that it is given and no others: if there are none, the server decides. As an `OAuth2Session`
    /// of `gs_quant` that is made directly, which says an empty `scope`.
    pub fn without_default_scopes(mut self) -> Self {
        match &mut self.given {
            Given::Client { scopes, .. } => scopes.with_default = false,
            _ => self.wrong("only client credentials are for scopes; leave them out"),
        }
        self
    }

    /// The token against forged requests that belongs to a cookie: sent as a cookie, and as `X-MARQUEE-CSRF-TOKEN`.
    pub fn csrf_token(mut self, token: impl Into<SecretSource>) -> Self {
        match &mut self.given {
            Given::Cookies(cookies) => cookies.csrf_token = Some(token.into()),
            _ => self.wrong("a CSRF token belongs to a cookie; leave it out"),
        }
        self
    }

    /// What the program is called, in ASCII: `X-Application` of its requests. Default: `session-kit`, and its version.
    pub fn application(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.application = name.into();
        self.application_version = version.into();
        self
    }

    /// The version of the API; empty for none. Default: [`API_VERSION`](MarqueeEnvironment::API_VERSION).
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// The service that requests go to, unless they are told otherwise. Default: [`Domain::Api`].
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self
    }

    /// Whether Marquee is told, once the session is open, which program it is for, as `gs_quant` does; where its domain is
    /// [`Domain::Api`]. Nobody waits for that, and what comes of it, within five seconds or the session's
    /// [`timeout`](Self::timeout), is for the log alone. Nothing is told any longer once the session closes. Default: no.
    pub fn activity(mut self, activity: bool) -> Self {
        self.activity = activity;
        self
    }

    /// How long a request may take until its answer was read, unless it is told otherwise. Default:
    /// [`Client::TIME_LIMIT`].
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The session, ready to authenticate. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn open(self) -> Result<SessionHandle> {
        self.build().map(SessionHandle::new)
    }

    /// The session as a backend, for [`SessionHandle::builder`].
    ///
    /// # Errors
    ///
    /// `Config`, when there is something that belongs to another kind of credential; when the environment has no such domain; when
    /// the client has no identifier, or something is none that a header or an address can have.
    pub fn build(self) -> Result<Marquee> {
        if let Some(problem) = self.problem {
            return Err(Error::new(ErrorKind::Config, problem));
        }
        let environment = self.environment.with_version(&self.api_version)?;
        environment.base(self.domain, None)?;
        let settings = Settings::new(
            &self.application,
            &self.application_version,
            self.domain,
            self.time_limit,
        )?;
        let means = match &self.given {
            Given::Client { scopes, .. } => {
                scopes.check()?;
                Means::Client(Box::new(oauth(&self.given, &environment, &settings)?))
            }
            Given::Token(source) => Means::Token(source.clone()),
            Given::Cookies(cookies) => Means::Cookies(cookies.clone()),
            #[cfg(feature = "kerberos")]
            Given::Kerberos { page, .. } => {
                let kerberos = self.kerberos;
                let kerberos = kerberos.unwrap_or_else(session_kerberos::Kerberos::default_cache);
                Means::Kerberos(Login::new(kerberos, page, &environment)?)
            }
        };
        // As `gs_quant` does, which posts it for no other domain.
        let tells = self.activity && self.domain == Domain::Api;
        let activity = tells
            .then(|| Activity::new(&environment, &settings).map(Arc::new))
            .transpose()?;
        Ok(Marquee {
            environment,
            given: self.given,
            means,
            settings,
            activity,
        })
    }

    fn wrong(&mut self, problem: &'static str) {
        self.problem.get_or_insert(problem);
    }
}

fn oauth(given: &Given, environment: &MarqueeEnvironment, settings: &Settings) -> Result<OAuth> {
    let Given::Client { id, secret, scopes } = given else {
        return Err(Error::new(ErrorKind::Config, "there is no client"));
    };
    let mut builder = OAuth::client_credentials(environment.auth(), id, secret.clone())
        .client_auth(ClientAuth::SecretPost)
        .scopes(scopes.union())
        .header(ACCEPT, HeaderValue::from_static("*/*"))
        .environment(environment.clone());
    for (name, value) in &settings.names {
        builder = builder.header(name.clone(), value.clone());
    }
    builder.build()
}
