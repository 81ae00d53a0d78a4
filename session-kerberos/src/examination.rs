//! What people are told who look for what is wrong.

use std::sync::Arc;

use http::Request;
use session_core::{Credential, Error, Finding, Outgoing, Secret};

use crate::{
    Kerberos,
    mechanism::{Given, Wanted},
    source::Source,
    state::Held,
};

/// The name of findings about whether a KDC answers.
pub(crate) const KDC: &str = "KDC";

impl Kerberos {
    /// What a credential takes: where it is to come from, a library, its configuration, a KDC.
    pub(crate) async fn examine_means(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let from = match self.source.given().await {
            Ok(from) => from,
            Err(error) => {
                findings.push(Finding::failed(self.source.name(), &error));
                match self.source {
                    // All else can be looked at without it.
                    Source::Password(_) => Given::Password(Secret::new("")),
                    _ => return findings,
                }
            }
        };
        if let (Source::Password(password), true) = (&self.source, findings.is_empty()) {
            findings.push(Finding::ok(self.source.name(), password.to_string()));
        }
        let wanted = Wanted {
            principal: self.principal.clone(),
            from,
        };
        let wanted = Arc::new(wanted);
        let (mechanism, of) = (Arc::clone(&self.mechanism), Arc::clone(&wanted));
        let examined = self.workers.run(move |_| Ok(mechanism.examine(&of)));
        let principal = match examined.await {
            Ok((found, principal)) => {
                findings.extend(found);
                principal
            }
            Err(error) => {
                findings.push(Finding::failed("Kerberos", &error));
                return findings;
            }
        };
        if let Some(principal) = principal {
            findings.push(self.examine_kdc(wanted, principal).await);
        }
        findings
    }

    /// By itself, for it may take longer than it may, and all else is known by then.
    async fn examine_kdc(&self, wanted: Arc<Wanted>, principal: String) -> Finding {
        let (mechanism, of) = (Arc::clone(&self.mechanism), Arc::clone(&wanted));
        let examined = self
            .workers
            .run(move |_| Ok(mechanism.examine_kdc(&of, &principal)));
        match examined.await {
            Ok(found) => found,
            Err(error) => no_answer(&error, &wanted),
        }
    }

    /// What the credential is good for: whether there are tokens for the environment's services.
    pub(crate) async fn examine_tickets(&self, credential: &Credential) -> Vec<Finding> {
        let Some(tickets) = credential.state::<Held>() else {
            return Vec::new();
        };
        let mut requests = Vec::new();
        let mut seen = Vec::new();
        for (_, url) in self.environment.services().iter() {
            let (mut head, ()) = Request::new(()).into_parts();
            let request = self.initiation(&Outgoing::new(url, &mut head));
            if !seen.contains(&request.service) {
                seen.push(request.service.clone());
                requests.push(request);
            }
        }
        let principal = Arc::clone(&tickets.principal);
        let examined = self
            .workers
            .run(move |worker| Ok(principal.examine(worker, &requests)));
        examined
            .await
            .unwrap_or_else(|error| vec![Finding::failed("service", &error)])
    }
}

/// That a KDC does not answer, which tickets in a cache can do without.
pub(crate) fn no_answer(error: &Error, wanted: &Wanted) -> Finding {
    if wanted.is_by_cache() {
        return Finding::warning(KDC, error.to_string())
            .with_remedy("tickets that are in the cache can be used meanwhile");
    }
    Finding::failed(KDC, error)
}
