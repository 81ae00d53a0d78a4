//! A session's configuration as a text.

use std::fmt::Display;

use session_core::{Environment, Error, ErrorKind, Result, SecretSource, TlsVersion};

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
            let scopes: Vec<_> = scopes.given().iter().map(|scope| quoted(scope)).collect();
            if !scopes.is_empty() {
                text.line("scopes", format_args!("[{}]", scopes.join(", ")));
            }
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
        let value = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        text.text("application", &value(&settings.application));
        text.text("application_version", &value(&settings.application_version));
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
    let transport = environment.transport();
    if transport.proxy().is_some() || transport.client_certificate().is_some() {
        return Err(no_profile("how its environment is reached"));
    }
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
    if let Some(path) = transport.ca_file() {
        let path = path.to_str();
        text.text("ca_file", path.ok_or_else(|| no_profile("its `ca_file`"))?);
    }
    if transport.min_tls() != TlsVersion::default() {
        text.text("min_tls", transport.min_tls().as_str());
    }
    if transport.http1_only() {
        text.line("http1_only", true);
    }
    for (name, address) in environment.more().iter() {
        let name = format!("services.{}", quoted(name));
        text.text(&name, address.as_str());
    }
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

    fn secret(&mut self, key: &str, source: Option<&SecretSource>) -> Result<()> {
        let Some(source) = source else { return Ok(()) };
        let Some(reference) = source.to_toml() else {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{key}` was given as itself, and is written nowhere; put it into a file or an environment variable, and say where"
                ),
            ));
        };
        self.line(key, reference);
        Ok(())
    }
}

/// JSON's quotes are TOML's too, but for one character.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007F")
}

fn no_profile(what: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("the session cannot be written as a profile: none can have {what}"),
    )
}
