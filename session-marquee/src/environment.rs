//! Where Marquee is.

use std::{path::PathBuf, str::FromStr};

use session_core::{Environment, Error, ErrorKind, Result, Services, Transport};
use session_http::below;
use url::Url;

use crate::Domain;

/// One deployment of Marquee: [`prod`](Self::prod), [`qa`](Self::qa), [`dev`](Self::dev), or one of your own.
///
/// ```
/// use session_core::Environment;
/// use session_marquee::{Domain, MarqueeEnvironment};
///
/// let qa: MarqueeEnvironment = "qa".parse()?; // in any case
/// assert_eq!(qa.address(Domain::Api).unwrap().host_str(), Some("api.marquee-qa.gs.com"));
/// // As services, the addresses have the version that sessions use.
/// assert_eq!(qa.url("api").unwrap().path(), "/v1/");
///
/// let own = MarqueeEnvironment::custom("uat", "https://api.uat.example.com", "https://sso.uat.example.com/token")?
///     .domain(Domain::Mds, "https://data.uat.example.com")?;
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarqueeEnvironment {
    name: String,
    auth: String,
    /// Without a version.
    roots: Services,
    /// What else the credential may go to.
    more: Services,
    version: String,
    services: Services,
    transport: Transport,
}

/// Name, authentication, API, market data, that of the web site, the web site.
type Known = [&'static str; 6];

const PROD: Known = [
    "PROD",
    "https://idfs.gs.com/as/token.oauth2",
    "https://api.gs.com",
    "https://us-east.data.gsapis.com",
    "https://data.gs.com",
    "https://marquee.gs.com",
];
const QA: Known = [
    "QA",
    "https://idfs-qa.gs.com/as/token.oauth2",
    "https://api.marquee-qa.gs.com",
    "https://qa.us-east.data.gsapis.com",
    "https://data-qa.gs.com",
    "https://marquee-qa.gs.com",
];
const DEV: Known = [
    "DEV",
    "https://idfs-dev.nimbus.gs.com:9031/as/token.oauth2",
    "https://api.marquee-dev-ext.web.gs.com",
    "https://dev.us-east.data.gsapis.com",
    "https://data-dev.gs.com",
    "https://marquee-dev.web.gs.com",
];

impl MarqueeEnvironment {
    /// The names of those that are known.
    pub const NAMES: [&'static str; 3] = [PROD[0], QA[0], DEV[0]];

    /// The version of the API that requests go to, unless they are told otherwise.
    pub const API_VERSION: &'static str = "v1";

    /// Production.
    pub fn prod() -> Self {
        Self::known(PROD)
    }

    /// Quality assurance.
    pub fn qa() -> Self {
        Self::known(QA)
    }

    /// Development.
    pub fn dev() -> Self {
        Self::known(DEV)
    }

    /// One with this API, and with this address to authenticate at: nobody's secret is sent to that of another
    /// environment.
    ///
    /// # Errors
    ///
    /// `Config`, when an address is no absolute URL, has a user or password, or would get secrets unencrypted.
    pub fn custom(name: impl Into<String>, api: &str, auth: &str) -> Result<Self> {
        // Its rules are those of services; it is none, for the credential does not go there.
        check_auth(auth)?;
        let mut environment = Self {
            name: name.into(),
            auth: auth.to_owned(),
            roots: Services::new(),
            more: Services::new(),
            version: Self::API_VERSION.to_owned(),
            services: Services::new(),
            transport: Transport::default(),
        };
        check_base(api)?;
        environment.roots.insert(Domain::Api.as_str(), api)?;
        environment.with_version(Self::API_VERSION)
    }

    /// Adds or moves a service of Marquee. The version of the API is not part of its address.
    ///
    /// # Errors
    ///
    /// As [`custom`](Self::custom).
    pub fn domain(mut self, domain: Domain, address: &str) -> Result<Self> {
        check_base(address)?;
        self.roots.insert(domain.as_str(), address)?;
        self.refreshed()
    }

    /// Adds another place that the credential may go to.
    ///
    /// # Errors
    ///
    /// As [`custom`](Self::custom); and when the name is that of a service of Marquee.
    pub fn service(mut self, name: &str, address: &str) -> Result<Self> {
        if Domain::ALL.iter().any(|domain| domain.as_str() == name) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("`{name}` is a service of Marquee; give its address as that"),
            ));
        }
        self.more.insert(name, address)?;
        self.refreshed()
    }

    /// Trusts the certificate authorities in this PEM file, and no others.
    #[must_use]
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        Self {
            transport: self.transport.with_ca_file(path),
            ..self
        }
    }

    /// Is reached in this way, whatever was said before.
    #[must_use]
    pub fn with_transport(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// The address of a service of Marquee, without a version of the API.
    pub fn address(&self, domain: Domain) -> Option<&Url> {
        self.roots.get(domain.as_str())
    }

    /// Where sessions authenticate.
    pub fn auth(&self) -> &str {
        &self.auth
    }

    /// The version of the API in the addresses of the services; empty for none.
    pub fn api_version(&self) -> &str {
        &self.version
    }

    pub(crate) fn more(&self) -> &Services {
        &self.more
    }

    /// With this version of the API in the addresses of its services.
    pub(crate) fn with_version(mut self, version: &str) -> Result<Self> {
        check_version(version)?;
        version.clone_into(&mut self.version);
        self.refreshed()
    }

    /// What paths are below of; `None`: without a version.
    pub(crate) fn base(&self, domain: Domain, version: Option<&str>) -> Result<Url> {
        let Some(root) = self.address(domain) else {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "environment `{}` has no service `{domain}`; add its address, or choose another",
                    self.name
                ),
            ));
        };
        match version {
            None | Some("") => Ok(root.clone()),
            Some(version) => {
                check_version(version)?;
                below(root, &format!("{version}/"))
            }
        }
    }

    fn refreshed(mut self) -> Result<Self> {
        self.roots = in_order(&self.roots)?;
        self.more = in_order(&self.more)?;
        let mut services = Services::new();
        for domain in Domain::ALL {
            if self.address(domain).is_some() {
                let address = self.base(domain, Some(&self.version))?;
                services.insert(domain.as_str(), address.as_str())?;
            }
        }
        for (name, address) in self.more.iter() {
            services.insert(name, address.as_str())?;
        }
        self.services = services;
        Ok(self)
    }

    fn known([name, auth, api, mds, mds_web, web]: Known) -> Self {
        Self::custom(name, api, auth)
            .and_then(|it| it.domain(Domain::Mds, mds))
            .and_then(|it| it.domain(Domain::MdsWeb, mds_web))
            .and_then(|it| it.domain(Domain::Web, web))
            .expect("the addresses above are URLs of https")
    }
}

impl Environment for MarqueeEnvironment {
    fn name(&self) -> &str {
        &self.name
    }

    fn services(&self) -> &Services {
        &self.services
    }

    fn transport(&self) -> &Transport {
        &self.transport
    }
}

/// By its name, in any case.
impl FromStr for MarqueeEnvironment {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        for known in [PROD, QA, DEV] {
            if name.eq_ignore_ascii_case(known[0]) {
                return Ok(Self::known(known));
            }
        }
        // Not quoted: what stands in the wrong place may be a secret.
        let problem = if name.contains("://") {
            "a URL does not say where to authenticate; make it an environment of its own, with `api` and `auth`"
        } else {
            "there is no environment of Marquee of this name; there are PROD, QA and DEV"
        };
        Err(Error::new(ErrorKind::Config, problem))
    }
}

/// By name, however it came to be: what has the same services is equal, and is written alike.
fn in_order(services: &Services) -> Result<Services> {
    let mut all: Vec<_> = services.iter().collect();
    all.sort_unstable_by_key(|(name, _)| *name);
    let mut ordered = Services::new();
    for (name, address) in all {
        ordered.insert(name, address.as_str())?;
    }
    Ok(ordered)
}

/// Its rules are those of services; and what it is sent has no fragment (RFC 6749 §3.2).
pub(crate) fn check_auth(address: &str) -> Result<()> {
    Services::new().insert("auth", address)?;
    if address.contains('#') {
        return Err(Error::new(
            ErrorKind::Config,
            "the address to authenticate at has a fragment, which is never sent; leave it out",
        ));
    }
    Ok(())
}

/// Paths are below it.
pub(crate) fn check_base(address: &str) -> Result<()> {
    if address.contains(['?', '#']) {
        return Err(Error::new(
            ErrorKind::Config,
            "the address of a service has a query or a fragment, and no path is below those; leave them out",
        ));
    }
    Ok(())
}

/// A version is a folder, and never the way out of one.
fn check_version(version: &str) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if version.chars().all(is_plain) && !version.starts_with('.') {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "`api_version` has characters that no version has; write it as `v1`, or as an empty text for no version",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case() {
        for name in ["PROD", "prod", "Prod"] {
            let environment: MarqueeEnvironment = name.parse().unwrap();
            assert_eq!(environment, MarqueeEnvironment::prod());
        }
        assert_eq!(
            "qa".parse::<MarqueeEnvironment>().unwrap().name(),
            MarqueeEnvironment::qa().name()
        );
        assert_eq!(
            "Dev".parse::<MarqueeEnvironment>().unwrap().auth(),
            "https://idfs-dev.nimbus.gs.com:9031/as/token.oauth2"
        );
    }

    #[test]
    fn what_is_neither_a_name_nor_complete_is_an_error_that_does_not_repeat_it() {
        for text in [
            "production",
            "",
            "PROD ",
            "s3cr3t",
            "https://s3cr3t.example",
        ] {
            let error = text.parse::<MarqueeEnvironment>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("s3cr3t"));
        }
    }

    #[test]
    fn an_environment_of_ones_own_is_encrypted_or_on_this_machine() {
        let api = "https://api.example.com";
        for auth in [
            "http://idp.example.com/token",
            "https://u:p@idp.example.com/token",
            "idp.example.com",
        ] {
            assert!(
                MarqueeEnvironment::custom("x", api, auth).is_err(),
                "{auth}"
            );
            assert!(MarqueeEnvironment::custom("x", auth, "https://idp.example.com/").is_err());
        }
        MarqueeEnvironment::custom("x", "http://127.0.0.1:1/", "http://localhost/token").unwrap();
    }

    #[test]
    fn versions_are_joined_and_stay_below_the_address() {
        let own = |api| MarqueeEnvironment::custom("x", api, "https://i.example.com/t").unwrap();
        for api in ["https://a.example.com/x", "https://a.example.com/x/"] {
            let base = |version| own(api).base(Domain::Api, version).unwrap().to_string();
            assert_eq!(base(Some("v2")), "https://a.example.com/x/v2/");
            assert_eq!(base(None), api);
            assert_eq!(base(Some("")), api);
        }
        for version in [
            "..",
            ".",
            "/v1",
            "v1/",
            "@evil.example",
            ":80",
            "v 1",
            "//evil",
        ] {
            let api = own("https://a.example.com");
            assert!(api.base(Domain::Api, Some(version)).is_err(), "{version}");
            assert!(api.with_version(version).is_err(), "{version}");
        }
    }

    #[test]
    fn the_credential_goes_to_the_services_and_not_to_where_it_comes_from() {
        let prod = MarqueeEnvironment::prod();
        for host in [
            "api.gs.com",
            "us-east.data.gsapis.com",
            "data.gs.com",
            "marquee.gs.com",
        ] {
            assert!(prod.allows(&Url::parse(&format!("https://{host}/x")).unwrap()));
        }
        for host in ["idfs.gs.com", "other.gs.com", "api.gs.com.evil.example"] {
            assert!(!prod.allows(&Url::parse(&format!("https://{host}/x")).unwrap()));
        }
    }
}
