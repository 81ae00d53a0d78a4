//! Tickets, as libkrb5 has them.

use super::{
    functions::{Opaque, RawPrincipal, RawTicket},
    krb5::Krb5,
    library::{Library, Make},
    principal,
    status::Failure,
};

/// A ticket and its session key: a `krb5_creds`.
pub(crate) struct Ticket<'k> {
    krb5: &'k Krb5,
    /// Boxed: what may be large is not moved about.
    raw: Box<RawTicket>,
}

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To get others by (RFC 4120 §5.3).
    Tickets,
    /// To authenticate to a service.
    Service,
    /// It is none: libraries keep notes among tickets, as such of a realm that cannot be.
    Note,
    /// The note by which MIT's library gets tickets anew in the course of using some: by a keytab that nobody has named.
    Refreshment,
}

impl<'k> Ticket<'k> {
    /// What a function of the library makes. If it fails there is no ticket: then nothing of what it left is freed.
    pub(super) fn filled(
        krb5: &'k Krb5,
        fill: impl FnOnce(*mut RawTicket) -> i32,
    ) -> Result<Self, Failure> {
        let mut raw = Box::new(Opaque::empty());
        krb5.check(fill(&raw mut *raw))?;
        Ok(Self { krb5, raw })
    }

    /// Whose it is: good for as long as the ticket is borrowed.
    pub(super) fn client(&self) -> Result<RawPrincipal, Failure> {
        self.principal(0)
    }

    pub(super) fn purpose(&self) -> Result<Purpose, Failure> {
        // SAFETY: the principal is the ticket's, which lives until after the call.
        let server = unsafe { principal::name(self.krb5, self.principal(1)?) }?;
        Ok(match server.strip_suffix("@X-CACHECONF:") {
            Some(note) if note.ends_with("/refresh_time") => Purpose::Refreshment,
            Some(_) => Purpose::Note,
            None if server.starts_with("krbtgt/") => Purpose::Tickets,
            None => Purpose::Service,
        })
    }

    /// When it ends, in seconds since 1970 by the KDC's clock; none where it is not known what tickets are like. MIT's have 32 bits
    /// for a time, and a magic number before all else; other than that they are like Heimdal's.
    pub(super) fn end(&self) -> Option<u64> {
        const PLACE: usize = 7;
        if cfg!(not(target_pointer_width = "64")) || cfg!(target_vendor = "apple") {
            return None;
        }
        Some(match self.library().make {
            Make::Mit(_) => self.raw.short(PLACE).into(),
            Make::Heimdal(_) => self.raw.seconds(PLACE),
        })
    }

    /// Client and server are the first two things in a ticket.
    fn principal(&self, number: usize) -> Result<RawPrincipal, Failure> {
        let place = self.library().place_of_principal() + number;
        let principal = self.raw.pointer(place);
        if principal.is_null() {
            return Err(Failure::of_nobody("the ticket is nobody's"));
        }
        Ok(principal)
    }

    pub(super) fn library(&self) -> &'static Library {
        self.krb5.library()
    }

    /// For a function that looks at it.
    pub(super) fn as_mut_ptr(&mut self) -> *mut RawTicket {
        &raw mut *self.raw
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let free = self.krb5.functions().krb5_free_cred_contents;
        // SAFETY: the library filled it, and what it points to is freed once, here.
        unsafe { free(self.krb5.raw(), &raw mut *self.raw) };
    }
}
