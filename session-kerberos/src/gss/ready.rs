//! Services whose tickets are there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::gssapi::{Credential, Failure, INDEFINITE};

/// Services for which tokens can be made without asking anybody: no KDC, for the ticket is in the cache, and no DNS, for their
/// principals are known. That is computation, and no more reason to leave a thread than a TLS handshake is; beside that, MIT's library
/// looks whether the files of its configuration have changed, and reads those that have.
///
/// With credentials of their own: those of the workers are locked while a library waits for a KDC. To acquire one takes no more than
/// to make a token by it.
#[derive(Default)]
pub(super) struct Ready {
    services: RwLock<BTreeMap<String, Service>>,
    credentials: [OnceLock<Arc<Credential>>; SLOTS],
}

/// As many threads get along without waiting for each other; if there are more, they do for as long as a token takes.
const SLOTS: usize = 16;

#[derive(Clone)]
enum Service {
    Ready {
        principal: Arc<str>,
        until: SystemTime,
    },
    /// There is no ticket for it by the name that it goes by, so that nobody but the library knows which is; or its ticket is about to
    /// end. Until then that is not looked at again.
    Unfit { until: SystemTime },
}

impl Ready {
    /// How many services are remembered at most.
    const MOST_SERVICES: usize = 256;

    /// For what may happen between looking at the clock and using the ticket.
    const MARGIN: Duration = Duration::from_secs(10);

    /// After how long an unfit service is looked at again: more often than tickets are renewed.
    const AGAIN: Duration = Duration::from_secs(60);

    /// The principal that a service is, if its ticket is good.
    pub(super) fn get(&self, service: &str) -> Option<Arc<str>> {
        let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
        match services.get(service)? {
            Service::Ready { principal, until } if now() < *until => Some(Arc::clone(principal)),
            _ => None,
        }
    }

    /// All services whose tickets are good.
    pub(super) fn services(&self) -> Vec<String> {
        let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        let ready = services
            .iter()
            .filter(|(_, service)| matches!(service, Service::Ready { until, .. } if now < *until));
        ready.map(|(name, _)| name.clone()).collect()
    }

    /// Whether there is nothing to be learned of a service.
    pub(super) fn knows(&self, service: &str) -> bool {
        let services = self.services.read().unwrap_or_else(PoisonError::into_inner);
        match services.get(service) {
            Some(Service::Ready { until, .. } | Service::Unfit { until }) => now() < *until,
            None => false,
        }
    }

    /// Remembers what was learned: a principal, and for how many seconds its ticket is good. Which principal a name is may change before
    /// that: to find out takes a worker, and all of them may be waiting for a KDC.
    pub(super) fn set(&self, service: &str, learned: Option<(String, u32)>) {
        let learned = learned.and_then(|(principal, lifetime)| {
            let day = Duration::from_secs(24 * 3600);
            let lifetime = match lifetime {
                INDEFINITE => day,
                seconds => Duration::from_secs(seconds.into()).min(day),
            };
            let lifetime = lifetime.checked_sub(Self::MARGIN)?;
            Some((principal.into(), now().checked_add(lifetime)?))
        });
        let learned = match learned {
            Some((principal, until)) => Service::Ready { principal, until },
            None => Service::Unfit {
                until: now() + Self::AGAIN,
            },
        };
        let mut services = self
            .services
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if services.len() >= Self::MOST_SERVICES {
            services.clear();
        }
        services.insert(service.to_owned(), learned);
    }

    pub(super) fn forget(&self, service: &str) {
        let services = self.services.write();
        services
            .unwrap_or_else(PoisonError::into_inner)
            .remove(service);
    }

    /// That of this thread.
    pub(super) fn credential(
        &self,
        acquire: impl FnOnce() -> Result<Credential, Failure>,
    ) -> Result<Arc<Credential>, Failure> {
        acquired(&self.credentials[slot()], acquire)
    }
}

/// What is in that place. Whoever finds none there acquires one, and waits for nobody else who does.
pub(super) fn acquired(
    place: &OnceLock<Arc<Credential>>,
    acquire: impl FnOnce() -> Result<Credential, Failure>,
) -> Result<Arc<Credential>, Failure> {
    if let Some(credential) = place.get() {
        return Ok(Arc::clone(credential));
    }
    let credential = Arc::new(acquire()?);
    Ok(Arc::clone(place.get_or_init(|| credential)))
}

/// The library looks at this clock too.
#[expect(
    clippy::disallowed_methods,
    reason = "tickets are good until a time of day, which the library looks up itself"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

fn slot() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SLOT: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SLOTS;
    }
    SLOT.with(|slot| *slot)
}
