//! The backend `marquee` and what can be configured.

use std::time::Duration;

use session_core::{Backend, Config, Environment, Key, Result, SecretSource, Session};

use crate::{
    Domain, Marquee, MarqueeBuilder, MarqueeEnvironment,
    environment::{check_auth, check_base},
    scope::Scopes,
    settings::{self, Settings},
};

session_core::register_backend! {
    /// Sessions with Marquee, by the name `marquee`.
    pub static MARQUEE: Backend = Backend::new(
        "marquee",
        "Goldman Sachs Marquee: a client, a token, or a cookie",
        KEYS,
        |config| open(config).map(|session| Box::new(session) as Box<dyn Session>),
    );
}

const KEYS: &[Key] = &[
    Key::environment_name(&MarqueeEnvironment::NAMES),
    Key::text(
        "client_id",
        "an application's identifier, with its `client_secret`",
    ),
    Key::secret("client_secret", "the application's secret"),
    Key::list(
        "scopes",
        "the scopes to ask for, beside the four that every application has",
    ),
    Key::secret("token", "an access token, in place of a client"),
    Key::secret(
        "gssso",
        "the cookie `GSSSO` of single sign-on, in place of a client",
    ),
    Key::secret(
        "marquee_login",
        "the cookie `MarqueeLogin` of a log-in, in place of a client",
    ),
    Key::secret("csrf_token", "the CSRF token that belongs to the cookie"),
    Key::endpoint(
        "kerberos_login",
        "a page of single sign-on that takes a Kerberos ticket from the default cache, in place of a client",
    ),
    Key::text(
        "application",
        "what the program is called; `session-kit` if absent",
    ),
    Key::text(
        "application_version",
        "the program's version; that of session-kit if absent",
    ),
    Key::text(
        "api_version",
        "the version of the API; `v1` if absent, `\"\"` for none",
    ),
    Key::choice(
        "domain",
        &[
            Domain::Api.as_str(),
            Domain::Mds.as_str(),
            Domain::MdsWeb.as_str(),
            Domain::Web.as_str(),
        ],
        "the service that requests go to; `api` if absent",
    ),
    Key::flag(
        "activity",
        "whether Marquee is told once the session is open; `false` if absent",
    ),
    Key::duration(
        "timeout",
        "how long a request may take; 65 seconds if absent, and a year is no limit",
    ),
    Key::url(
        "environment.api",
        "the API of an environment of your own, without a version",
    ),
    Key::endpoint(
        "environment.auth",
        "the token endpoint of an environment of your own",
    ),
    Key::url("environment.mds", "its market data"),
    Key::url("environment.mds-web", "its market data for the web site"),
    Key::url("environment.web", "its web site"),
];

fn open(config: &Config) -> Result<Marquee> {
    let environment = environment(config)?;
    let mut builder = credentials(config, environment.clone())?;
    let name = config.get("application")?;
    let version = config.get("application_version")?;
    for (key, text) in [("application", name), ("application_version", version)] {
        if text.is_some_and(|text| settings::value(key, text).is_err()) {
            let problem = "is empty, or has characters that are not ASCII, or that no header can have; write it in letters and digits";
            return Err(config.error(key, problem));
        }
    }
    if name.is_some() || version.is_some() {
        builder = builder.application(
            name.unwrap_or(Settings::APPLICATION),
            version.unwrap_or(Settings::APPLICATION_VERSION),
        );
    }
    if let Some(version) = config.get::<&str>("api_version")? {
        if environment.clone().with_version(version).is_err() {
            let problem =
                "has characters that no version has; write it as `v1`, or as `\"\"` for no version";
            return Err(config.error("api_version", problem));
        }
        builder = builder.api_version(version);
    }
    if let Some(name) = config.get::<&str>("domain")? {
        let domain = Domain::ALL.into_iter().find(|it| it.as_str() == name);
        let domain = domain.unwrap_or_default();
        if environment.address(domain).is_none() {
            let problem = format!(
                "is a service that environment `{}` does not have; give its address as `environment.{domain}`, or choose another",
                environment.name()
            );
            return Err(config.error("domain", problem));
        }
        builder = builder.domain(domain);
    }
    if let Some(activity) = config.get("activity")? {
        builder = builder.activity(activity);
    }
    if let Some(limit) = config.get::<Duration>("timeout")? {
        if limit.is_zero() {
            let problem =
                "is zero, in which no request can be answered; give it more, or leave it out";
            return Err(config.error("timeout", problem));
        }
        let is_one = limit < Settings::NO_LIMIT;
        builder = builder.timeout(if is_one { limit } else { Duration::MAX });
    }
    builder.build()
}

/// The kinds of credentials, each by the key that makes it one, in the order in which `GsSession.get` looks for them.
const KINDS: [&str; 5] = [
    "client_id",
    "token",
    "gssso",
    "marquee_login",
    "kerberos_login",
];

fn credentials(config: &Config, environment: MarqueeEnvironment) -> Result<MarqueeBuilder> {
    let secret = |key: &str| config.get::<SecretSource>(key);
    let mut given = Vec::new();
    for key in KINDS {
        let is_there = match key {
            "client_id" | "kerberos_login" => config.get::<&str>(key)?.is_some(),
            _ => secret(key)?.is_some(),
        };
        given.extend(is_there.then_some(key));
    }
    // A cookie of each kind is one log-in, as the web site has it.
    if let [first, second, ..] = given[..] {
        let problem = format!("there is a `{first}` too; keep one of them");
        return Err(config.error(second, problem));
    }
    let Some(kind) = given.first() else {
        let problem =
            "is missing, and so are `token`, `gssso` and `marquee_login`; give one of them";
        return Err(config.error("client_id", problem));
    };
    for (key, owners) in [
        ("client_secret", &["client_id"][..]),
        ("scopes", &["client_id"]),
        ("csrf_token", &["gssso", "marquee_login"]),
    ] {
        let is_there = match key {
            "scopes" => config.get::<Vec<String>>(key)?.is_some(),
            _ => secret(key)?.is_some(),
        };
        if is_there && !owners.contains(kind) {
            let problem = format!("does not go with `{kind}`; remove one of them");
            return Err(config.error(key, problem));
        }
    }
    let mut builder = match *kind {
        "client_id" => {
            let id = config.require::<&str>("client_id")?;
            let secret = config.require::<SecretSource>("client_secret")?;
            let scopes = config.get::<Vec<String>>("scopes")?.unwrap_or_default();
            let mut checked = Scopes::default();
            checked.extend(scopes.iter().map(String::as_str));
            checked
                .check()
                .map_err(|error| config.error("scopes", error))?;
            Marquee::client_credentials(environment, id, secret).scopes(scopes)
        }
        "token" => Marquee::token(environment, config.require::<SecretSource>("token")?),
        "gssso" => Marquee::gssso(environment, config.require::<SecretSource>("gssso")?),
        "marquee_login" => {
            let login = config.require::<SecretSource>("marquee_login")?;
            Marquee::marquee_login(environment, login)
        }
        _ => kerberos(config, environment)?,
    };
    if let Some(token) = secret("csrf_token")? {
        builder = builder.csrf_token(token);
    }
    Ok(builder)
}

#[cfg(feature = "kerberos")]
fn kerberos(config: &Config, environment: MarqueeEnvironment) -> Result<MarqueeBuilder> {
    let page = config.require::<&str>("kerberos_login")?;
    Ok(Marquee::kerberos_by_default(environment, page))
}

#[cfg(not(feature = "kerberos"))]
fn kerberos(config: &Config, _: MarqueeEnvironment) -> Result<MarqueeBuilder> {
    let problem = "needs Kerberos; enable the feature `kerberos` too";
    Err(config.error("kerberos_login", problem))
}

fn environment(config: &Config) -> Result<MarqueeEnvironment> {
    let name = config.environment_name();
    let api = config.get::<&str>("environment.api")?;
    let auth = config.get::<&str>("environment.auth")?;
    let mut environment = match (api, auth) {
        (Some(api), Some(auth)) => {
            check_base(api).map_err(|error| config.error("environment.api", error))?;
            check_auth(auth).map_err(|error| config.error("environment.auth", error))?;
            MarqueeEnvironment::custom(name.unwrap_or("custom"), api, auth)
                .map_err(|error| config.error("environment.api", error))?
        }
        (Some(_), None) => {
            let problem =
                "is missing; say where to authenticate, for no other environment's place will do";
            return Err(config.error("environment.auth", problem));
        }
        (None, Some(_)) => {
            return Err(config.error("environment.api", "is missing; say where the API is"));
        }
        (None, None) => match name {
            Some(name) => name
                .parse()
                .map_err(|error| config.error("environment", error))?,
            None => MarqueeEnvironment::prod(),
        },
    };
    for domain in Domain::ALL {
        let key = format!("environment.{domain}");
        if let Some(address) = config.get::<&str>(&key)? {
            if api.is_none() {
                let problem =
                    "belongs to an environment of your own; give its `api` and `auth` too";
                return Err(config.error(&key, problem));
            }
            environment = environment
                .domain(domain, address)
                .map_err(|error| config.error(&key, error))?;
        }
    }
    // What core has checked: its services without Marquee's own are the others.
    for (name, address) in config.environment()?.services().iter() {
        if Domain::ALL.iter().all(|domain| domain.as_str() != name) {
            environment = environment.service(name, address.as_str())?;
        }
    }
    Ok(environment.with_transport(config.transport()?))
}
