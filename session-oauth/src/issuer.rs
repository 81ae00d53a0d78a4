//! The name of an authorization server.

use std::fmt;

use crate::endpoint::Endpoint;

/// An issuer identifier (RFC 8414 §2): what an authorization server calls itself, and where it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// As it was given: identifiers are compared letter by letter, and a URL parser changes letters.
    identifier: String,
    address: Endpoint,
}

impl Issuer {
    /// Checks an identifier, as [`Endpoint::parse`] does an address.
    pub(crate) fn parse(identifier: &str) -> Result<Self, &'static str> {
        let address = Endpoint::parse(identifier)?;
        if address.url().query().is_some() {
            return Err("has a query; leave out `?` and what follows");
        }
        Ok(Self {
            identifier: identifier.to_owned(),
            address,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.identifier
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.address.is_encrypted()
    }

    /// Where its metadata may be, in the order in which to look.
    pub(crate) fn metadata_addresses(&self) -> [Endpoint; 2] {
        let path = self.address.url().path();
        let path = path.strip_suffix('/').unwrap_or(path);
        [
            // RFC 8414 §3.1: between host and path.
            self.address
                .with_path(&format!("/.well-known/oauth-authorization-server{path}")),
            // OpenID Connect Discovery 1.0 §4: after the path.
            self.address
                .with_path(&format!("{path}/.well-known/openid-configuration")),
        ]
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_where_the_rfcs_put_it() {
        for (issuer, oauth, openid) in [
            (
                "https://idp.example.com",
                "https://idp.example.com/.well-known/oauth-authorization-server",
                "https://idp.example.com/.well-known/openid-configuration",
            ),
            (
                "https://idp.example.com/",
                "https://idp.example.com/.well-known/oauth-authorization-server",
                "https://idp.example.com/.well-known/openid-configuration",
            ),
            (
                "https://idp.example.com:8443/api/oidc",
                "https://idp.example.com:8443/.well-known/oauth-authorization-server/api/oidc",
                "https://idp.example.com:8443/api/oidc/.well-known/openid-configuration",
            ),
            (
                "https://idp.example.com/tenant/",
                "https://idp.example.com/.well-known/oauth-authorization-server/tenant",
                "https://idp.example.com/tenant/.well-known/openid-configuration",
            ),
        ] {
            let addresses = Issuer::parse(issuer).unwrap().metadata_addresses();
            assert_eq!(
                addresses.map(|address| address.to_string()),
                [oauth, openid]
            );
        }
    }

    #[test]
    fn an_issuer_has_no_query() {
        assert!(Issuer::parse("https://idp.example.com/?tenant=a").is_err());
    }
}
