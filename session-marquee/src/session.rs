//! A session with Marquee.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use http::{HeaderMap, header::AUTHORIZATION};
use session_core::{
    BoxFuture, Cause, Credential, Environment, Error, ErrorKind, Finding, Identity, Result, Secret,
    SecretSource, Session, SessionHandle,
};
use session_oauth::{ClientSecret, OAuth};

#[cfg(feature = "kerberos")]
use crate::login::Login;
use crate::{
    Failure, MarqueeBuilder, MarqueeEnvironment, activity::Activity, cookies::Cookies,
    given::Given, settings::Settings,
};

/// A session with Goldman Sachs Marquee.
///
/// Made by a constructor for each kind of credential, and used through a [`SessionHandle`] and a
/// [`Client`](crate::Client).
#[derive(Debug)]
pub struct Marquee {
    pub(crate) environment: MarqueeEnvironment,
    pub(crate) given: Given,
    pub(crate) means: Means,
    pub(crate) settings: Settings,
    pub(crate) activity: Option<Arc<Activity>>,
}

/// How it authenticates.
#[derive(Debug)]
pub(crate) enum Means {
    Client(Box<OAuth>),
    Token(SecretSource),
    Cookies(Cookies),
    #[cfg(feature = "kerberos")]
    Kerberos(Login),
}

impl Marquee {
    /// An application as itself, by the client credentials grant: `OAuth2Session` of `gs_quant`.
    pub fn client_credentials(
        environment: MarqueeEnvironment,
        client_id: impl Into<String>,
        client_secret: impl Into<ClientSecret>,
    ) -> MarqueeBuilder {
        let secret = client_secret.into();
        MarqueeBuilder::new(environment, Given::client(client_id.into(), secret))
    }

    /// With an access token that somebody else got: `PassThroughSession` of `gs_quant`. It is looked up again when it was refused; a
    /// file, or a command, can have another then.
    pub fn token(
        environment: MarqueeEnvironment,
        token: impl Into<SecretSource>,
    ) -> MarqueeBuilder {
        MarqueeBuilder::new(environment, Given::Token(token.into()))
    }

    /// With a cookie of single sign-on: `PassThroughGSSSOSession` of `gs_quant`. See
    /// [`csrf_token`](MarqueeBuilder::csrf_token).
    pub fn gssso(
        environment: MarqueeEnvironment,
        gssso: impl Into<SecretSource>,
    ) -> MarqueeBuilder {
        let cookies = Cookies {
            gssso: Some(gssso.into()),
            ..Cookies::default()
        };
        MarqueeBuilder::new(environment, Given::Cookies(cookies))
    }

    /// With the cookie of a log-in at Marquee's web site.
    pub fn marquee_login(
        environment: MarqueeEnvironment,
        marquee_login: impl Into<SecretSource>,
    ) -> MarqueeBuilder {
        let cookies = Cookies {
            marquee_login: Some(marquee_login.into()),
            ..Cookies::default()
        };
        MarqueeBuilder::new(environment, Given::Cookies(cookies))
    }

    /// With a cookie of single sign-on that a Kerberos ticket gets at this page: `KerberosSession` of `gs_quant`. See
    /// [the crate](crate#kerberos) for what of this is public.
    #[cfg(feature = "kerberos")]
    pub fn kerberos(
        environment: MarqueeEnvironment,
        login_page: impl Into<String>,
        kerberos: session_kerberos::KerberosBuilder,
    ) -> MarqueeBuilder {
        let mut builder = MarqueeBuilder::new(
            environment,
            Given::Kerberos {
                page: login_page.into(),
                by_default: false,
            },
        );
        builder.kerberos = Some(kerberos);
        builder
    }

    /// By a ticket from wherever the machine has them.
    #[cfg(feature = "kerberos")]
    pub(crate) fn kerberos_by_default(
        environment: MarqueeEnvironment,
        page: &str,
    ) -> MarqueeBuilder {
        MarqueeBuilder::new(
            environment,
            Given::Kerberos {
                page: page.to_owned(),
                by_default: true,
            },
        )
    }

    /// The one behind this handle; `None` if it is a session of another backend.
    pub fn of(session: &SessionHandle) -> Option<&Self> {
        let session: &dyn Any = session.session();
        session.downcast_ref()
    }

    /// Where it is.
    pub fn marquee_environment(&self) -> &MarqueeEnvironment {
        &self.environment
    }

    /// Its configuration, as a profile in `sessions.toml` has it: with where to find the secrets, and no secret.
    ///
    /// # Errors
    ///
    /// `Config`, when a secret was given as itself, and when there is something that no profile can have.
    pub fn to_toml(&self) -> Result<String> {
        crate::written::profile(self)
    }

    /// Cookies go on the handshake of a websocket together with the name of the program; tokens go alone.
    #[cfg(feature = "websocket")]
    pub(crate) fn names_itself_on_websockets(&self) -> bool {
        !matches!(self.means, Means::Client(_) | Means::Token(_))
    }

    fn told<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| Failure::to_authenticate(error, &self.environment))
    }

    /// A credential that is looked up, not asked for.
    async fn looked_up(&self) -> Result<Credential> {
        match &self.means {
            Means::Client(oauth) => self.told(oauth.init().await),
            Means::Token(source) => bearer(&source.resolve().await?),
            Means::Cookies(cookies) => cookies.values().await?.credential(),
            #[cfg(feature = "kerberos")]
            Means::Kerberos(login) => login.values().await?.credential(),
        }
    }
}

#[async_trait]
impl Session for Marquee {
    fn scheme(&self) -> &'static str {
        "marquee"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    /// Which program asks.
    fn request_headers(&self) -> Option<&HeaderMap> {
        Some(&self.settings.names)
    }

    /// What was given to the session is the giver's to keep.
    fn identity(&self) -> Option<Identity> {
        match &self.means {
            Means::Client(oauth) => {
                let oauth = oauth.identity()?;
                Some(Identity::new([self.scheme(), oauth.as_str()]))
            }
            _ => None,
        }
    }

    async fn init(&self) -> Result<Credential> {
        self.looked_up().await
    }

    async fn renew(&self, stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        match &self.means {
            Means::Client(oauth) => self.told(oauth.renew(stale, why).await),
            Means::Token(_) | Means::Cookies(_) => {
                let found = self.looked_up().await?;
                if is_same(stale, &found) {
                    return Err(self.spent());
                }
                Ok(found)
            }
            #[cfg(feature = "kerberos")]
            Means::Kerberos(_) => self.looked_up().await,
        }
    }

    /// As `gs_quant`, which tells Marquee of each session that it has initialized.
    fn follow_up(&self, credential: &Credential) -> Option<BoxFuture<Result<()>>> {
        let activity = Arc::clone(self.activity.as_ref()?);
        let credential = credential.clone();
        Some(Box::pin(async move { activity.post(&credential).await }))
    }

    /// What was given depends on nobody but its giver.
    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        match &self.means {
            Means::Client(oauth) => oauth.examine(credential).await,
            Means::Token(_) | Means::Cookies(_) => Vec::new(),
            #[cfg(feature = "kerberos")]
            Means::Kerberos(login) => login.examine().await,
        }
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        match &self.means {
            Means::Client(oauth) => oauth.close(credential).await,
            // Whoever gave it may need it yet.
            _ => Ok(()),
        }
    }
}

impl Marquee {
    /// To send it again would only have it refused again.
    fn spent(&self) -> Error {
        let what = match self.means {
            Means::Token(_) => "the token",
            _ => "the cookie",
        };
        Error::new(
            ErrorKind::Denied,
            format!(
                "Marquee ({}) refused {what} that the session was given, and there is no other where it comes from; put a new one there",
                self.environment.name()
            ),
        )
    }
}

/// RFC 6750 §2.1: what else stands in a token is sent as something that no server understands.
fn bearer(token: &Secret) -> Result<Credential> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    let text = token.expose();
    let end = text.iter().rposition(|byte| *byte != b'=');
    if !end.is_some_and(|end| text[..=end].iter().all(is_plain)) {
        return Err(Error::new(
            ErrorKind::Config,
            "the `token` is empty, or has characters that no token has (RFC 6750 §2.1); give it alone, without `Bearer`",
        ));
    }
    Ok(Credential::headers([(
        AUTHORIZATION,
        Secret::prefixed("Bearer ", token.expose()),
    )]))
}

fn is_same(a: &Credential, b: &Credential) -> bool {
    let values = |credential: &Credential| {
        let values = credential.iter_headers();
        values
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    let (a, b) = (values(a), values(b));
    a.len() == b.len()
        && a.iter()
            .zip(&b)
            .all(|(a, b)| a.0 == b.0 && a.1.expose() == b.1.expose())
}
