//! Somebody's tickets.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use session_core::{Error, ErrorKind, Finding, Result};
use zeroize::Zeroizing;

use super::{
    examination::{self, Held},
    our_end::OurEnd,
    ready::{self, Ready},
};
use crate::{
    Delegation,
    gssapi::{
        Context, Credential, Failure, Flags, INDEFINITE, Krb5, Library, Name, PrivateCache, Taken,
    },
    mechanism::{Acquired, Begun, Given, Initiation, Principal, Wanted},
    refusal::{About, clocks, refused},
    spnego,
    workers::MOST_WORKERS,
};

/// Somebody's tickets.
pub(super) struct Tickets(Arc<Cached>);

/// Tickets in a cache of their own.
pub(super) struct Cached {
    name: String,
    /// How they are found again where they are from, as this principal's; none if that takes a secret.
    wanted: Option<Wanted>,
    /// For what asks nobody: no library waits for a KDC with it.
    own: Credential,
    /// One for each worker: a shared one lets one thread through at a time.
    credentials: [OnceLock<Arc<Credential>>; MOST_WORKERS],
    /// What can be done without a worker.
    ready: Ready,
    /// The last to go, after all credentials and contexts that use it: its tickets are removed.
    cache: PrivateCache,
}

impl Tickets {
    /// Those in the cache, and for how many seconds they are good.
    pub(super) fn new(cache: PrivateCache, wanted: &Wanted) -> Result<(Self, u32), Failure> {
        let is_cache = matches!(wanted.from, Given::DefaultCache | Given::Ccache(_));
        Self::of(cache, is_cache.then(|| wanted.clone()))
    }

    fn of(cache: PrivateCache, mut wanted: Option<Wanted>) -> Result<(Self, u32), Failure> {
        let credential = cache.credential()?;
        let lifetime = cache.lifetime(&credential)?;
        let name = if let Some(name) = credential.name()? {
            name.display()?
        } else {
            let krb5 = Krb5::new(cache.library())?;
            cache.open(&krb5)?.principal()?.name()?
        };
        // Whoever a session is, it stays.
        if let Some(wanted) = &mut wanted {
            wanted.principal.get_or_insert_with(|| name.clone());
        }
        let cached = Cached {
            name,
            wanted,
            own: credential,
            credentials: Default::default(),
            ready: Ready::default(),
            cache,
        };
        Ok((Self(Arc::new(cached)), lifetime))
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn acquired(self, lifetime: u32) -> Acquired {
        Acquired {
            principal: Arc::new(self),
            lifetime: (lifetime != INDEFINITE).then(|| Duration::from_secs(lifetime.into())),
        }
    }

    /// What `kinit` has left meanwhile where they are from: such as are good for longer.
    fn replaced(&self, wanted: &Wanted, lifetime: u32) -> Result<Option<Acquired>> {
        let (found, its_lifetime) = super::acquire(self.0.cache.library(), wanted, Taken::All)?;
        let is_news = its_lifetime > lifetime;
        Ok(is_news.then(|| found.acquired(its_lifetime)))
    }

    fn begun(&self, context: Context, token: &[u8], request: &Initiation) -> Result<Begun> {
        let end = OurEnd::new(context, Arc::clone(&self.0), request.service.clone());
        end.check(request.delegation)?;
        Ok(Begun {
            initiator: Box::new(end),
            token: spnego::first(token),
        })
    }

    /// By this machine's clock alone tickets may have ended, for MIT's library (1.20) does not look at the KDC's where it is told which
    /// cache they are in. Then no others would do.
    fn no_token(&self, failure: &Failure, about: &About<'_>) -> Error {
        let error = refused(failure, about);
        let Cached { own, cache, .. } = &*self.0;
        let is_by_ours_alone =
            || own.lifetime().ok() == Some(0) && cache.lifetime(own).is_ok_and(|left| left > 0);
        if error.kind() != ErrorKind::Interaction || !is_by_ours_alone() {
            return error;
        }
        let clocks = self.clocks();
        Error::new(ErrorKind::Config, format!("{about}: {failure}; {clocks}"))
    }

    /// That the clocks differ, where that is what is wrong.
    pub(super) fn clocks(&self) -> String {
        clocks(self.0.cache.offset().unwrap_or_default())
    }

    fn renewed(&self) -> Result<(Self, u32), Failure> {
        let cached = &self.0;
        let krb5 = Krb5::new(cached.cache.library())?;
        let ticket = krb5.renewed(&cached.cache.open(&krb5)?)?;
        Self::of(PrivateCache::with(&krb5, ticket)?, cached.wanted.clone())
    }
}

impl Principal for Tickets {
    fn name(&self) -> &str {
        self.name()
    }

    fn renew(&self) -> Result<Option<Acquired>> {
        let about = About::Renewal {
            principal: self.name(),
        };
        let failed = |failure| refused(&failure, &about);
        let lifetime = self.0.cache.lifetime(&self.0.own).map_err(failed)?;
        if let Some(wanted) = &self.0.wanted {
            match self.replaced(wanted, lifetime) {
                Ok(None) => {}
                // Whoever has run `kdestroy` wants no more tickets, nor renewed ones.
                Err(_) => return Ok(None),
                found => return found,
            }
        }
        match self.renewed() {
            // The realm renews for no longer than it said at first; then a new one is better.
            Ok((renewed, its_lifetime)) if its_lifetime > lifetime => {
                Ok(Some(renewed.acquired(its_lifetime)))
            }
            Ok(_) => Ok(None),
            Err(failure) => {
                let error = failed(failure);
                if error.kind() == ErrorKind::Unavailable {
                    return Err(error);
                }
                tracing::debug!(principal = self.name(), %error, "a ticket is not renewed");
                Ok(None)
            }
        }
    }

    fn initiate(&self, worker: usize, request: &Initiation) -> Result<Begun> {
        let about = About::Token {
            principal: self.name(),
            service: &request.service,
        };
        let begun = self.0.begin(worker, request);
        let (context, token) = begun.map_err(|failure| self.no_token(&failure, &about))?;
        self.0.check_realm(&request.service, &about)?;
        self.0.learn(&context, &request.service);
        if request.delegation == Delegation::On && !context.granted().has(Flags::DELEGATION) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{about}: its ticket cannot be delegated; get a forwardable one (`kinit -f`, `forwardable = true` in \
                     krb5.conf), or ask the realm's administrator to allow it"
                ),
            ));
        }
        self.begun(context, &token, request)
    }

    fn initiate_now(&self, request: &Initiation) -> Option<Begun> {
        let (context, token) = self.0.begin_now(request)?;
        self.begun(context, &token, request).ok()
    }

    fn ready(&self) -> Vec<String> {
        self.0.ready.services()
    }

    fn examine(&self, worker: usize, requests: &[Initiation]) -> Vec<Finding> {
        let held = Held {
            library: self.0.cache.library(),
            cache: self.0.cache.name(),
            owner: self.name(),
            is_by_cache: self.0.wanted.is_some(),
            ahead: self.0.cache.offset().unwrap_or_default(),
        };
        let initiate = |request: &_| self.initiate(worker, request).map(drop);
        examination::tickets(&held, requests, initiate)
    }
}

impl Cached {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn library(&self) -> &'static Library {
        self.cache.library()
    }

    pub(super) fn failure_of_server(&self, code: i32) -> Failure {
        self.cache.failure_of_server(code)
    }

    fn credential(&self, worker: usize) -> Result<Arc<Credential>, Failure> {
        ready::acquired(&self.credentials[worker], || self.cache.credential())
    }

    fn begin(
        &self,
        worker: usize,
        request: &Initiation,
    ) -> Result<(Context, Zeroizing<Vec<u8>>), Failure> {
        let library = self.library();
        let target = if request.service.contains('/') {
            Name::principal(library, &request.service)
        } else {
            Name::service(library, &request.service)
        };
        let credential = self.credential(worker)?;
        let mut context = context(&credential, target?, request);
        let token = context.begin()?;
        Ok((context, token))
    }

    /// Whether its ticket is from the realm that the service was said to be in, if one was: Heimdal's library takes what any other gives.
    fn check_realm(&self, service: &str, about: &About<'_>) -> Result<()> {
        let Some((principal, wanted)) = service.rsplit_once('@') else {
            return Ok(());
        };
        if !principal.contains('/') {
            return Ok(());
        }
        let realm = self.cache.realm_of(service);
        match realm.map_err(|failure| refused(&failure, about))? {
            Some(realm) if realm != wanted => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{about}: the ticket for it is from the realm `{realm}`; correct the realm in `spn`, or leave it out"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Keeps in mind what the next token for this service needs: its principal, as the library has found it by the configuration and
    /// DNS, and whether there is a ticket by just that name now. Where the configuration does not say its realm, MIT's library leaves
    /// that to the KDC, and calls the principal `HTTP/host@`.
    fn learn(&self, context: &Context, service: &str) {
        if self.ready.knows(service) {
            return;
        }
        let learned = || -> Result<_, Failure> {
            let principal = context.target().canonical()?.display()?;
            let has_ticket = self.cache.has(&principal)?;
            Ok(has_ticket.then(|| (principal, context.lifetime())))
        };
        self.ready.set(service, learned().ok().flatten());
    }

    /// A context that begins without asking anybody.
    fn begin_now(&self, request: &Initiation) -> Option<(Context, Zeroizing<Vec<u8>>)> {
        if needs_kdc(request) {
            return None;
        }
        let principal = self.ready.get(&request.service)?;
        let principal = Name::principal(self.library(), &principal).ok()?;
        let credential = self.ready.credential(|| self.cache.credential()).ok()?;
        let mut context = context(&credential, principal, request);
        if let Ok(token) = context.begin() {
            return Some((context, token));
        }
        // Why not, a worker will find out.
        self.ready.forget(&request.service);
        None
    }
}

fn context(credential: &Arc<Credential>, target: Name, request: &Initiation) -> Context {
    let mut flags = Flags::default();
    if request.is_mutual {
        flags = flags.with(Flags::MUTUAL);
    }
    match request.delegation {
        Delegation::Off => {}
        Delegation::Policy => flags = flags.with(Flags::DELEGATION_BY_POLICY),
        Delegation::On => flags = flags.with(Flags::DELEGATION),
    }
    let bindings = request.channel_bindings.clone();
    Context::new(Arc::clone(credential), target, flags, bindings)
}

/// What is delegated is a ticket that the KDC makes each time.
fn needs_kdc(request: &Initiation) -> bool {
    request.delegation != Delegation::Off
}

#[cfg(all(test, feature = "counterparts"))]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests;
