//! The addresses of an environment.

use url::{Host, Position, Url};

use crate::{Error, ErrorKind, Result};

/// Names of services and where they are: `api` → `https://api.example.com/v1/`.
///
/// They also say where a credential may go: to the origins of these addresses and nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services(Vec<(String, Url)>);

impl Services {
    /// No services yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service, or moves one that has this name.
    ///
    /// # Errors
    ///
    /// `Config`, when the address is not an absolute `https`, `http`, `wss` or `ws` URL, carries a
    /// user or password, or is not encrypted and leaves this machine.
    pub fn insert(&mut self, name: impl Into<String>, address: &str) -> Result<()> {
        let name = name.into();
        let url = parse(&name, address)?;
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, url));
        Ok(())
    }

    /// The address of a service.
    pub fn get(&self, name: &str) -> Option<&Url> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, url)| url)
    }

    /// All services in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Url)> {
        self.0.iter().map(|(name, url)| (name.as_str(), url))
    }

    /// Whether `target` has the origin (scheme, host and port, RFC 6454 §5) of one of these
    /// services. `wss` counts as `https`, and `ws` as `http`.
    pub fn contains_origin(&self, target: &Url) -> bool {
        self.0.iter().any(|(_, url)| same_origin(url, target))
    }
}

/// Whether two URLs have the same origin; one without a host has none.
fn same_origin(a: &Url, b: &Url) -> bool {
    // What is written alike is alike, and most are: all that comes before the path, which starts with a slash.
    let is_alike = || {
        let rest = b.as_str().strip_prefix(&a[..Position::BeforePath]);
        rest.is_some_and(|path| path.starts_with('/'))
    };
    let is_same = || {
        http_scheme(a) == http_scheme(b)
            && a.host() == b.host()
            && a.port_or_known_default() == b.port_or_known_default()
    };
    a.has_host() && (is_alike() || is_same())
}

/// Whether a URL has a user or a password.
pub(crate) fn has_userinfo(url: &Url) -> bool {
    !url[Position::BeforeUsername..Position::BeforeHost].is_empty()
}

pub(crate) fn http_scheme(url: &Url) -> &str {
    match url.scheme() {
        "wss" => "https",
        "ws" => "http",
        other => other,
    }
}

/// Whether what is sent there stays secret on the way: over TLS, or without leaving the machine.
pub(crate) fn is_confidential(url: &Url) -> bool {
    match http_scheme(url) {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    }
}

/// RFC 6761 §6.3 reserves `localhost` for the loopback interface.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn parse(name: &str, address: &str) -> Result<Url> {
    // The address is not quoted before it is known to hold no password.
    let config = |problem: String| Err(Error::new(ErrorKind::Config, problem));
    let Ok(url) = Url::parse(address) else {
        return config(format!(
            "the address of service `{name}` is not an absolute URL; write it as `https://host/path`"
        ));
    };
    if has_userinfo(&url) {
        return config(format!(
            "the address of service `{name}` holds a user or a password; leave it out, the session brings the credential"
        ));
    }
    if !is_confidential(&url) {
        return config(format!(
            "service `{name}` at {}://{} would get the credential unencrypted; use https (http only works on this machine)",
            url.scheme(),
            url.host_str().unwrap_or_default(),
        ));
    }
    Ok(url)
}
