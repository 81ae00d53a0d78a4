//! What people are told who look for what is wrong.

use session_core::{Credential, Finding, Secret};

use crate::{
    OAuth,
    redaction::Redaction,
    server::{Endpoints, Server},
    token::REFRESH_TOKEN,
};

impl OAuth {
    /// What a token takes: the client's secret, and an authorization server that can be found and reached.
    pub(crate) async fn examine_means(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let secret = self.client.secret().await;
        findings.push(match &secret {
            Ok(_) => Finding::ok("client secret", self.client.secret_source()),
            Err(error) => Finding::failed("client secret", error),
        });
        let none = Secret::new("");
        let redaction = self.redaction(secret.as_ref().unwrap_or(&none), None);
        if let Some(endpoints) = self.examine_server(&redaction, &mut findings).await {
            findings.extend(self.wire.examine("token endpoint", &endpoints.token).await);
        }
        findings
    }

    /// What the token is good for, and how it is renewed.
    pub(crate) fn examine_token(&self, credential: &Credential) -> Vec<Finding> {
        let granted = credential.granted_scopes();
        let asked = &self.extent.scopes;
        // Those that were asked for can be shown: what else the server says may be an echo of anything.
        let missing: Vec<_> = asked
            .iter()
            .filter(|scope| !granted.contains(scope))
            .map(String::as_str)
            .collect();
        let scopes = match (&asked[..], &missing[..]) {
            ([], _) => Finding::ok("scopes", format!("{}, chosen by the server", granted.len())),
            (_, []) => Finding::ok("scopes", format!("all asked for: {}", asked.join(" "))),
            (_, missing) => Finding::warning(
                "scopes",
                format!("the server did not grant {}", missing.join(" ")),
            )
            .with_remedy(
                "ask those who run it to allow them to this client, or leave them out of `scopes`",
            ),
        };
        let renewal = match credential.kept(REFRESH_TOKEN) {
            Some(_) => "by a refresh token, else by the client's credentials",
            None => "by the client's credentials",
        };
        vec![scopes, Finding::ok("renewal", renewal)]
    }

    /// Looks the server up, if it has to be.
    async fn examine_server(
        &self,
        redaction: &Redaction<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<Endpoints> {
        let issuer = match &self.server {
            Server::Given(endpoints) => return Some(endpoints.clone()),
            Server::Discovered(discovery) => discovery,
        };
        // It may have moved since.
        issuer.forget();
        match issuer.endpoints(&self.wire, redaction).await {
            Ok(endpoints) => {
                let end = match &endpoints.revocation {
                    Some(_) => "tokens are revoked on close",
                    None => "no tokens are revoked, also on close",
                };
                let detail = format!("{} names its endpoints; {end}", issuer.issuer());
                findings.push(Finding::ok("issuer", detail));
                Some(endpoints)
            }
            Err(error) => {
                findings.push(Finding::failed("issuer", &error));
                None
            }
        }
    }
}
