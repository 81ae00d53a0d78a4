//! Addresses of an authorization server.

use std::fmt;

use url::{Host, Url};

/// An address that a client's secret, or a token, may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// Checks an address. What is wrong with it comes back as the end of a sentence, and never quotes it: it may hold a
    /// password.
    pub(crate) fn parse(address: &str) -> Result<Self, &'static str> {
        let Ok(url) = Url::parse(address) else {
            return Err("is not an absolute URL; write it as `https://host/path`");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user or a password; leave them out");
        }
        // RFC 6749 §3.1 and §3.2.
        if url.fragment().is_some() {
            return Err("has a fragment; leave out `#` and what follows");
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err("is not encrypted; use https (http only works on this machine)"),
            _ => Err("is not a URL of https"),
        }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Another address of the same origin.
    pub(crate) fn with_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        Self(url)
    }
}

/// Without the query, where some servers take a key.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            self.0.origin().ascii_serialization(),
            self.0.path()
        )
    }
}

/// RFC 6761 §6.3 reserves `localhost` for the loopback interface.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_encrypted_or_on_this_machine() {
        for good in [
            "https://idp.example.com/token",
            "https://idp.example.com//token?tenant=a",
            "http://127.0.0.1:8080/token",
            "http://127.9.9.9/token",
            "http://[::1]/token",
            "http://localhost/token",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "idp.example.com/token",
            "/token",
            "http://idp.example.com/token",
            "http://localhost.example.com/token",
            "http://127.0.0.1.example.com/token",
            "wss://idp.example.com/token",
            "file:///token",
            "https://idp.example.com/token#here",
            "https://user@idp.example.com/token",
            "https://:hunter2@idp.example.com/token",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_query_is_not_shown() {
        let endpoint = Endpoint::parse("https://idp.example.com:8443/a/token?code=k-123").unwrap();
        assert_eq!(endpoint.to_string(), "https://idp.example.com:8443/a/token");
    }
}
