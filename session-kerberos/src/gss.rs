//! The machine's Kerberos library as a mechanism.

mod collection;
mod examination;
mod our_end;
mod ready;
mod tickets;

use std::ffi::CStr;

use session_core::{Error, ErrorKind, Finding, Result};
use zeroize::Zeroizing;

use crate::{
    gss::tickets::Tickets,
    gssapi::{Failure, Krb5, Library, PrivateCache, Taken},
    mechanism::{Acquired, Given, Mechanism, Wanted},
    refusal::{About, is_of_configuration, missing, refused},
};

/// Kerberos by GSSAPI; the library is loaded at its first use.
#[derive(Debug)]
pub(crate) struct Gss {
    /// Its file's name or path; the machine's if absent.
    pub(crate) library: Option<String>,
}

impl Mechanism for Gss {
    fn acquire(&self, wanted: &Wanted) -> Result<Acquired> {
        self.take(wanted, Taken::All)
    }

    fn acquire_anew(&self, wanted: &Wanted) -> Result<Acquired> {
        self.take(wanted, Taken::First)
    }

    fn examine(&self, wanted: &Wanted) -> (Vec<Finding>, Option<String>) {
        examination::means(Library::find(self.library.as_deref()), wanted)
    }

    fn examine_kdc(&self, wanted: &Wanted, principal: &str) -> Finding {
        examination::kdc(Library::find(self.library.as_deref()), wanted, principal)
    }
}

impl Gss {
    fn take(&self, wanted: &Wanted, taken: Taken) -> Result<Acquired> {
        let library = Library::find(self.library.as_deref())?;
        tracing::debug!(library = library.name(), "asking for a Kerberos credential");
        let (tickets, lifetime) = acquire(library, wanted, taken)?;
        if lifetime == 0 {
            return Err(expired(&tickets, wanted));
        }
        Ok(tickets.acquired(lifetime))
    }
}

/// Tickets, and for how many seconds they are good: 0 if they have expired.
fn acquire(library: &'static Library, wanted: &Wanted, taken: Taken) -> Result<(Tickets, u32)> {
    let failed = |failure| refused(&failure, &About::Credential(wanted));
    check_names(wanted)?;
    let krb5 = Krb5::new(library).map_err(failed)?;
    let failed = |failure| failed(for_its_reason(&krb5, failure));
    let cache = match &wanted.from {
        Given::DefaultCache | Given::Ccache(_) => from_cache(&krb5, wanted, taken).map_err(missing),
        Given::Keytab(keytab) => by_keytab(&krb5, wanted, keytab),
        Given::Password(password) => {
            let password = terminated(password.expose());
            by_password(&krb5, wanted, as_c(&password)?)
        }
    };
    let cache = cache.map_err(failed)?;
    if let Some(asked) = &wanted.principal {
        let found = cache.open(&krb5).and_then(|cache| cache.principal());
        let found = found.map_err(failed)?;
        if !found.is_same(&krb5.principal(asked).map_err(failed)?) {
            return Err(somebody_else(&found.name().map_err(failed)?, wanted));
        }
    }
    Tickets::new(cache, wanted).map_err(failed)
}

/// The failure, or what it may come of: damage that the library did not mind.
fn for_its_reason(krb5: &Krb5, failure: Failure) -> Failure {
    if !is_of_configuration(&failure) {
        return failure;
    }
    krb5.check_configuration().err().unwrap_or(failure)
}

/// What is in a cache of somebody else's, which stays as it is.
fn from_cache(krb5: &Krb5, wanted: &Wanted, taken: Taken) -> Result<PrivateCache, Failure> {
    if let Given::Ccache(name) = &wanted.from {
        krb5.set_default_cache(name)?;
    }
    let theirs = match &wanted.principal {
        Some(principal) => collection::cache_of(krb5, principal)?,
        None => krb5.default_cache()?,
    };
    PrivateCache::copy_of(&theirs, taken)
}

fn by_keytab(krb5: &Krb5, wanted: &Wanted, keytab: &str) -> Result<PrivateCache, Failure> {
    let keytab = krb5.keytab(keytab)?;
    let first = keytab.first().map_err(missing)?;
    let principal = match (&wanted.principal, first) {
        (Some(principal), _) => krb5.principal(principal)?,
        (None, Some(principal)) => principal,
        (None, None) => return Err(missing(Failure::of_nobody("there is no key in it"))),
    };
    PrivateCache::with(krb5, krb5.ticket_by_keytab(&principal, &keytab)?)
}

fn by_password(krb5: &Krb5, wanted: &Wanted, password: &CStr) -> Result<PrivateCache, Failure> {
    let principal = wanted.principal.as_deref().unwrap_or_default();
    let principal = krb5.principal(principal)?;
    PrivateCache::with(krb5, krb5.ticket_by_password(&principal, password)?)
}

/// With a NUL at its end.
fn terminated(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    text.extend_from_slice(password);
    text.push(0);
    text
}

fn as_c(password: &[u8]) -> Result<&CStr> {
    CStr::from_bytes_with_nul(password).map_err(|_| {
        Error::new(
            ErrorKind::Config,
            "the password has a NUL in it, which no Kerberos library takes; correct it",
        )
    })
}

fn check_names(wanted: &Wanted) -> Result<()> {
    let place = match &wanted.from {
        Given::Ccache(name) | Given::Keytab(name) => name,
        Given::DefaultCache | Given::Password(_) => "",
    };
    if [place, wanted.principal.as_deref().unwrap_or_default()]
        .concat()
        .contains('\0')
    {
        return Err(Error::new(
            ErrorKind::Config,
            "the name of a principal, keytab or credential cache has a NUL in it; correct it",
        ));
    }
    if wanted.principal.is_none() && matches!(wanted.from, Given::Password(_)) {
        return Err(Error::new(
            ErrorKind::Config,
            "a password is somebody's: give the `principal` too",
        ));
    }
    Ok(())
}

fn expired(tickets: &Tickets, wanted: &Wanted) -> Error {
    let (about, name) = (About::Credential(wanted), tickets.name());
    if !wanted.is_by_cache() {
        let clocks = tickets.clocks();
        return Error::new(
            ErrorKind::Config,
            format!(
                "{about}: the ticket of `{name}` has ended as soon as the realm gave it; {clocks}"
            ),
        );
    }
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

#[cfg(all(test, feature = "counterparts"))]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests;
