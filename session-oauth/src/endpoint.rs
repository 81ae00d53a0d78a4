//! Addresses of an authorization server.

use std::fmt;

use url::{Host, Url};

/// An address that a client's secret, or a token, may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    url: Url,
    /// Whether errors and logs tell more of it than its origin.
    shows_path: bool,
}

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
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err("is not encrypted; use https (http only works on this machine)"),
            _ => return Err("is not a URL of https"),
        }
        Ok(Self {
            url,
            shows_path: true,
        })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The same address, of which nothing but the origin is shown. That much of every address is in the open anyway: name
    /// servers and the network see it.
    pub(crate) fn shown_by_origin(self) -> Self {
        Self {
            shows_path: false,
            ..self
        }
    }

    /// Another address of the same origin.
    pub(crate) fn with_path(&self, path: &str) -> Self {
        let mut endpoint = self.clone();
        endpoint.url.set_path(path);
        endpoint
    }
}

/// Without the query, where some servers take a key.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url.origin().ascii_serialization())?;
        if self.shows_path {
            f.write_str(self.url.path())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
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
        assert_eq!(
            format!("{endpoint:?}"),
            "Endpoint(https://idp.example.com:8443/a/token)"
        );
    }

    #[test]
    fn what_is_shown_by_its_origin_is_the_same_address() {
        let address = "https://idp.example.com:8443/a/token?code=k-123";
        let endpoint = Endpoint::parse(address).unwrap().shown_by_origin();
        assert_eq!(endpoint.to_string(), "https://idp.example.com:8443");
        assert_eq!(endpoint.url().as_str(), address);
    }
}
