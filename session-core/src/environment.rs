//! The place that a session is for.

use std::{fmt::Debug, path::PathBuf};

use url::Url;

use crate::{Proxy, Result, Services, TlsVersion, Transport};

/// One deployment of the services that a session is for, such as production or QA.
///
/// Backends with environments of their own implement it; for all others there is [`BasicEnvironment`].
pub trait Environment: Debug + Send + Sync + 'static {
    /// What people call it: `prod`, `qa`.
    fn name(&self) -> &str;

    /// Its services and where they are.
    fn services(&self) -> &Services;

    /// How to connect to them.
    fn transport(&self) -> &Transport {
        Transport::DEFAULT
    }

    /// The address of a service.
    fn url(&self, service: &str) -> Option<&Url> {
        self.services().get(service)
    }

    /// Whether the session's credential may go to `target`: by default, if it has the origin of one
    /// of the services. Whatever this says, the engine refuses to send one unencrypted over a network.
    fn allows(&self, target: &Url) -> bool {
        self.services().contains_origin(target)
    }
}

/// An environment made from its parts.
///
/// ```
/// use session_core::{BasicEnvironment, Environment};
///
/// let qa = BasicEnvironment::new("qa").service("api", "https://api.qa.example.com/v1/")?;
/// assert_eq!(qa.url("api").unwrap().host_str(), Some("api.qa.example.com"));
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicEnvironment {
    name: String,
    services: Services,
    transport: Transport,
}

impl BasicEnvironment {
    /// An environment without services.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            services: Services::new(),
            transport: Transport::default(),
        }
    }

    /// Adds a service.
    ///
    /// # Errors
    ///
    /// As [`Services::insert`].
    pub fn service(mut self, name: impl Into<String>, address: &str) -> Result<Self> {
        self.services.insert(name, address)?;
        Ok(self)
    }

    /// Trusts the certificate authorities in this PEM file, and no others.
    #[must_use]
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        Self {
            transport: self.transport.with_ca_file(path),
            ..self
        }
    }

    /// Shows servers that ask for one the client certificate in this PEM file. Its private key is in the file `key`, or
    /// without that in the same file; see [`Transport::with_client_certificate`].
    #[must_use]
    pub fn client_certificate<P: Into<PathBuf>>(
        self,
        path: impl Into<PathBuf>,
        key: Option<P>,
    ) -> Self {
        Self {
            transport: self.transport.with_client_certificate(path, key),
            ..self
        }
    }

    /// Is reached through this proxy.
    #[must_use]
    pub fn proxy(self, proxy: Proxy) -> Self {
        Self {
            transport: self.transport.with_proxy(proxy),
            ..self
        }
    }

    /// Is spoken with over this version of TLS or a later one. Default: 1.2.
    #[must_use]
    pub fn min_tls(self, version: TlsVersion) -> Self {
        Self {
            transport: self.transport.with_min_tls(version),
            ..self
        }
    }

    /// Is spoken with by HTTP/1.1 alone; see [`Transport::with_http1_only`].
    #[must_use]
    pub fn http1_only(self, only: bool) -> Self {
        Self {
            transport: self.transport.with_http1_only(only),
            ..self
        }
    }

    /// Is reached in this way, whatever was said before.
    #[must_use]
    pub fn with_transport(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }
}

impl Environment for BasicEnvironment {
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
