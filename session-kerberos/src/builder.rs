//! What to choose before a session is made.

use std::{sync::Arc, time::Duration};

use session_core::{BasicEnvironment, Environment, Error, ErrorKind, Result, SessionHandle};

use crate::{
    ChannelBindings, Delegation, Kerberos, Mutual,
    gss::Gss,
    service_names::{ANY, ServiceNames},
    source::Source,
    workers::Workers,
};

/// Makes a [`Kerberos`] session; made itself by one of that type's constructors.
#[derive(Debug)]
#[must_use]
pub struct KerberosBuilder {
    source: Source,
    principal: Option<String>,
    service_names: ServiceNames,
    mutual: Mutual,
    delegation: Delegation,
    channel_bindings: ChannelBindings,
    kdc_timeout: Duration,
    library: Option<String>,
    environment: Option<Box<dyn Environment>>,
    api: Option<String>,
}

impl KerberosBuilder {
    /// How long one call of the Kerberos library may take, unless the builder is told otherwise: as long as a library waits for a
    /// KDC that says nothing.
    pub const KDC_TIMEOUT: Duration = Duration::from_secs(30);

    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            principal: None,
            service_names: ServiceNames::default(),
            mutual: Mutual::default(),
            delegation: Delegation::default(),
            channel_bindings: ChannelBindings::default(),
            kdc_timeout: Self::KDC_TIMEOUT,
            library: None,
            environment: None,
            api: None,
        }
    }

    /// Who to be, such as `alice`, or `alice@EXAMPLE.COM`. Whoever else a cache or keytab belongs to is an error. Default: its
    /// owner.
    pub fn principal(mut self, name: impl Into<String>) -> Self {
        self.principal = Some(name.into());
        self
    }

    /// What servers are called, whatever their hosts: `HTTP@host`, or a principal such as `HTTP/host@REALM`. Default:
    /// `HTTP@` and the host of the URL.
    pub fn spn(self, name: impl Into<String>) -> Self {
        self.spn_of(ANY, name)
    }

    /// What the server at this host is called, in place of [`spn`](Self::spn).
    pub fn spn_of(mut self, host: &str, name: impl Into<String>) -> Self {
        self.service_names.insert(host, name.into());
        self
    }

    /// Whether servers must prove who they are. Default: [`Mutual::Required`].
    pub fn mutual(mut self, mutual: Mutual) -> Self {
        self.mutual = mutual;
        self
    }

    /// Whether servers may act for us elsewhere. Default: [`Delegation::Off`].
    pub fn delegation(mut self, delegation: Delegation) -> Self {
        self.delegation = delegation;
        self
    }

    /// Whether tokens are bound to the server's certificate. Default: [`ChannelBindings::Auto`].
    pub fn channel_bindings(mut self, bindings: ChannelBindings) -> Self {
        self.channel_bindings = bindings;
        self
    }

    /// How long one call of the Kerberos library may take. Default: [`KDC_TIMEOUT`](Self::KDC_TIMEOUT).
    ///
    /// The call itself cannot be ended: it goes on in a thread of the session, of which there are eight at most.
    pub fn kdc_timeout(mut self, limit: Duration) -> Self {
        self.kdc_timeout = limit;
        self
    }

    /// The Kerberos library to load, by its file's name or path: `libgssapi_krb5.so.2` is MIT's, `libgssapi.so.3` Heimdal's. Each
    /// session may have another. Default: MIT's, else Heimdal's.
    ///
    /// Its code runs in this process: a path from somebody else is theirs to run whatever they like.
    pub fn library(mut self, name: impl Into<String>) -> Self {
        self.library = Some(name.into());
        self
    }

    /// The services that tokens may go to, and how to connect to them. Default: no service, and the system's certificate
    /// authorities.
    pub fn environment(mut self, environment: impl Environment) -> Self {
        self.environment = Some(Box::new(environment));
        self
    }

    /// An environment with this service alone, named `api`.
    pub fn api(mut self, address: impl Into<String>) -> Self {
        self.api = Some(address.into());
        self
    }

    /// The session, ready to authenticate. Nothing is sent, and no library loaded yet.
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
    /// `Config`, when the address of the API is no URL, or would get tokens unencrypted; when the principal, its name, or the realm
    /// behind its `@`, is empty, or a service's name none; when `kdc_timeout` is zero; when there are both an environment and an `api`.
    pub fn build(self) -> Result<Kerberos> {
        if let Some((key, problem)) = self.problem() {
            return Err(Error::new(ErrorKind::Config, format!("`{key}`: {problem}")));
        }
        let environment = match (self.environment, self.api) {
            (Some(environment), None) => environment,
            (None, api) => default_environment(api)?,
            (Some(_), Some(_)) => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "there are both an environment and an `api`; make the latter a service of the environment",
                ));
            }
        };
        Ok(Kerberos {
            environment,
            principal: self.principal,
            source: self.source,
            service_names: self.service_names,
            mutual: self.mutual,
            delegation: self.delegation,
            channel_bindings: self.channel_bindings,
            workers: Arc::new(Workers::new(self.kdc_timeout)),
            mechanism: Arc::new(Gss {
                library: self.library,
            }),
        })
    }

    /// What cannot work, whatever the machine and the realm are like: of which key, and what to do.
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        let of_principal = self.principal.as_deref().and_then(problem_of_principal);
        if let Some(problem) = of_principal {
            return Some(("principal", problem.to_owned()));
        }
        if self.kdc_timeout.is_zero() {
            let problem = "it is zero, which no KDC can keep; allow some seconds, or leave it out";
            return Some(("kdc_timeout", problem.to_owned()));
        }
        let mut names = self.service_names.iter();
        let (host, name) = names.find(|(_, name)| !is_spn(name))?;
        let of = match host {
            ANY => String::new(),
            host => format!(" of `{host}`"),
        };
        let problem = format!(
            "the name{of} is `{name}`, which is no service; write `HTTP@host`, or `HTTP/host@REALM`"
        );
        Some(("spn", problem))
    }
}

/// What is wrong with the name of somebody to be.
fn problem_of_principal(name: &str) -> Option<&'static str> {
    let (name, realm) = match realm_at(name) {
        Some(at) => (&name[..at], Some(&name[at + 1..])),
        None => (name, None),
    };
    if name.is_empty() {
        return Some("the name is empty; give the principal's name, or leave it out");
    }
    let is_empty = realm.is_some_and(str::is_empty);
    is_empty.then_some("the realm is empty; write it behind the `@`, or leave that out too")
}

/// Where the `@` is that the realm is behind: one that is part of a name has a backslash before it.
fn realm_at(name: &str) -> Option<usize> {
    let mut is_escaped = false;
    name.bytes().position(|byte| {
        let is_it = byte == b'@' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_it
    })
}

/// Whether a service and a host are in it.
fn is_spn(name: &str) -> bool {
    let parts = name.split_once(['/', '@']);
    let is_whole = parts.is_some_and(|(service, host)| !service.is_empty() && !host.is_empty());
    is_whole && !name.contains('\0')
}

fn default_environment(api: Option<String>) -> Result<Box<dyn Environment>> {
    let mut environment = BasicEnvironment::new("default");
    if let Some(api) = api {
        environment = environment.service("api", &api)?;
    }
    Ok(Box::new(environment))
}
