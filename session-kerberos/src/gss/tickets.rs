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
};
use crate::{
    Delegation,
    gssapi::{Context, Credential, Failure, Flags, INDEFINITE, Krb5, Name, PrivateCache},
    mechanism::{Acquired, Begun, Given, Initiation, Principal, Wanted},
    refusal::{About, refused},
    spnego,
    workers::MOST_WORKERS,
};

/// Somebody's tickets.
pub(super) struct Tickets(Arc<Cached>);

/// Tickets in a cache of their own.
pub(super) struct Cached {
    name: String,
    /// How they are found again where they are from; none if that takes a secret.
    wanted: Option<Wanted>,
    /// One for each worker: a shared one lets one thread through at a time.
    credentials: [OnceLock<Arc<Credential>>; MOST_WORKERS],
    /// The last to go, after all credentials and contexts that use it: its tickets are removed.
    cache: PrivateCache,
}

impl Tickets {
    /// Those in the cache, and for how many seconds they are good.
    pub(super) fn new(cache: PrivateCache, wanted: &Wanted) -> Result<(Self, u32), Failure> {
        let is_cache = matches!(wanted.from, Given::DefaultCache | Given::Ccache(_));
        Self::of(cache, is_cache.then(|| wanted.clone()))
    }

    fn of(cache: PrivateCache, wanted: Option<Wanted>) -> Result<(Self, u32), Failure> {
        let credential = cache.credential()?;
        let lifetime = credential.lifetime()?;
        let name = if lifetime > 0 {
            credential.name()?.display()?
        } else {
            let krb5 = Krb5::new(cache.library())?;
            cache.open(&krb5)?.principal()?.name()?
        };
        let cached = Cached {
            name,
            wanted,
            credentials: Default::default(),
            cache,
        };
        cached.credentials[0].get_or_init(|| Arc::new(credential));
        Ok((Self(Arc::new(cached)), lifetime))
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn acquired(self, lifetime: u32) -> Acquired {
        Acquired {
            name: self.0.name.clone(),
            principal: Arc::new(self),
            lifetime: (lifetime != INDEFINITE).then(|| Duration::from_secs(lifetime.into())),
        }
    }

    /// What `kinit` has left meanwhile where they are from: somebody else's, or such as are good for longer.
    fn replaced(&self, wanted: &Wanted, lifetime: u32) -> Result<Option<Acquired>> {
        let (found, its_lifetime) = super::acquire(self.0.cache.library(), wanted)?;
        let is_news = its_lifetime > lifetime || (found.name() != self.name() && its_lifetime > 0);
        Ok(is_news.then(|| found.acquired(its_lifetime)))
    }

    fn renewed(&self) -> Result<(Self, u32), Failure> {
        let cached = &self.0;
        let krb5 = Krb5::new(cached.cache.library())?;
        let ticket = krb5.renewed(&cached.cache.open(&krb5)?)?;
        Self::of(PrivateCache::with(&krb5, ticket)?, cached.wanted.clone())
    }
}

impl Principal for Tickets {
    fn renew(&self) -> Result<Option<Acquired>> {
        let about = About::Renewal {
            principal: self.name(),
        };
        let failed = |failure| refused(&failure, &about);
        let credential = self.0.credential(0).map_err(failed)?;
        let lifetime = credential.lifetime().map_err(failed)?;
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
        let (context, token) = begun.map_err(|failure| refused(&failure, &about))?;
        if request.delegation == Delegation::On && !context.granted().has(Flags::DELEGATION) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "{about}: its ticket cannot be delegated; get a forwardable one (`kinit -f`, `forwardable = true` in \
                     krb5.conf), or ask the realm's administrator to allow it"
                ),
            ));
        }
        Ok(Begun {
            initiator: Box::new(OurEnd::new(
                context,
                Arc::clone(&self.0),
                request.service.clone(),
            )),
            token: spnego::first(&token),
        })
    }

    fn examine(&self, worker: usize, requests: &[Initiation]) -> Vec<Finding> {
        let held = Held {
            library: self.0.cache.library(),
            cache: self.0.cache.name(),
            owner: self.name(),
        };
        let initiate = |request: &_| self.initiate(worker, request).map(drop);
        examination::tickets(&held, requests, initiate)
    }
}

impl Cached {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn library(&self) -> &'static crate::gssapi::Library {
        self.cache.library()
    }

    fn credential(&self, worker: usize) -> Result<Arc<Credential>, Failure> {
        let place = &self.credentials[worker];
        if let Some(credential) = place.get() {
            return Ok(Arc::clone(credential));
        }
        let credential = Arc::new(self.cache.credential()?);
        Ok(Arc::clone(place.get_or_init(|| credential)))
    }

    fn begin(
        &self,
        worker: usize,
        request: &Initiation,
    ) -> Result<(Context, Zeroizing<Vec<u8>>), Failure> {
        let library = self.cache.library();
        let target = if request.service.contains('/') {
            Name::principal(library, &request.service)
        } else {
            Name::service(library, &request.service)
        };
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
        let mut context = Context::new(self.credential(worker)?, target?, flags, bindings);
        let token = context.begin()?;
        Ok((context, token))
    }
}
