//! Tickets, as libkrb5 has them.

use std::{
    ops::RangeInclusive,
    slice,
    time::{Duration, SystemTime},
};

use session_core::{Clock, SystemClock};

use super::{
    functions::{RawPrincipal, RawTicket},
    krb5::Krb5,
    layout::{Room, TicketLayout},
    library::Library,
    principal,
    status::Failure,
};
use crate::kerberos_token::realm_of_ticket;

/// A ticket and its session key: a `krb5_creds`.
pub(crate) struct Ticket<'k> {
    krb5: &'k Krb5,
    /// Boxed: what may be large is not moved about.
    raw: Box<RawTicket>,
    /// When it was got, in seconds since 1970 by this machine's clock.
    got: RangeInclusive<i64>,
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

/// What a ticket says of itself that is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) service: String,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    /// If it can be renewed.
    pub(crate) renewable_until: Option<SystemTime>,
    pub(crate) is_forwardable: bool,
}

impl<'k> Ticket<'k> {
    /// What a function of the library makes. If it fails there is no ticket: then nothing of what it left is freed.
    pub(super) fn filled(
        krb5: &'k Krb5,
        fill: impl FnOnce(*mut RawTicket) -> i32,
    ) -> Result<Self, Failure> {
        let mut raw = Box::new(Room::empty());
        let began = now();
        krb5.check(fill(&raw mut *raw))?;
        let got = began..=now();
        Ok(Self { krb5, raw, got })
    }

    /// Whose it is: good for as long as the ticket is borrowed.
    pub(super) fn client(&self) -> Result<RawPrincipal, Failure> {
        self.principal(|layout| layout.client)
    }

    pub(super) fn purpose(&self) -> Result<Purpose, Failure> {
        let server = self.server()?;
        Ok(match server.strip_suffix("@X-CACHECONF:") {
            Some(note) if note.ends_with("/refresh_time") => Purpose::Refreshment,
            Some(_) => Purpose::Note,
            None if server.starts_with("krbtgt/") => Purpose::Tickets,
            None => Purpose::Service,
        })
    }

    /// What it says of itself; none where it is not known what tickets are like.
    pub(super) fn terms(&self) -> Result<Option<Terms>, Failure> {
        let layout = self.layout();
        if !layout.is_known {
            return Ok(None);
        }
        let seconds = |place| layout.seconds(&self.raw, place);
        let has = |flag| self.raw.u32(layout.flags) & flag != 0;
        Ok(Some(Terms {
            service: self.server()?,
            start: moment(self.start()),
            end: moment(seconds(layout.end)),
            renewable_until: has(layout.renewable).then(|| moment(seconds(layout.renewable_until))),
            is_forwardable: has(layout.forwardable),
        }))
    }

    /// When it ends, in seconds since 1970 by the KDC's clock; none where it is not known what tickets are like.
    pub(super) fn end(&self) -> Option<u32> {
        let layout = self.layout();
        layout
            .is_known
            .then(|| layout.seconds(&self.raw, layout.end))
    }

    /// By how many seconds the KDC's clock is ahead of this machine's, as far as a ticket shows that starts when it is given.
    pub(super) fn ahead(&self) -> i64 {
        if !self.layout().is_known {
            return 0;
        }
        let (began, ended) = (*self.got.start(), *self.got.end());
        // The KDC has cut off what is less than a second.
        match i64::from(self.start()) {
            0 => 0,
            start if start + 1 < began => start + 1 - began,
            start => (start - ended).max(0),
        }
    }

    /// When it starts, in seconds since 1970 by the KDC's clock: without a start it is good from the first (RFC 4120 §5.3). What is known
    /// of its layout must be true.
    fn start(&self) -> u32 {
        let layout = self.layout();
        match layout.seconds(&self.raw, layout.start) {
            0 => layout.seconds(&self.raw, layout.authenticated),
            start => start,
        }
    }

    /// What it is for, by name.
    pub(super) fn server(&self) -> Result<String, Failure> {
        // SAFETY: the principal is the ticket's, which lives until after the call.
        unsafe { principal::name(self.krb5, self.principal(|layout| layout.server)?) }
    }

    /// The realm that it is from, as the ticket itself has it: Heimdal's library keeps one also by the name that it was asked for, when
    /// another realm has given it. None where no library does so, or it is damaged.
    pub(super) fn realm(&self) -> Option<String> {
        let (length, contents) = self.layout().encoded.filter(|_| self.layout().is_known)?;
        let (length, contents) = (self.raw.pointer(length).addr(), self.raw.pointer(contents));
        if contents.is_null() {
            return None;
        }
        // SAFETY: the library filled the structure, in which this is the ticket, with as many bytes as it says; they stay until it is
        // freed, and that is when this is dropped.
        let ticket = unsafe { slice::from_raw_parts(contents.cast::<u8>(), length) };
        let realm = realm_of_ticket(ticket)?;
        Some(String::from_utf8_lossy(realm).into_owned())
    }

    /// One that is in it at that place; none is followed where it is not known what tickets are like.
    fn principal(
        &self,
        place: impl FnOnce(&TicketLayout) -> usize,
    ) -> Result<RawPrincipal, Failure> {
        let layout = self.layout();
        if !layout.is_known {
            return Err(Failure::of_nobody(
                "what a ticket is like in this library is not known",
            ));
        }
        let principal = self.raw.pointer(place(layout));
        if principal.is_null() {
            return Err(Failure::of_nobody("the ticket is nobody's"));
        }
        Ok(principal)
    }

    fn layout(&self) -> &'static TicketLayout {
        TicketLayout::of(&self.library().make)
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

fn moment(seconds: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into())
}

/// In seconds since 1970.
pub(super) fn now() -> i64 {
    let now = SystemClock.wall().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs().try_into().unwrap_or(i64::MAX))
}
