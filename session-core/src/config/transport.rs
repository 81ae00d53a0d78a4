//! How to connect, among the values.

use std::{borrow::Cow, path::PathBuf};

use super::Config;
use crate::{Proxy, Result, SecretSource, TlsVersion, Transport, proxy};

const CERTIFICATE: &str = "environment.client_certificate";
const KEY: &str = "environment.client_key";
const PROXY: &str = "environment.proxy";
const USER: &str = "environment.proxy.user";
const PASSWORD: &str = "environment.proxy.password";
const SESSION_LOGIN: &str = "environment.proxy.session_login";

impl Config {
    /// How to connect to the environment: what its `ca_file`, `client_certificate`, `client_key`, `proxy`, `min_tls` and
    /// `http1_only` say. For backends that make environments of their own; in [`environment`](Self::environment) it is included.
    ///
    /// # Errors
    ///
    /// `Config`, when there is a key without a certificate, the proxy is none, or only half of its credentials are there.
    pub fn transport(&self) -> Result<Transport> {
        let mut transport = Transport::default();
        if let Some(path) = self.get::<PathBuf>("environment.ca_file")? {
            transport = transport.with_ca_file(path);
        }
        match (self.get::<PathBuf>(CERTIFICATE)?, self.get::<PathBuf>(KEY)?) {
            (Some(certificate), key) => {
                transport = transport.with_client_certificate(certificate, key);
            }
            (None, Some(_)) => {
                let problem = format!("is of no use without a certificate; add `{CERTIFICATE}`");
                return Err(self.error(KEY, problem));
            }
            (None, None) => {}
        }
        if let Some(proxy) = self.proxy()? {
            transport = transport.with_proxy(proxy);
        }
        if let Some(name) = self.get::<&str>("environment.min_tls")? {
            let version = TlsVersion::ALL.into_iter().find(|it| it.as_str() == name);
            transport = transport.with_min_tls(version.unwrap_or_default());
        }
        let http1_only = self.get("environment.http1_only")?.unwrap_or_default();
        Ok(transport.with_http1_only(http1_only))
    }

    fn proxy(&self) -> Result<Option<Proxy>> {
        let Some(entry) = self.find(PROXY) else {
            return Ok(None);
        };
        let key = match entry.value.as_text() {
            Some(_) => Cow::Borrowed(PROXY),
            None => Cow::Owned(format!("{PROXY}.url")),
        };
        let mut found =
            proxy::address(self.require(&key)?).map_err(|problem| self.error(&key, problem))?;
        let (user, password) = (self.get::<&str>(USER)?, self.get::<SecretSource>(PASSWORD)?);
        match (user, password) {
            (Some(user), Some(password)) => {
                if let Some(problem) = proxy::wrong_with_user(user) {
                    return Err(self.error(USER, problem));
                }
                found = found.with_credentials(user, password)?;
            }
            (Some(_), None) => {
                return Err(self.error(
                    USER,
                    format_args!("is there without a password; add `{PASSWORD}`"),
                ));
            }
            (None, Some(_)) => {
                return Err(self.error(PASSWORD, format_args!("is nobody's; add `{USER}`")));
            }
            (None, None) => {}
        }
        if self.get(SESSION_LOGIN)?.unwrap_or_default() {
            if found.user().is_some() {
                let problem = format!("and `{USER}` are two ways to log in; keep one");
                return Err(self.error(SESSION_LOGIN, problem));
            }
            found = found.with_session_login();
        }
        let key = "environment.proxy.bypass";
        let bypass = self.get::<Vec<String>>(key)?.unwrap_or_default();
        if let Some(problem) = bypass
            .iter()
            .find_map(|host| proxy::wrong_with_bypass(host))
        {
            return Err(self.error(key, format_args!("one of them {problem}")));
        }
        found.with_bypass(bypass).map(Some)
    }
}
