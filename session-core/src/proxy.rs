//! The proxy on the way to an environment.

mod bypass;

use std::fmt;

use url::Url;

use self::bypass::Bypass;
use crate::{
    Error, ErrorKind, Result, SecretSource,
    services::{has_userinfo, http_scheme, is_loopback},
};

/// A proxy that carriers reach servers through, by `CONNECT` (RFC 9110 §9.3.6): it learns their host and port, and
/// nothing of what is sent.
///
/// ```
/// use session_core::{Proxy, SecretSource};
///
/// let proxy = Proxy::new("http://proxy.example.com:3128")?
///     .with_credentials("orders", SecretSource::env("PROXY_PASSWORD"))?
///     .with_bypass(["intranet.example.com", "10.0.0.0/8"])?;
/// assert!(proxy.carries(&"https://api.example.org/".parse().unwrap()));
/// assert!(!proxy.carries(&"https://wiki.intranet.example.com/".parse().unwrap()));
/// # Ok::<(), session_core::Error>(())
/// ```
///
/// What is on this machine is never reached through it, and neither is anything that is not encrypted. Two proxies are equal when
/// all is that was said of them; a password that was given is equal to its clones alone, for secrets are not compared.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
    credentials: Option<Credentials>,
    has_session_login: bool,
    bypass: Vec<Bypass>,
}

#[derive(Clone)]
struct Credentials {
    user: String,
    password: SecretSource,
}

impl Proxy {
    /// The proxy at this address: `http://host:port`, or `https://host:port` to speak with the proxy itself over TLS. The
    /// port is 80 or 443 if absent.
    ///
    /// # Errors
    ///
    /// `Config`, when it is not such a URL, or holds more: a path, a query, a user or a password.
    pub fn new(url: &str) -> Result<Self> {
        address(url).map_err(|problem| config(format_args!("the proxy's address {problem}")))
    }

    /// Tells the proxy who is asking (RFC 7617, Basic). Without TLS to the proxy itself, whoever listens on the way there can
    /// read it.
    ///
    /// The password is looked up when connections to the proxy are first needed, and again after the proxy refused it, or the
    /// session was closed.
    ///
    /// # Errors
    ///
    /// `Config`, when the user is empty, or has a colon or a control character, which Basic cannot carry.
    pub fn with_credentials(
        mut self,
        user: impl Into<String>,
        password: SecretSource,
    ) -> Result<Self> {
        let user = user.into();
        if let Some(problem) = wrong_with_user(&user) {
            return Err(config(format_args!("the proxy's user {problem}")));
        }
        self.credentials = Some(Credentials { user, password });
        self.has_session_login = false;
        Ok(self)
    }

    /// Has the session log in to the proxy as who it is, where its backend can: by Kerberos, for one. In place of a user and a
    /// password.
    ///
    /// Without TLS to the proxy itself, whoever listens on the way there can read the login, and may use it in our place for as long as
    /// the proxy takes it: with Kerberos some minutes, and once only where the proxy remembers what it has seen. An address of
    /// `https://` keeps it to the two.
    #[must_use]
    pub fn with_session_login(mut self) -> Self {
        self.credentials = None;
        self.has_session_login = true;
        self
    }

    /// Reaches these hosts without the proxy: each is a name, which stands for all names below it too, an IP address, or a
    /// network such as `10.0.0.0/8`. They come on top of those given before.
    ///
    /// # Errors
    ///
    /// `Config`, when one is none of these.
    pub fn with_bypass<S: AsRef<str>>(
        mut self,
        hosts: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        for host in hosts {
            let bypass = Bypass::parse(host.as_ref()).map_err(|problem| {
                config(format_args!("a host to reach without the proxy {problem}"))
            })?;
            self.bypass.push(bypass);
        }
        Ok(self)
    }

    /// Where it is. There is nothing secret in it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Who is asking.
    pub fn user(&self) -> Option<&str> {
        Some(&self.credentials.as_ref()?.user)
    }

    /// The password of the user.
    pub fn password(&self) -> Option<&SecretSource> {
        Some(&self.credentials.as_ref()?.password)
    }

    /// Whether it is the session that logs in to it.
    pub fn has_session_login(&self) -> bool {
        self.has_session_login
    }

    /// The hosts to reach without it, as [`with_bypass`](Self::with_bypass) takes them.
    pub fn bypass(&self) -> impl Iterator<Item = String> {
        self.bypass.iter().map(ToString::to_string)
    }

    /// Whether a request to `target` goes through it: when that is encrypted, not on this machine, and none of the hosts to
    /// reach without it.
    pub fn carries(&self, target: &Url) -> bool {
        http_scheme(target) == "https"
            && !is_loopback(target)
            && target
                .host()
                .is_some_and(|host| !self.bypass.iter().any(|bypass| bypass.has(&host)))
    }
}

/// What is wrong comes back as the end of a sentence, and never quotes the address: it may hold a password.
pub(crate) fn address(url: &str) -> Result<Proxy, &'static str> {
    let url = match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
        _ => return Err("is no http or https URL; write it as `http://host:port`"),
    };
    if has_userinfo(&url) {
        return Err("holds a user or a password; give them apart from it");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("holds more than a host and a port; leave out what follows them");
    }
    Ok(Proxy {
        url,
        credentials: None,
        has_session_login: false,
        bypass: Vec::new(),
    })
}

pub(crate) fn wrong_with_user(user: &str) -> Option<&'static str> {
    if user.is_empty() {
        Some("is empty; give it a value")
    } else if user.contains(|c: char| c == ':' || c.is_control()) {
        Some(
            "has a colon or a control character, which Basic authentication cannot carry (RFC 7617)",
        )
    } else {
        None
    }
}

pub(crate) fn wrong_with_bypass(host: &str) -> Option<&'static str> {
    Bypass::parse(host).err()
}

/// Passwords are not compared: those that are given are equal when one is a clone of the other.
impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.user == other.user && self.password.is_same(&other.password)
    }
}

impl Eq for Credentials {}

fn config(problem: fmt::Arguments<'_>) -> Error {
    Error::new(ErrorKind::Config, problem.to_string())
}

/// Without the user: the name is half of a credential.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.url.as_str())
            .field("password", &self.password())
            .field("has_session_login", &self.has_session_login)
            .field("bypass", &self.bypass)
            .finish_non_exhaustive()
    }
}
