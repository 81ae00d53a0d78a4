//! Finding the endpoints of an issuer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use session_core::{Error, ErrorKind, Result};
use session_http::{is_temporary, retry_after};

use crate::{
    endpoint::Endpoint, issuer::Issuer, redaction::Redaction, server::Endpoints, wire::Wire,
};

/// The longest address that is taken from a server, in bytes.
const LONGEST: usize = 2048;

/// An issuer and what is known of it.
#[derive(Debug)]
pub(crate) struct Discovery {
    issuer: Issuer,
    /// Given, so that it is not looked up.
    revocation: Option<Endpoint>,
    found: Mutex<Option<Endpoints>>,
}

/// What a metadata document says (RFC 8414 §2), as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
}

impl Discovery {
    pub(crate) fn new(issuer: Issuer, revocation: Option<Endpoint>) -> Self {
        Self {
            issuer,
            revocation,
            found: Mutex::default(),
        }
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Looks the endpoints up, unless that is done.
    pub(crate) async fn endpoints(
        &self,
        wire: &Wire,
        redaction: &Redaction<'_>,
    ) -> Result<Endpoints> {
        if let Some(found) = &*self.found() {
            return Ok(found.clone());
        }
        let found = self.discover(wire, redaction).await?;
        *self.found() = Some(found.clone());
        Ok(found)
    }

    /// Where tokens are revoked: given, or else looked up.
    pub(crate) async fn revocation(
        &self,
        wire: &Wire,
        redaction: &Redaction<'_>,
    ) -> Result<Option<Endpoint>> {
        match &self.revocation {
            Some(given) => Ok(Some(given.clone())),
            None => Ok(self.endpoints(wire, redaction).await?.revocation),
        }
    }

    /// Whether it was looked up, and there is nowhere to revoke tokens.
    pub(crate) fn is_without_revocation(&self) -> bool {
        let found = self.found();
        found
            .as_ref()
            .is_some_and(|found| found.revocation.is_none())
    }

    pub(crate) fn forget(&self) {
        *self.found() = None;
    }

    async fn discover(&self, wire: &Wire, redaction: &Redaction<'_>) -> Result<Endpoints> {
        let [oauth, openid] = self.issuer.metadata_addresses();
        let first = match self.read(wire, &oauth, redaction).await? {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        match self.read(wire, &openid, redaction).await? {
            Ok(found) => Ok(found),
            Err(second) => Err(self.nowhere(&first, &second)),
        }
    }

    /// Reads one document. The outer error ends the search: the server cannot be reached.
    async fn read(
        &self,
        wire: &Wire,
        address: &Endpoint,
        redaction: &Redaction<'_>,
    ) -> Result<Result<Endpoints>> {
        let answer = wire.get(address).await?;
        let status = answer.status;
        if !status.is_success() {
            let is_temporary = is_temporary(status);
            let kind = if is_temporary {
                ErrorKind::Unavailable
            } else {
                ErrorKind::Config
            };
            let redirect = if status.is_redirection() {
                ", which is not followed"
            } else {
                ""
            };
            let error = Error::new(kind, format!("{address} answered {status}{redirect}"));
            return Ok(Err(match retry_after(&answer.headers) {
                Some(wait) if is_temporary => error.with_retry_after(wait),
                _ => error,
            }));
        }
        let metadata = answer
            .object()
            .and_then(|body| serde_json::from_slice(body).ok());
        Ok(match metadata {
            Some(metadata) => self.accept(address, &metadata, redaction),
            None => Err(nonsense(
                address,
                "gives no metadata of an authorization server",
            )),
        })
    }

    fn accept(
        &self,
        address: &Endpoint,
        metadata: &Metadata,
        redaction: &Redaction<'_>,
    ) -> Result<Endpoints> {
        // RFC 8414 §3.3: identical, or one server could pass for another.
        if metadata.issuer != self.issuer.as_str() {
            let other = redaction.text(&metadata.issuer);
            let other = other
                .map(|issuer| format!(" `{issuer}`"))
                .unwrap_or_default();
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{address} is about an issuer{other} that is not the same letter by letter"
                ),
            ));
        }
        let endpoint = |name: &str, named: &str| match self.parse(named) {
            Ok(endpoint) => Ok(redaction.endpoint(endpoint)),
            Err(problem) => Err(nonsense(address, &format!("names a {name} that {problem}"))),
        };
        let Some(token) = &metadata.token_endpoint else {
            return Err(nonsense(address, "names no token_endpoint"));
        };
        let token = endpoint("token_endpoint", token)?;
        let revocation = match (&self.revocation, &metadata.revocation_endpoint) {
            (Some(given), _) => Some(given.clone()),
            (None, named) => named
                .as_deref()
                .map(|named| endpoint("revocation_endpoint", named))
                .transpose()?,
        };
        Ok(Endpoints { token, revocation })
    }

    /// An endpoint that the metadata names.
    fn parse(&self, named: &str) -> Result<Endpoint, &'static str> {
        if named.len() > LONGEST {
            return Err("is too long");
        }
        let endpoint = Endpoint::parse(named)?;
        // RFC 8414 §2 has https for all of them. Plain http to this machine is for a server that runs on it: one from
        // elsewhere does not say which program here gets the secret.
        if self.issuer.is_encrypted() && !endpoint.is_encrypted() {
            return Err(
                "is not encrypted, though the issuer is; have the server name one of https",
            );
        }
        Ok(endpoint)
    }

    /// No document will do.
    fn nowhere(&self, first: &Error, second: &Error) -> Error {
        let worth_retrying = [first, second]
            .into_iter()
            .find(|error| error.kind() == ErrorKind::Unavailable);
        let kind = match worth_retrying {
            Some(error) => error.kind(),
            None if [first, second]
                .iter()
                .any(|error| error.kind() == ErrorKind::Protocol) =>
            {
                ErrorKind::Protocol
            }
            None => ErrorKind::Config,
        };
        let remedy = match kind {
            ErrorKind::Unavailable => "try again later",
            _ => "check the issuer, down to its last slash, or give the token_endpoint instead",
        };
        let message = format!(
            "the endpoints of issuer {} cannot be discovered: {first}; {second}; {remedy}",
            self.issuer
        );
        let error = Error::new(kind, message);
        match worth_retrying.and_then(Error::retry_after) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }

    fn found(&self) -> MutexGuard<'_, Option<Endpoints>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nonsense(address: &Endpoint, problem: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("{address} {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(issuer: &str, token: &str, revocation: &str) -> Result<Endpoints> {
        let discovery = Discovery::new(Issuer::parse(issuer).unwrap(), None);
        let metadata = Metadata {
            issuer: issuer.to_owned(),
            token_endpoint: Some(token.to_owned()),
            revocation_endpoint: Some(revocation.to_owned()),
        };
        let [address, _] = discovery.issuer.metadata_addresses();
        discovery.accept(&address, &metadata, &Redaction::of([]))
    }

    #[test]
    fn endpoints_are_no_less_encrypted_than_their_issuer() {
        let [encrypted, plain] = ["https://idp.example.com/a", "http://127.0.0.1:8080/a"];
        accept("https://idp.example.com", encrypted, encrypted).unwrap();
        accept("http://127.0.0.1:8080", plain, plain).unwrap();
        accept("http://127.0.0.1:8080", encrypted, encrypted).unwrap();
        for (token, revocation, name) in [
            (plain, encrypted, "token_endpoint"),
            (encrypted, plain, "revocation_endpoint"),
        ] {
            let error = accept("https://idp.example.com", token, revocation).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            let expected = format!("names a {name} that is not encrypted, though the issuer is");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
}
