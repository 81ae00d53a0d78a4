//! A session by OAuth 2.

use std::fmt::Display;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use oauth2::HttpRequest;
use session_core::{
    Cause, Credential, Environment, ErrorKind, Finding, Identity, Result, Secret, Session,
};

use crate::{
    asked::Asked,
    builder::OAuthBuilder,
    client::{Client, ClientSecret},
    endpoint::Endpoint,
    grant::{Extent, Grant},
    redaction::Redaction,
    refusal::Refusal,
    request::Token,
    server::{AuthorizationServer, Server},
    token::{self, REFRESH_TOKEN},
    wire::Wire,
};

/// A session that authenticates by OAuth 2.
///
/// Made by a constructor for each grant, and used through a [`SessionHandle`](session_core::SessionHandle).
#[derive(Debug)]
pub struct OAuth {
    pub(crate) environment: Box<dyn Environment>,
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) extent: Extent,
    pub(crate) wire: Wire,
}

impl OAuth {
    /// The client credentials grant (RFC 6749 §4.4): a service authenticates as itself.
    ///
    /// `server` is a token endpoint, or [`AuthorizationServer::issuer`].
    pub fn client_credentials(
        server: impl Into<AuthorizationServer>,
        client_id: impl Into<String>,
        client_secret: impl Into<ClientSecret>,
    ) -> OAuthBuilder {
        OAuthBuilder::new(server.into(), client_id.into(), client_secret.into())
    }

    /// Asks for a token, in place of a stale one if there is one.
    async fn token(&self, grant: Grant<'_>, stale: Option<&Credential>) -> Result<Credential> {
        let secret = self.client.secret().await?;
        let redaction = self.redaction(&secret, stale);
        let outcome = self.token_for(&secret, grant, &redaction).await;
        if outcome.is_err() {
            // The server may have moved.
            self.server.forget();
        }
        outcome
    }

    async fn token_for(
        &self,
        secret: &Secret,
        grant: Grant<'_>,
        redaction: &Redaction<'_>,
    ) -> Result<Credential> {
        let endpoint = self.server.token_endpoint(&self.wire, redaction).await?;
        let request = self
            .client
            .token_request(secret, &endpoint, grant, &self.extent)?;
        let answer = self.wire.post(&endpoint, request).await?;
        let asked = self.asked(&grant, &endpoint, redaction);
        token::credential(&answer, &asked, grant.scopes(&self.extent))
    }

    /// Revokes what the credential holds, where the server does that.
    ///
    /// Where nothing was looked up yet the credential comes from a store, or what was looked up is out of date: then it is
    /// looked up now.
    async fn end(&self, credential: &Credential) -> Result<()> {
        // First, because finding the secret may start a program, or bother a person.
        if self.server.is_without_revocation() {
            return Ok(());
        }
        let secret = self.client.secret().await?;
        let redaction = self.redaction(&secret, Some(credential));
        let endpoint = self.server.revocation_endpoint(&self.wire, &redaction);
        let Some(endpoint) = &endpoint.await? else {
            return Ok(());
        };
        let refresh = credential.kept(REFRESH_TOKEN).map(Token::Refresh);
        let access = access_token(credential).map(Token::Access);
        let mut outcome = Ok(());
        // The refresh token first: it could still give another access token. One that fails does not spare the other.
        for token in refresh.into_iter().chain(access) {
            let request = self.client.revocation_request(&secret, endpoint, token)?;
            let revoked = self.revoke(endpoint, request, &redaction).await;
            outcome = outcome.and(revoked);
        }
        outcome
    }

    /// Where the server does not revoke this kind of token (RFC 7009 §2.2.1), there is nothing to do.
    async fn revoke(
        &self,
        endpoint: &Endpoint,
        request: HttpRequest,
        redaction: &Redaction<'_>,
    ) -> Result<()> {
        let answer = self.wire.post(endpoint, request).await?;
        let refusal = Refusal::of(&answer);
        match &refusal {
            Some(refusal) if refusal.is("unsupported_token_type") => {
                tracing::debug!(%endpoint, "the server does not revoke this kind of token; it expires by itself");
                Ok(())
            }
            None if answer.status.is_success() => Ok(()),
            refusal => {
                let asked = self.asked(&"revocation of a token", endpoint, redaction);
                Err(asked.refused(&answer, refusal.as_ref()))
            }
        }
    }

    /// What no error may repeat.
    pub(crate) fn redaction<'a>(
        &self,
        secret: &'a Secret,
        credential: Option<&'a Credential>,
    ) -> Redaction<'a> {
        let access_token = credential.and_then(access_token).map(str::as_bytes);
        let refresh_token = credential.and_then(|credential| credential.kept(REFRESH_TOKEN));
        let tokens = access_token
            .into_iter()
            .chain(refresh_token.map(Secret::expose));
        Redaction::of(tokens.chain([secret.expose()])).beside(&self.server.to_string())
    }

    fn asked<'a>(
        &'a self,
        what: &'a dyn Display,
        endpoint: &'a Endpoint,
        redaction: &'a Redaction<'a>,
    ) -> Asked<'a> {
        Asked {
            what,
            endpoint,
            client_id: &self.client.id,
            redaction,
        }
    }
}

#[async_trait]
impl Session for OAuth {
    fn scheme(&self) -> &'static str {
        "oauth"
    }

    fn environment(&self) -> &dyn Environment {
        &*self.environment
    }

    fn identity(&self) -> Option<Identity> {
        let mut scopes: Vec<_> = self.extent.scopes.iter().map(String::as_str).collect();
        scopes.sort_unstable();
        let mut resources: Vec<_> = self.extent.resources.iter().map(String::as_str).collect();
        resources.sort_unstable();
        let [known_by, server] = self.server.identity();
        Some(Identity::new([
            self.scheme(),
            known_by,
            server,
            &self.client.id,
            self.client.auth.as_str(),
            &scopes.join(" "),
            &resources.join(" "),
            self.extent.audience.as_deref().unwrap_or_default(),
        ]))
    }

    async fn init(&self) -> Result<Credential> {
        self.token(Grant::ClientCredentials, None).await
    }

    async fn renew(&self, stale: &Credential, _: Cause<'_>) -> Result<Credential> {
        if let Some(refresh_token) = stale.kept(REFRESH_TOKEN) {
            let grant = Grant::RefreshToken {
                token: refresh_token,
                scopes: stale.granted_scopes(),
            };
            match self.token(grant, Some(stale)).await {
                // It is used up or revoked, or this client may not refresh; its own credentials still do.
                Err(error) if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Config) => {
                    tracing::debug!(%error, "the refresh token is of no use; asking for a token anew");
                }
                // A server that does not rotate refresh tokens does not repeat them either (RFC 6749 §6).
                Ok(new) if new.kept(REFRESH_TOKEN).is_none() => {
                    return Ok(new.keep(REFRESH_TOKEN, refresh_token.clone()));
                }
                outcome => return outcome,
            }
        }
        self.token(Grant::ClientCredentials, Some(stale)).await
    }

    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        match credential {
            None => self.examine_means().await,
            Some(credential) => self.examine_token(credential),
        }
    }

    async fn close(&self, credential: &Credential) -> Result<()> {
        let outcome = self.end(credential).await;
        self.wire.disconnect();
        outcome
    }
}

fn access_token(credential: &Credential) -> Option<&str> {
    credential
        .header(&AUTHORIZATION)?
        .expose_str()?
        .strip_prefix("Bearer ")
}
