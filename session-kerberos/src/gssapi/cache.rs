//! Credential caches, as libkrb5 has them.

use super::{
    functions::{NONE, RawCache, RawPrincipal},
    krb5::{Krb5, copied},
    library::{Library, Make},
    principal::Principal,
    status::Failure,
    ticket::{Purpose, Terms, Ticket},
};

/// There are no more tickets (`KRB5_CC_END`).
const END: i32 = -1_765_328_242;

/// What is taken over from a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Everything in it.
    All,
    /// What others can be got with, but no ticket for a service.
    First,
}

/// Tickets of somebody.
pub(crate) struct Cache<'k> {
    krb5: &'k Krb5,
    raw: RawCache,
}

impl<'k> Cache<'k> {
    /// One that the library has opened, and that nobody else closes.
    pub(super) fn new(krb5: &'k Krb5, raw: RawCache) -> Self {
        Self { krb5, raw }
    }

    /// Whose tickets are in it.
    pub(crate) fn principal(&self) -> Result<Principal<'k>, Failure> {
        let mut raw = NONE;
        let get_principal = self.krb5.functions().krb5_cc_get_principal;
        // SAFETY: context and cache are of this library; the pointer is to a value that lives until after the call.
        let code = unsafe { get_principal(self.krb5.raw(), self.raw, &raw mut raw) };
        self.krb5.check(code)?;
        Ok(Principal::new(self.krb5, raw))
    }

    /// What it is kept in, such as `FILE` or `DIR`.
    pub(crate) fn kind(&self) -> String {
        let krb5 = self.krb5;
        // SAFETY: context and cache are of this library, which has the text for as long as it is there.
        unsafe { copied((krb5.functions().krb5_cc_get_type)(krb5.raw(), self.raw)) }
    }

    /// Where it is, as its kind has it.
    pub(crate) fn name(&self) -> String {
        let krb5 = self.krb5;
        // SAFETY: context and cache are of this library; the cache has the text until it is closed.
        unsafe { copied((krb5.functions().krb5_cc_get_name)(krb5.raw(), self.raw)) }
    }

    /// Kind and place: what it is found by.
    pub(crate) fn full_name(&self) -> String {
        format!("{}:{}", self.kind(), self.name())
    }

    /// Puts this ticket into it, and nothing else.
    pub(super) fn hold(&self, mut ticket: Ticket<'_>) -> Result<(), Failure> {
        self.library().ensure_same(ticket.library())?;
        self.initialize(ticket.client()?)?;
        self.store(&mut ticket)?;
        self.note_offset(ticket.ahead())
    }

    /// Puts into it what is in that one, and nothing else.
    pub(super) fn copy(&self, from: &Cache<'_>, taken: Taken) -> Result<(), Failure> {
        self.library().ensure_same(from.library())?;
        self.initialize(from.principal()?.raw())?;
        from.each(|ticket| self.take(ticket, taken))?;
        self.note_offset(0)
    }

    /// By how many seconds the KDC's clock is ahead of this machine's, as the cache has it.
    pub(crate) fn offset(&self) -> Result<i64, Failure> {
        // Reading it, MIT's context learns of it.
        self.principal()?;
        match &self.library().make {
            Make::Mit(mit) => {
                let (mut seconds, mut microseconds) = (0, 0);
                let offsets = mit.krb5_get_time_offsets;
                // SAFETY: the context is one of this library; both pointers are to values that live until after the call.
                let code =
                    unsafe { offsets(self.krb5.raw(), &raw mut seconds, &raw mut microseconds) };
                self.krb5.check(code)?;
                Ok(i64::from(seconds) + i64::from(microseconds > 0))
            }
            Make::Heimdal(heimdal) => {
                let mut seconds = 0;
                let offset = heimdal.krb5_cc_get_kdc_offset;
                // SAFETY: context and cache are of this library; the pointer is to a value that lives until after the call.
                let code = unsafe { offset(self.krb5.raw(), self.raw, &raw mut seconds) };
                self.krb5.check(code)?;
                Ok(seconds)
            }
        }
    }

    /// What its tickets say of themselves; none where it is not known what tickets are like.
    pub(crate) fn terms(&self) -> Result<Option<Vec<Terms>>, Failure> {
        let mut found = Some(Vec::new());
        self.each(|ticket| {
            if matches!(ticket.purpose()?, Purpose::Tickets | Purpose::Service) {
                match (&mut found, ticket.terms()?) {
                    (Some(found), Some(terms)) => found.push(terms),
                    _ => found = None,
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// When the last of the tickets ends with which others are got, in seconds since 1970 by the KDC's clock, where that is known.
    pub(super) fn end(&self) -> Result<Option<u32>, Failure> {
        let mut last = None;
        self.each(|ticket| {
            if ticket.purpose()? == Purpose::Tickets {
                last = last.max(ticket.end());
            }
            Ok(())
        })?;
        Ok(last)
    }

    /// Whether there is a ticket for just this service that is good at that time by the KDC's clock, in seconds since 1970. Libraries keep
    /// each by the name that it was asked for, and MIT's by no other: of a host whose realm is not configured by `HTTP/host@`.
    pub(super) fn has(&self, service: &str, time: u64) -> Result<bool, Failure> {
        let mut has = false;
        self.each(|ticket| {
            let is_good = ticket.end().is_none_or(|end| u64::from(end) > time);
            has |= is_good && ticket.server()? == service;
            Ok(())
        })?;
        Ok(has)
    }

    /// The realm that a ticket kept for this service is from, where the library may keep one of another realm by its name: one of
    /// another, if there is one.
    pub(super) fn realm_of(&self, service: &str) -> Result<Option<String>, Failure> {
        let mut realm = None;
        let is_named = |realm: &str| service.ends_with(&format!("@{realm}"));
        self.each(|ticket| {
            if realm.as_deref().is_none_or(is_named) && ticket.server()? == service {
                realm = ticket.realm();
            }
            Ok(())
        })?;
        Ok(realm)
    }

    fn each(
        &self,
        mut act: impl FnMut(&mut Ticket<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (krb5, functions) = (self.krb5, self.krb5.functions());
        let mut cursor = NONE;
        // SAFETY: context and cache are of this library; the cursor lives until after the last call.
        let code =
            unsafe { (functions.krb5_cc_start_seq_get)(krb5.raw(), self.raw, &raw mut cursor) };
        krb5.check(code)?;
        let outcome = loop {
            let next = Ticket::filled(krb5, |ticket| {
                // SAFETY: as above; the ticket is empty, and room for one.
                unsafe {
                    (functions.krb5_cc_next_cred)(krb5.raw(), self.raw, &raw mut cursor, ticket)
                }
            });
            match next {
                Ok(mut ticket) => {
                    if let Err(failure) = act(&mut ticket) {
                        break Err(failure);
                    }
                }
                Err(end) if end.minor == END => break Ok(()),
                Err(failure) => break Err(failure),
            }
        };
        // SAFETY: the cursor was begun above, and is not used again.
        unsafe { (functions.krb5_cc_end_seq_get)(krb5.raw(), self.raw, &raw mut cursor) };
        outcome
    }

    fn initialize(&self, principal: RawPrincipal) -> Result<(), Failure> {
        let initialize = self.krb5.functions().krb5_cc_initialize;
        // SAFETY: all are of this library, and live until after the call, which copies the principal.
        self.krb5
            .check(unsafe { initialize(self.krb5.raw(), self.raw, principal) })
    }

    /// Has the cache know by how much the KDC's clock differs: as the context knows, else by so many seconds, for less than five minutes
    /// are none to Heimdal's library. MIT's does so by itself.
    fn note_offset(&self, ahead: i64) -> Result<(), Failure> {
        let Make::Heimdal(heimdal) = &self.library().make else {
            return Ok(());
        };
        let (mut seconds, mut microseconds) = (0, 0);
        let get = heimdal.krb5_get_kdc_sec_offset;
        // SAFETY: the context is one of this library; both pointers are to values that live until after the call.
        let code = unsafe { get(self.krb5.raw(), &raw mut seconds, &raw mut microseconds) };
        self.krb5.check(code)?;
        let offset = match seconds {
            0 => ahead,
            seconds => seconds.into(),
        };
        let set = heimdal.krb5_cc_set_kdc_offset;
        // SAFETY: context and cache are of this library.
        self.krb5
            .check(unsafe { set(self.krb5.raw(), self.raw, offset) })
    }

    fn take(&self, ticket: &mut Ticket<'_>, taken: Taken) -> Result<(), Failure> {
        match ticket.purpose()? {
            Purpose::Refreshment => Ok(()),
            Purpose::Service if taken == Taken::First => Ok(()),
            _ => self.store(ticket),
        }
    }

    fn store(&self, ticket: &mut Ticket<'_>) -> Result<(), Failure> {
        self.library().ensure_same(ticket.library())?;
        let store = self.krb5.functions().krb5_cc_store_cred;
        // SAFETY: all are of this library, and live until after the call, which copies the ticket.
        self.krb5
            .check(unsafe { store(self.krb5.raw(), self.raw, ticket.as_mut_ptr()) })
    }

    /// Removes it, with all that is in it.
    pub(super) fn destroy(self) {
        let destroy = self.krb5.functions().krb5_cc_destroy;
        // SAFETY: context and cache are of this library; destroying one closes it too, so that nothing is left to drop.
        unsafe { destroy(self.krb5.raw(), self.raw) };
        std::mem::forget(self);
    }

    pub(super) fn krb5(&self) -> &'k Krb5 {
        self.krb5
    }

    pub(super) fn library(&self) -> &'static Library {
        self.krb5.library()
    }

    pub(super) fn raw(&self) -> RawCache {
        self.raw
    }
}

impl Drop for Cache<'_> {
    fn drop(&mut self) {
        // SAFETY: the library opened it, and it is closed once, here.
        unsafe { (self.krb5.functions().krb5_cc_close)(self.krb5.raw(), self.raw) };
    }
}

#[cfg(all(test, feature = "counterparts"))]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests;
