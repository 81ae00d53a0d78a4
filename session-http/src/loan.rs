//! Connections lent for one exchange each.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::runtime::{self, Handle};

use crate::{gate::Gate, lifeline::Lifeline, pools::Era, recipe::Route};

/// Connections that nobody has at the moment, and how those that somebody has come back.
#[derive(Default)]
pub(crate) struct Loans(Mutex<All>);

#[derive(Default)]
struct All {
    /// What was lent to requests that began in an older one is not taken back.
    era: Era,
    /// The one that came back last is last.
    idle: Vec<Single>,
}

/// An origin, and by which route it is reached.
pub(crate) type Target = (String, Route);

/// A client with a connection of its own, and no other.
struct Single {
    runtime: runtime::Id,
    target: Target,
    client: reqwest::Client,
    gate: Gate,
    lifeline: Lifeline,
}

impl Loans {
    /// How many idle connections are kept at most.
    const MOST_IDLE: usize = 64;

    /// One to this target that was opened by this runtime.
    pub(crate) fn idle(this: &Arc<Self>, runtime: runtime::Id, target: &Target) -> Option<Loan> {
        let (gone, single, era) = {
            let mut all = this.all();
            // First of all: the number of a runtime that ended may be another's by now.
            let gone: Vec<_> = all
                .idle
                .extract_if(.., |single| single.lifeline.has_ended())
                .collect();
            let is_it = |single: &Single| single.runtime == runtime && single.target == *target;
            let at = all.idle.iter().rposition(is_it);
            (gone, at.map(|at| all.idle.remove(at)), all.era)
        };
        drop(gone);
        Some(Loan::new(this, single?, era, false))
    }

    /// The one of a client that is new, for a request that began in this era.
    pub(crate) fn fresh(
        this: &Arc<Self>,
        runtime: &Handle,
        era: Era,
        target: Target,
        client: reqwest::Client,
        gate: Gate,
    ) -> Loan {
        let single = Single {
            runtime: runtime.id(),
            target,
            client,
            gate,
            lifeline: Lifeline::of(runtime),
        };
        Loan::new(this, single, era, true)
    }

    /// Closes those that are idle, and takes none back that is not: from now on it is this era.
    pub(crate) fn call_in(&self, era: Era) {
        let mut all = self.all();
        all.era = all.era.max(era);
        let idle = std::mem::take(&mut all.idle);
        drop(all);
        drop(idle);
    }

    fn take_back(&self, single: Single, era: Era) {
        let mut all = self.all();
        if era < all.era {
            // Dropped without the lock, as those below.
            drop(all);
            return;
        }
        let evicted = (all.idle.len() >= Self::MOST_IDLE).then(|| all.idle.remove(0));
        all.idle.push(single);
        drop(all);
        drop(evicted);
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Loans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loans({} idle)", self.all().idle.len())
    }
}

/// A connection for one exchange. Dropped, it is closed: a dialogue that was broken off may have left something behind on it.
pub(crate) struct Loan {
    loans: Weak<Loans>,
    single: Option<Single>,
    era: Era,
    pub(crate) is_fresh: bool,
    is_done: bool,
}

impl Loan {
    fn new(loans: &Arc<Loans>, single: Single, era: Era, is_fresh: bool) -> Self {
        Self {
            loans: Arc::downgrade(loans),
            single: Some(single),
            era,
            is_fresh,
            is_done: false,
        }
    }

    /// The client for the next request of the exchange, to be sent when the answer to the one before has been read.
    pub(crate) fn client(&self) -> reqwest::Client {
        let single = self
            .single
            .as_ref()
            .expect("it is there until the loan is dropped");
        single.client.clone()
    }

    /// Says whether a request waits for this connection, and no other.
    pub(crate) fn set_awaited(&self, awaited: bool) {
        if let Some(single) = &self.single {
            single.gate.set_awaited(awaited);
        }
    }

    /// The exchange is over: gives the connection back as soon as its last answer is dropped.
    pub(crate) fn end_with(mut self, answer: &mut reqwest::Response) {
        self.is_done = true;
        answer.extensions_mut().insert(Arc::new(self));
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.set_awaited(false);
        if let (true, Some(single), Some(loans)) =
            (self.is_done, self.single.take(), self.loans.upgrade())
        {
            loans.take_back(single, self.era);
        }
    }
}

#[cfg(test)]
mod tests {
    use session_core::Transport;
    use tokio::runtime::Builder;

    use super::*;
    use crate::recipe::{Purpose, Recipe};

    #[test]
    fn those_of_a_runtime_that_ended_are_dropped() {
        let loans = Arc::<Loans>::default();
        let [one, other] = [(), ()].map(|()| Builder::new_current_thread().build().unwrap());
        let client = reqwest::Client::builder().tls_certs_only([]);
        let client = client.build().unwrap();
        let recipe = Recipe::new(&Transport::default());
        let url = "https://o.test".parse().unwrap();
        let target = ("o".to_owned(), recipe.route(&url, Purpose::Session));
        let loan = Loans::fresh(
            &loans,
            one.handle(),
            0,
            target.clone(),
            client,
            Gate::default(),
        );
        let mut answer = reqwest::Response::from(http::Response::new(""));
        loan.end_with(&mut answer);
        assert_eq!(format!("{loans:?}"), "Loans(0 idle)");
        drop(answer);
        assert!(Loans::idle(&loans, other.handle().id(), &target).is_none());
        assert_eq!(format!("{loans:?}"), "Loans(1 idle)");
        drop(one);
        assert!(Loans::idle(&loans, other.handle().id(), &target).is_none());
        assert_eq!(format!("{loans:?}"), "Loans(0 idle)");
    }
}
