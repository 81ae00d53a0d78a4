//! The backend `kerberos` and what can be configured.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use session_core::{Backend, Config, Key, Result, SecretSource, Session};

use crate::{
    ChannelBindings, Delegation, Kerberos, KerberosBuilder, Mutual,
    source::{FILE, Source},
};

session_core::register_backend! {
    /// Sessions by Kerberos, by the name `kerberos`.
    pub static KERBEROS: Backend = Backend::new(
        "kerberos",
        "Kerberos 5 by SPNEGO: a credential cache, a keytab or a password",
        KEYS,
        |config| open(config).map(|session| Box::new(session) as Box<dyn Session>),
    );
}

const KEYS: &[Key] = &[
    Key::text(
        "principal",
        "who to be; the owner of the cache or keytab if absent",
    ),
    Key::text(
        "ccache",
        "the credential cache, such as `FILE:/tmp/krb5cc_1000`; the default one if there is no keytab or password either",
    ),
    Key::path(
        "keytab",
        "the keytab with the principal's keys: a path, with or without `FILE:` before it",
    ),
    Key::secret("password", "the principal's password"),
    Key::map(
        "spn",
        "what servers are called: one name, or a table of names by host; `HTTP@` and the host if absent",
    ),
    Key::choice(
        "mutual",
        &[
            Mutual::ALL[0].as_str(),
            Mutual::ALL[1].as_str(),
            Mutual::ALL[2].as_str(),
        ],
        "whether servers must prove who they are; `required` if absent",
    ),
    Key::choice(
        "delegation",
        &[
            Delegation::ALL[0].as_str(),
            Delegation::ALL[1].as_str(),
            Delegation::ALL[2].as_str(),
        ],
        "whether servers may act for the principal elsewhere; `off` if absent",
    ),
    Key::choice(
        "channel_bindings",
        &[
            ChannelBindings::ALL[0].as_str(),
            ChannelBindings::ALL[1].as_str(),
        ],
        "whether tokens are bound to the server's certificate where it is known; `auto` if absent",
    ),
    Key::duration(
        "kdc_timeout",
        "how long one call of the Kerberos library may take; 30 seconds if absent",
    ),
    Key::text(
        "library",
        "the Kerberos library to load, by its file's name or path, such as `libgssapi.so.3`; MIT's, else Heimdal's if absent",
    ),
    Key::url(
        "environment.api",
        "the API: what relative paths are relative to",
    ),
];

fn open(config: &Config) -> Result<Kerberos> {
    let mut builder = KerberosBuilder::new(source(config)?).environment(config.environment()?);
    if let Some(principal) = config.get::<&str>("principal")? {
        builder = builder.principal(principal);
    }
    for (host, name) in config
        .get::<BTreeMap<String, String>>("spn")?
        .unwrap_or_default()
    {
        builder = builder.spn_of(&host, name);
    }
    if let Some(mutual) = choice(config, "mutual", &Mutual::ALL, Mutual::as_str)? {
        builder = builder.mutual(mutual);
    }
    if let Some(delegation) = choice(config, "delegation", &Delegation::ALL, Delegation::as_str)? {
        builder = builder.delegation(delegation);
    }
    let bindings = choice(
        config,
        "channel_bindings",
        &ChannelBindings::ALL,
        ChannelBindings::as_str,
    )?;
    if let Some(bindings) = bindings {
        builder = builder.channel_bindings(bindings);
    }
    if let Some(limit) = config.get::<Duration>("kdc_timeout")? {
        builder = builder.kdc_timeout(limit);
    }
    if let Some(library) = config.get::<&str>("library")? {
        builder = builder.library(library);
    }
    match builder.problem() {
        Some((key, problem)) => Err(config.error(key, problem)),
        None => builder.build(),
    }
}

fn source(config: &Config) -> Result<Source> {
    let ccache = config.get::<&str>("ccache")?;
    let keytab = keytab(config)?;
    let password = config.get::<SecretSource>("password")?;
    match (ccache, keytab, password) {
        (None, None, None) => Ok(Source::DefaultCache),
        (Some(ccache), None, None) => Ok(Source::Ccache(ccache.to_owned())),
        (None, Some(keytab), None) => Ok(Source::Keytab(keytab)),
        (None, None, Some(password)) => {
            config.require::<&str>("principal")?;
            Ok(Source::Password(password))
        }
        (ccache, ..) => {
            let first = if ccache.is_some() { "ccache" } else { "keytab" };
            let problem = "the credential comes from one place; keep one of `ccache`, `keytab` and `password`";
            Err(config.error(first, problem))
        }
    }
}

/// The path of the keytab, which may be written as Kerberos's own programs have it.
fn keytab(config: &Config) -> Result<Option<PathBuf>> {
    let text = config.get::<&str>("keytab").ok().flatten();
    let Some(path) = text.and_then(|text| text.strip_prefix(FILE)) else {
        return config.get("keytab");
    };
    let path = PathBuf::from(path);
    if path.is_absolute() {
        return Ok(Some(path));
    }
    let problem = "`FILE:` is followed by a whole path; leave it out, and the path is relative to the folder of this file";
    Err(config.error("keytab", problem))
}

fn choice<T: Copy>(
    config: &Config,
    key: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> Result<Option<T>> {
    let name: Option<&str> = config.get(key)?;
    Ok(name.and_then(|name| all.iter().copied().find(|it| as_str(*it) == name)))
}
