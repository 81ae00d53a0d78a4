//! The machine's Kerberos library as a mechanism.

use std::{
    ffi::{CStr, CString},
    sync::{Arc, OnceLock},
    time::Duration,
};

use session_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::{
    Delegation,
    gssapi::{
        Context, Credential, Failure, Flags, INDEFINITE, KeyValues, Library, Name, Oid,
        PrivateCache, default_cache,
    },
    mechanism::{
        Acquired, Begun, Given, Initiation, Initiator, Mechanism, Principal, Progress, Wanted,
    },
    refusal::{About, refused},
    workers::MOST_WORKERS,
};

/// For both, always: MIT's SPNEGO passes over a credential that is for Kerberos alone, and takes whoever is in the default cache.
const BOTH: [Oid; 2] = [Oid::KRB5, Oid::SPNEGO];

/// Kerberos by GSSAPI; the library is loaded at its first use.
#[derive(Debug)]
pub(crate) struct Gss;

impl Mechanism for Gss {
    fn acquire(&self, wanted: &Wanted) -> Result<Acquired> {
        let library = Library::system()?;
        tracing::debug!(library = library.name(), "asking for a Kerberos credential");
        let cache = PrivateCache::new(library);
        let credential = fill(library, &cache, wanted)?;
        let failed = |failure| refused(&failure, &About::Credential(wanted));
        let (name, lifetime) = credential.inquire().map_err(failed)?;
        let display = name.display().map_err(failed)?;
        if lifetime == 0 {
            return Err(expired(&display, wanted));
        }
        let asked = wanted.principal.as_deref();
        let asked = asked.map(|asked| Name::principal(library, asked));
        if let Some(asked) = asked.transpose().map_err(failed)?
            && !name.is_same(&asked).map_err(failed)?
        {
            return Err(somebody_else(&display, wanted));
        }
        let tickets = Cached {
            library,
            name,
            display: display.clone(),
            credentials: Default::default(),
            cache,
        };
        tickets.keep(0, credential).map_err(failed)?;
        Ok(Acquired {
            principal: Arc::new(Tickets(Arc::new(tickets))),
            name: display,
            lifetime: (lifetime != INDEFINITE).then(|| Duration::from_secs(lifetime.into())),
        })
    }
}

/// Gets tickets into the cache, and a credential from there.
fn fill(library: &'static Library, cache: &PrivateCache, wanted: &Wanted) -> Result<Credential> {
    let failed = |failure| refused(&failure, &About::Credential(wanted));
    let name = wanted.principal.as_deref();
    let name = name.map(|name| Name::principal(library, name));
    let name = name.transpose().map_err(failed)?;
    let ours = || KeyValues::default().ccache(cache.name());
    let first = match &wanted.from {
        Given::Keytab(keytab) => {
            let places = ours().client_keytab(&text(keytab)?);
            return Credential::from_store(library, name.as_ref(), &BOTH, &places).map_err(failed);
        }
        Given::Password(password) => {
            let Some(name) = &name else {
                return Err(Error::new(
                    ErrorKind::Config,
                    "a password is somebody's: give the `principal` too",
                ));
            };
            // With both mechanisms the realm would be asked twice, and a wrong password count twice towards a lockout.
            Credential::with_password(library, name, password.expose(), &[Oid::KRB5])
        }
        Given::Ccache(theirs) => from_cache(library, name.as_ref(), &text(theirs)?),
        Given::DefaultCache => {
            let Some(theirs) = default_cache(library) else {
                return Err(Error::new(
                    ErrorKind::Config,
                    "the Kerberos library does not say which cache is the default one; name it: `ccache`",
                ));
            };
            from_cache(library, name.as_ref(), &theirs)
        }
    };
    let first = first.map_err(failed)?;
    if let (name, 0) = first.inquire().map_err(failed)? {
        return Err(expired(&name.display().map_err(failed)?, wanted));
    }
    first.store_into(&ours()).map_err(failed)?;
    Credential::from_store(library, name.as_ref(), &BOTH, &ours()).map_err(failed)
}

fn from_cache(
    library: &'static Library,
    name: Option<&Name>,
    cache: &CStr,
) -> Result<Credential, Failure> {
    let places = KeyValues::default().ccache(cache);
    Credential::from_store(library, name, &[Oid::KRB5], &places)
}

fn text(place: &str) -> Result<CString> {
    CString::new(place).map_err(|_| {
        Error::new(
            ErrorKind::Config,
            "the name of a keytab or credential cache has a NUL in it; correct it",
        )
    })
}

fn expired(name: &str, wanted: &Wanted) -> Error {
    let about = About::Credential(wanted);
    Error::new(
        ErrorKind::Interaction,
        format!("{about}: the ticket of `{name}` has expired; run `kinit {name}`"),
    )
}

fn somebody_else(name: &str, wanted: &Wanted) -> Error {
    let about = About::Credential(wanted);
    Error::new(
        ErrorKind::Config,
        format!(
            "{about}: it is that of `{name}`; correct `principal`, or where the credential is from"
        ),
    )
}

/// Somebody's tickets.
struct Tickets(Arc<Cached>);

/// Tickets in a cache of their own.
struct Cached {
    library: &'static Library,
    name: Name,
    display: String,
    /// One for each worker: a shared one lets one thread through at a time.
    credentials: [OnceLock<Arc<Credential>>; MOST_WORKERS],
    /// The last to go, after all credentials and contexts that use it: its tickets are removed.
    cache: PrivateCache,
}

impl Cached {
    fn credential(&self, worker: usize) -> Result<Arc<Credential>, Failure> {
        if let Some(credential) = self.credentials[worker].get() {
            return Ok(Arc::clone(credential));
        }
        let places = KeyValues::default().ccache(self.cache.name());
        let credential = Credential::from_store(self.library, Some(&self.name), &BOTH, &places)?;
        self.keep(worker, credential)
    }

    fn keep(&self, worker: usize, credential: Credential) -> Result<Arc<Credential>, Failure> {
        credential.offer_only(&[Oid::KRB5])?;
        let kept = self.credentials[worker].get_or_init(|| Arc::new(credential));
        Ok(Arc::clone(kept))
    }

    fn context(
        &self,
        credential: &Arc<Credential>,
        mechanism: Oid,
        request: &Initiation,
    ) -> Result<Context, Failure> {
        let target = if request.service.contains('/') {
            Name::principal(self.library, &request.service)
        } else {
            Name::service(self.library, &request.service)
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
        Ok(Context::new(
            Arc::clone(credential),
            target?,
            mechanism,
            flags,
            bindings,
        ))
    }

    fn begin(
        &self,
        worker: usize,
        request: &Initiation,
    ) -> Result<(Context, Zeroizing<Vec<u8>>), Failure> {
        let credential = self.credential(worker)?;
        let mut context = self.context(&credential, Oid::SPNEGO, request)?;
        match context.step(None) {
            Ok(token) => Ok((context, token)),
            // SPNEGO says no more than that no mechanism worked; Kerberos says why.
            Err(failure) => {
                let mut context = self.context(&credential, Oid::KRB5, request)?;
                Err(context.step(None).err().unwrap_or(failure))
            }
        }
    }
}

impl Principal for Tickets {
    fn initiate(&self, worker: usize, request: &Initiation) -> Result<Begun> {
        let about = About::Token {
            principal: &self.0.display,
            service: &request.service,
        };
        let (context, token) = self
            .0
            .begin(worker, request)
            .map_err(|failure| refused(&failure, &about))?;
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
            initiator: Box::new(OurEnd {
                context,
                tickets: Arc::clone(&self.0),
                service: request.service.clone(),
            }),
            token,
        })
    }
}

/// A context of ours with a server.
struct OurEnd {
    context: Context,
    /// Of whoever we are to be.
    tickets: Arc<Cached>,
    service: String,
}

impl OurEnd {
    fn about(&self) -> About<'_> {
        About::Answer {
            principal: &self.tickets.display,
            service: &self.service,
        }
    }

    /// Whoever we are to the server, it must be who we were to be.
    ///
    /// Names are compared as they are written, with their realms and with what is special in them escaped: for GSSAPI one
    /// that comes from SPNEGO is never the same as one that comes from Kerberos.
    fn check_name(&self) -> Result<()> {
        let name = self.context.initiator().and_then(|name| name.display());
        let name = name.map_err(|failure| refused(&failure, &self.about()))?;
        if name == self.tickets.display {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Protocol,
            format!(
                "the Kerberos library authenticated `{name}` to `{}`, where it was to be `{}`; the answer is not to be trusted",
                self.service, self.tickets.display
            ),
        ))
    }
}

impl Initiator for OurEnd {
    fn step(&mut self, token: &[u8]) -> Result<Progress> {
        let next = self.context.step(Some(token));
        let next = next.map_err(|failure| refused(&failure, &self.about()))?;
        if !self.context.is_complete() {
            return Ok(Progress::Continues(next));
        }
        self.check_name()?;
        Ok(Progress::Complete {
            is_mutual: self.context.granted().has(Flags::MUTUAL),
        })
    }
}

#[cfg(all(test, feature = "counterparts"))]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests;
