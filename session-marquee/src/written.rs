//! A session's configuration as a text.

use std::{
    fmt::Display,
    path::{self, Path},
};

use session_core::{
    Environment, Error, ErrorKind, Proxy, Result, SecretSource, TlsVersion, Transport,
};
use toml_writer::{ToTomlKey, ToTomlValue, TomlStringBuilder};

use crate::{
    Client, Domain, Marquee, MarqueeEnvironment, cookies::Cookies, given::Given, settings::Settings,
};

/// What a profile in `sessions.toml` has.
pub(crate) fn profile(marquee: &Marquee) -> Result<String> {
    let mut text = Text("backend = \"marquee\"\n".to_owned());
    match &marquee.given {
        Given::Client { id, secret, scopes } => {
            if !scopes.with_default {
                return Err(no_profile("a client without the default scopes"));
            }
            text.text("client_id", id);
            text.secret("client_secret", Some(&secret.clone().into()))?;
            text.list("scopes", scopes.given().iter());
        }
        Given::Token(token) => text.secret("token", Some(token))?,
        Given::Cookies(Cookies {
            gssso,
            marquee_login,
            csrf_token,
        }) => {
            text.secret("gssso", gssso.as_ref())?;
            text.secret("marquee_login", marquee_login.as_ref())?;
            text.secret("csrf_token", csrf_token.as_ref())?;
        }
        #[cfg(feature = "kerberos")]
        Given::Kerberos {
            by_default: false, ..
        } => return Err(no_profile("where its Kerberos ticket comes from")),
        #[cfg(feature = "kerberos")]
        Given::Kerberos { page, .. } => text.text("kerberos_login", page),
    }
    settings(&mut text, marquee);
    environment(&mut text, &marquee.environment)?;
    Ok(text.0)
}

fn settings(text: &mut Text, marquee: &Marquee) {
    let settings = &marquee.settings;
    if settings.application != Settings::APPLICATION
        || settings.application_version != Settings::APPLICATION_VERSION
    {
        text.text("application", &settings.application);
        text.text("application_version", &settings.application_version);
    }
    let version = marquee.environment.api_version();
    if version != MarqueeEnvironment::API_VERSION {
        text.text("api_version", version);
    }
    if settings.domain != Domain::default() {
        text.text("domain", settings.domain.as_str());
    }
    if marquee.activity.is_some() {
        text.line("activity", true);
    }
    if settings.time_limit != Client::TIME_LIMIT {
        let limit = settings.time_limit.min(Settings::NO_LIMIT);
        // What is shorter than a millisecond is not nothing.
        let milliseconds = limit.as_micros().div_ceil(1000).max(1);
        text.line("timeout", format_args!("\"{milliseconds}ms\""));
    }
}

fn environment(text: &mut Text, environment: &MarqueeEnvironment) -> Result<()> {
    let known = environment.name().parse::<MarqueeEnvironment>().ok();
    let known = known.and_then(|known| known.with_version(environment.api_version()).ok());
    if known.as_ref() == Some(environment) {
        text.text("environment", environment.name());
        return Ok(());
    }
    text.0 += "\n[environment]\n";
    text.text("name", environment.name());
    for domain in Domain::ALL {
        if let Some(address) = environment.address(domain) {
            text.text(domain.as_str(), address.as_str());
        }
    }
    text.text("auth", environment.auth());
    transport(text, environment.transport())?;
    for (name, address) in environment.more().iter() {
        let name = format!("services.{}", name.to_toml_key());
        text.text(&name, address.as_str());
    }
    Ok(())
}

fn transport(text: &mut Text, transport: &Transport) -> Result<()> {
    for (key, file) in [
        ("ca_file", transport.ca_file()),
        ("client_certificate", transport.client_certificate()),
        ("client_key", transport.client_key()),
    ] {
        if let Some(file) = file {
            text.file(key, file)?;
        }
    }
    if transport.min_tls() != TlsVersion::default() {
        text.text("min_tls", transport.min_tls().as_str());
    }
    if transport.http1_only() {
        text.line("http1_only", true);
    }
    match transport.proxy() {
        Some(it) => proxy(text, it),
        None => Ok(()),
    }
}

fn proxy(text: &mut Text, proxy: &Proxy) -> Result<()> {
    text.text("proxy.url", proxy.url().as_str());
    if let Some(user) = proxy.user() {
        text.text("proxy.user", user);
    }
    text.secret("proxy.password", proxy.password())?;
    if proxy.has_session_login() {
        text.line("proxy.session_login", true);
    }
    let hosts: Vec<_> = proxy.bypass().collect();
    text.list("proxy.bypass", hosts.iter());
    Ok(())
}

struct Text(String);

impl Text {
    fn line(&mut self, key: &str, value: impl Display) {
        self.0.extend([key, " = ", &value.to_string(), "\n"]);
    }

    fn text(&mut self, key: &str, value: &str) {
        self.line(key, quoted(value));
    }

    fn list<'a>(&mut self, key: &str, texts: impl Iterator<Item = &'a String>) {
        let texts: Vec<_> = texts.map(|text| quoted(text)).collect();
        if !texts.is_empty() {
            self.line(key, format_args!("[{}]", texts.join(", ")));
        }
    }

    /// Its path is an absolute one, for a profile's folder is not that of a program.
    fn file(&mut self, key: &str, file: &Path) -> Result<()> {
        let file = path::absolute(file).ok();
        let file = file.as_deref().and_then(Path::to_str);
        self.text(
            key,
            file.ok_or_else(|| no_profile(&format!("the path of its `{key}`")))?,
        );
        Ok(())
    }

    fn secret(&mut self, key: &str, source: Option<&SecretSource>) -> Result<()> {
        let Some(source) = source else { return Ok(()) };
        let Some(reference) = source.to_toml() else {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{key}` was given as itself, or from where no profile can have it, and is written nowhere; put it into a file or an environment variable, and say where"
                ),
            ));
        };
        self.line(key, reference);
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    TomlStringBuilder::new(text).as_basic().to_toml_value()
}

fn no_profile(what: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "the session cannot be written as a profile, which has no room for {what}; make it in code"
        ),
    )
}
