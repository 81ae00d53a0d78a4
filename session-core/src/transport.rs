//! How to connect to an environment.

use std::path::{Path, PathBuf};

use crate::{Proxy, TlsVersion};

/// How carriers connect to an environment's services: plain data, no client.
///
/// Files are named here and read when connections are made, so that a private key is in no value of this type.
///
/// ```
/// use session_core::{Proxy, TlsVersion, Transport};
///
/// let transport = Transport::default()
///     .with_ca_file("corporate-ca.pem")
///     .with_client_certificate("orders.pem", Some("orders.key"))
///     .with_proxy(Proxy::new("http://proxy.example.com:3128")?)
///     .with_min_tls(TlsVersion::Tls13);
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transport {
    ca_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_key: Option<PathBuf>,
    proxy: Option<Proxy>,
    min_tls: TlsVersion,
    http1_only: bool,
}

impl Transport {
    /// Nothing special: the system's certificate authorities, no client certificate, no proxy, TLS 1.2 or later, HTTP/2
    /// where the server has it.
    pub const DEFAULT: &'static Self = &Self {
        ca_file: None,
        client_certificate: None,
        client_key: None,
        proxy: None,
        min_tls: TlsVersion::Tls12,
        http1_only: false,
    };

    /// Trusts the certificate authorities in this PEM file, and no others.
    #[must_use]
    pub fn with_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Shows servers that ask for one the client certificate in this PEM file, followed there by those between it and its
    /// authority, if there are any. Its private key, PEM too and not encrypted, is in the file `key`, or without that in the
    /// same file.
    ///
    /// It is not for proxies to see. So `session-http` refuses, with `Config`, to reach servers through one of `https://` when
    /// there is a client certificate.
    #[must_use]
    pub fn with_client_certificate<P: Into<PathBuf>>(
        mut self,
        path: impl Into<PathBuf>,
        key: Option<P>,
    ) -> Self {
        self.client_certificate = Some(path.into());
        self.client_key = key.map(Into::into);
        self
    }

    /// Reaches servers through this proxy.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Speaks with no server that has only older versions of TLS.
    #[must_use]
    pub fn with_min_tls(mut self, version: TlsVersion) -> Self {
        self.min_tls = version;
        self
    }

    /// Speaks HTTP/1.1 alone, for servers and what is before them that are at odds with HTTP/2. A scheme that needs the requests of one
    /// [`Exchange`](crate::Exchange) on one connection does not need this: it [says so](crate::Session::pins_connection).
    #[must_use]
    pub fn with_http1_only(mut self, only: bool) -> Self {
        self.http1_only = only;
        self
    }

    /// The PEM file with the only certificate authorities to trust; `None`: those of the system.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// The PEM file with the client's certificate; `None`: there is none to show.
    pub fn client_certificate(&self) -> Option<&Path> {
        self.client_certificate.as_deref()
    }

    /// The PEM file with the private key of the client's certificate; `None`: it is in the file with the certificate.
    pub fn client_key(&self) -> Option<&Path> {
        self.client_key.as_deref()
    }

    /// The proxy to reach servers through; `None`: they are reached directly.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The oldest version of TLS to speak.
    pub fn min_tls(&self) -> TlsVersion {
        self.min_tls
    }

    /// Whether HTTP/1.1 is the only version to speak.
    pub fn http1_only(&self) -> bool {
        self.http1_only
    }
}
