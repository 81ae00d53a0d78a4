//! A session by Kerberos.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::HeaderValue;
use session_core::{
    Cause, Credential, Environment, Error, ErrorKind, Exchange, Finding, Outgoing, Result,
    SecretSource, Session,
};
use url::Url;

use crate::{
    ChannelBindings, Delegation, KerberosBuilder, Mutual,
    channel_bindings::server_end_point,
    mechanism::{Acquired, Begun, Initiation, Mechanism, Principal, Wanted},
    negotiation::{self, Negotiation},
    service_names::ServiceNames,
    source::Source,
    state::Held,
    workers::Workers,
};

/// A session that authenticates each request by Kerberos 5 (SPNEGO, RFC 4559).
///
/// Made by [`ccache`](Self::ccache), [`default_cache`](Self::default_cache), [`keytab`](Self::keytab) or
/// [`password`](Self::password).
#[derive(Debug)]
pub struct Kerberos {
    pub(crate) environment: Box<dyn Environment>,
    pub(crate) principal: Option<String>,
    pub(crate) source: Source,
    pub(crate) service_names: ServiceNames,
    pub(crate) mutual: Mutual,
    pub(crate) delegation: Delegation,
    pub(crate) channel_bindings: ChannelBindings,
    pub(crate) workers: Arc<Workers>,
    pub(crate) mechanism: Arc<dyn Mechanism>,
}

impl Kerberos {
    /// Whoever is logged in: with the tickets in the default credential cache, as `kinit` leaves them. Where that is a collection,
    /// as [`ccache`](Self::ccache) has it.
    pub fn default_cache() -> KerberosBuilder {
        KerberosBuilder::new(Source::DefaultCache)
    }

    /// With the tickets in this credential cache, such as `FILE:/tmp/krb5cc_1000`, or in this collection of caches, such as
    /// `DIR:/run/user/1000/krb5cc`, `KCM:` or `KEYRING:persistent:1000`: in that of the builder's principal, or of none else in
    /// the collection's first.
    pub fn ccache(name: impl Into<String>) -> KerberosBuilder {
        KerberosBuilder::new(Source::Ccache(name.into()))
    }

    /// A service as itself, by the keys in this keytab; as the first principal in there, unless the builder is told another. A file,
    /// with or without `FILE:` before its path.
    pub fn keytab(path: impl Into<std::path::PathBuf>) -> KerberosBuilder {
        KerberosBuilder::new(Source::Keytab(path.into()))
    }

    /// A principal by its password, which is asked for at each authentication.
    pub fn password(principal: impl Into<String>, password: SecretSource) -> KerberosBuilder {
        KerberosBuilder::new(Source::Password(password)).principal(principal)
    }

    /// A credential of whoever is wanted; of `owner`, if there was one before.
    async fn acquire(&self, owner: Option<&str>, is_second: bool) -> Result<Acquired> {
        let wanted = Wanted {
            principal: self.principal.clone().or_else(|| owner.map(str::to_owned)),
            from: self.source.given().await?,
        };
        let mechanism = Arc::clone(&self.mechanism);
        let work = move |_| {
            if is_second {
                mechanism.acquire_anew(&wanted)
            } else {
                mechanism.acquire(&wanted)
            }
        };
        let acquired = self.workers.run(work).await;
        match owner {
            Some(owner) if self.principal.is_none() && self.is_by_cache() => {
                acquired.map_err(|error| of_another(&error, owner))
            }
            _ => acquired,
        }
    }

    fn is_by_cache(&self) -> bool {
        matches!(self.source, Source::DefaultCache | Source::Ccache(_))
    }

    /// Has those who come in the place of somebody get tickets for the services in use: then no request waits for a KDC after that. For
    /// what they do not get, and until they do, those before them do as long as their tickets last. Nobody waits for it, a renewal least of
    /// all; and it ends with the first that no KDC answers for, and when nobody has these tickets any more.
    fn prepare(&self, former: &Held, principal: &Arc<dyn Principal>) {
        let services = former.principal.ready().into_iter();
        let is_mutual = self.mutual != Mutual::Off;
        let requests = services.map(move |service| Initiation {
            service,
            is_mutual,
            delegation: Delegation::Off,
            channel_bindings: None,
        });
        if requests.len() == 0 {
            return;
        }
        let principal = Arc::downgrade(principal);
        let work = move |worker| {
            for request in requests {
                let Some(principal) = principal.upgrade() else {
                    break;
                };
                match principal.initiate(worker, &request) {
                    // That of the next may be as silent.
                    Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        };
        let tell = |outcome: Result<()>| {
            if let Err(error) = outcome {
                tracing::debug!(%error, "not all services in use have new tickets");
            }
        };
        if let Err(error) = self.workers.spawn_for_requests(work, tell) {
            tell(Err(error));
        }
    }

    fn credential(held: Held, lifetime: Option<Duration>) -> Credential {
        tracing::debug!(
            principal = %held.principal.name(),
            ?lifetime,
            "got a Kerberos credential"
        );
        let credential = Credential::per_request(held);
        match lifetime {
            // The library counts whole seconds, and the one that has begun as well.
            Some(lifetime) => {
                credential.expires_in(lifetime.saturating_sub(Duration::from_secs(1)))
            }
            None => credential,
        }
    }

    async fn begin(&self, credential: &Credential, initiation: Initiation) -> Result<Begun> {
        let held = Held::of(credential)?;
        let begun = held.begin(&self.workers, &initiation).await;
        begun.map_err(|error| match error.kind() {
            ErrorKind::Interaction => self.ended(error, held),
            _ => error,
        })
    }

    /// While this machine slept, or by a clock that was set since, tickets have ended before their time. That is the engine's to mend; it
    /// is a caller's error only where those that the realm gave in their place have ended as well.
    fn ended(&self, error: Error, held: &Held) -> Error {
        if self.is_by_cache() {
            return error.with_ended_credential();
        }
        let name = held.principal.name();
        tracing::debug!(%error, "tickets have ended before their time");
        // Without that error as its cause: it says to log in.
        let error = Error::new(
            ErrorKind::Config,
            format!(
                "the Kerberos tickets of `{name}` have ended as soon as the realm gave them; the clocks differ: set those of this \
                 machine and of the KDC"
            ),
        );
        error.with_ended_credential()
    }

    pub(crate) fn initiation(&self, request: &Outgoing<'_>) -> Initiation {
        let certificate = match self.channel_bindings {
            ChannelBindings::Auto => request.peer_certificate,
            ChannelBindings::Off => None,
        };
        Initiation {
            service: self.service_names.of(request.url),
            is_mutual: self.mutual != Mutual::Off,
            delegation: self.delegation,
            channel_bindings: certificate.and_then(server_end_point),
        }
    }

    /// How long one call of the Kerberos library may take.
    pub fn kdc_timeout(&self) -> Duration {
        self.workers.limit()
    }
}

#[async_trait]
impl Session for Kerberos {
    fn scheme(&self) -> &'static str {
        "kerberos"
    }

    fn environment(&self) -> &dyn Environment {
        &*self.environment
    }

    async fn init(&self) -> Result<Credential> {
        let acquired = self.acquire(None, false).await?;
        let held = Held::new(acquired.principal);
        Ok(Self::credential(held, acquired.lifetime))
    }

    async fn renew(&self, stale: &Credential, why: Cause<'_>) -> Result<Credential> {
        let held = Held::of(stale)?;
        let owner = Some(held.principal.name());
        // What was refused is got anew from its beginning: a renewed ticket has the same to say.
        if !matches!(why, Cause::Expiring) {
            let acquired = self.acquire(owner, true).await?;
            let held = Held::new(acquired.principal);
            return Ok(Self::credential(held, acquired.lifetime));
        }
        let principal = Arc::clone(&held.principal);
        let acquired = match self.workers.run(move |_| principal.renew()).await? {
            Some(renewed) => renewed,
            None => self.acquire(owner, false).await?,
        };
        self.prepare(held, &acquired.principal);
        let held = held.renewed(acquired.principal);
        Ok(Self::credential(held, acquired.lifetime))
    }

    async fn examine(&self, credential: Option<&Credential>) -> Vec<Finding> {
        match credential {
            None => self.examine_means().await,
            Some(credential) => self.examine_tickets(credential).await,
        }
    }

    fn binds_to_peer(&self) -> bool {
        self.channel_bindings == ChannelBindings::Auto
    }

    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let initiation = self.initiation(&request);
        let service = initiation.service.clone();
        let Begun { initiator, token } = self.begin(credential, initiation).await?;
        negotiation::put(&token, request.request);
        Ok(Some(Box::new(Negotiation::new(
            initiator,
            self.mutual,
            service,
        ))))
    }

    async fn authorize_proxy(
        &self,
        credential: &Credential,
        proxy: &Url,
    ) -> Result<Option<HeaderValue>> {
        let initiation = Initiation {
            service: self.service_names.of_proxy(proxy),
            // Carriers do not see what it has to say.
            is_mutual: false,
            delegation: Delegation::Off,
            channel_bindings: None,
        };
        let Begun { token, .. } = self.begin(credential, initiation).await?;
        Ok(Some(negotiation::header(&token)))
    }
}

/// Why a session has no credential any more that is of whoever it was before.
fn of_another(error: &Error, owner: &str) -> Error {
    if error.kind() != ErrorKind::Interaction {
        return error.clone();
    }
    Error::new(
        ErrorKind::Interaction,
        format!(
            "{error}; this session is of `{owner}` and stays so: to be somebody else, close it and open it anew"
        ),
    )
}

#[cfg(test)]
mod tests;
