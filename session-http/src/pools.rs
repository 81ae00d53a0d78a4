//! Clients, each with connections of its own.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use session_core::Result;
use tokio::runtime::{self, Handle};

use crate::{lifeline::Lifeline, recipe::Made, tunnel::Tunnel};

/// A pool of connections for each runtime and route.
///
/// A request finds its pool without a lock, and without writing to memory that threads share.
pub(crate) struct Pools<R> {
    list: ArcSwap<List<R>>,
    /// Held by who changes the list.
    changing: Mutex<()>,
}

struct List<R> {
    pools: Vec<Arc<Pool<R>>>,
    era: Era,
    /// Counts the pools made so far, and so is the time by which their use is known.
    made: u64,
}

/// Goes up with each disconnect. What a request has from an older one than the present is not for others: nobody would close it.
pub(crate) type Era = u64;

struct Pool<R> {
    runtime: runtime::Id,
    route: R,
    made: Made,
    lifeline: Lifeline,
    /// When it was used last.
    used: AtomicU64,
}

impl<R: Copy + PartialEq> Pools<R> {
    /// How many there are at most.
    pub(crate) const MOST: usize = 128;

    /// Calls a function with the client of this runtime for this route, or gives back what it was to be called with.
    pub(crate) fn known<T, A>(
        &self,
        runtime: &Handle,
        route: R,
        argument: A,
        call: impl FnOnce(&reqwest::Client, A) -> T,
    ) -> Result<T, A> {
        let list = self.list.load();
        // First of all: the number of a runtime that ended may be another's by now.
        let is_clean = !list.pools.iter().any(|pool| pool.is_dead());
        match list.find(runtime.id(), route).filter(|_| is_clean) {
            Some(pool) => {
                if pool.used.load(Ordering::Relaxed) != list.made {
                    pool.used.store(list.made, Ordering::Relaxed);
                }
                Ok(call(&pool.made.client, argument))
            }
            None => Err(argument),
        }
    }

    /// The client of this runtime for this route, which is built if there is none; for a request that began in this era.
    ///
    /// # Errors
    ///
    /// Whatever building fails with.
    pub(crate) async fn make<F: Future<Output = Result<Made>>>(
        &self,
        runtime: &Handle,
        route: R,
        era: Era,
        build: impl FnOnce() -> F,
    ) -> Result<reqwest::Client> {
        let known = self.change(|list| list.find(runtime.id(), route).cloned());
        if let Some(known) = known {
            return Ok(known.made.client.clone());
        }
        // Without the lock: it reads files, and may run the caller's code.
        let made = build().await?;
        let pool = Arc::new(Pool {
            runtime: runtime.id(),
            route,
            made,
            lifeline: Lifeline::of(runtime),
            used: AtomicU64::default(),
        });
        // Somebody else may have been as quick.
        let pool = self.change(|list| {
            let known = list.find(runtime.id(), route).cloned();
            known.unwrap_or_else(|| {
                if era < list.era {
                    return Arc::clone(&pool);
                }
                list.add(&pool)
            })
        });
        Ok(pool.made.client.clone())
    }

    /// Drops all of them: from now on it is this era.
    pub(crate) fn clear(&self, era: Era) {
        self.change(|list| {
            list.pools.clear();
            list.era = list.era.max(era);
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.list.load().pools.len()
    }

    /// Changes the list, after dropping what is dead.
    fn change<T>(&self, change: impl FnOnce(&mut List<R>) -> T) -> T {
        let changing = self.changing.lock();
        let changing = changing.unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list.load().living();
        let outcome = change(&mut list);
        let replaced = self.list.swap(Arc::new(list));
        // What it alone holds is dropped without the lock: a client has code of the caller's.
        drop(changing);
        drop(replaced);
        outcome
    }
}

impl<R> Pool<R> {
    /// Whether its runtime has ended, or its proxy has refused credentials that may have been replaced since.
    fn is_dead(&self) -> bool {
        self.lifeline.has_ended() || self.made.tunnel.as_ref().is_some_and(Tunnel::is_refused)
    }
}

impl<R: Copy + PartialEq> List<R> {
    fn find(&self, runtime: runtime::Id, route: R) -> Option<&Arc<Pool<R>>> {
        let is_it = |pool: &&Arc<Pool<R>>| pool.runtime == runtime && pool.route == route;
        self.pools.iter().find(is_it)
    }

    fn living(&self) -> Self {
        let living = self.pools.iter().filter(|pool| !pool.is_dead());
        Self {
            pools: living.cloned().collect(),
            era: self.era,
            made: self.made,
        }
    }

    /// Adds a pool, for which the one that was used least recently may have to go.
    fn add(&mut self, pool: &Arc<Pool<R>>) -> Arc<Pool<R>> {
        if self.pools.len() >= Pools::<R>::MOST {
            let used = |at: &usize| self.pools[*at].used.load(Ordering::Relaxed);
            if let Some(oldest) = (0..self.pools.len()).min_by_key(used) {
                self.pools.remove(oldest);
            }
        }
        self.made += 1;
        pool.used.store(self.made, Ordering::Relaxed);
        self.pools.push(Arc::clone(pool));
        Arc::clone(pool)
    }
}

impl<R> Default for Pools<R> {
    fn default() -> Self {
        let list = List {
            pools: Vec::new(),
            era: 0,
            made: 0,
        };
        Self {
            list: ArcSwap::from_pointee(list),
            changing: Mutex::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use session_core::{Error, ErrorKind};

    use super::*;

    /// How many clients are built when these routes are asked for one after the other.
    async fn built(pools: &Pools<usize>, routes: impl IntoIterator<Item = usize>) -> usize {
        let count = Cell::new(0);
        for route in routes {
            let build = async || {
                count.set(count.get() + 1);
                let builder = reqwest::Client::builder().tls_certs_only([]);
                Ok(Made {
                    client: builder.build().expect("TLS is set up"),
                    tunnel: None,
                })
            };
            let runtime = Handle::current();
            if pools.known(&runtime, route, (), |_, ()| ()).is_err() {
                let made = pools.make(&runtime, route, Era::MAX, build).await;
                made.expect("a client is built");
            }
        }
        count.get()
    }

    #[tokio::test]
    async fn what_was_not_used_for_longest_makes_room() {
        let pools = Pools::default();
        let most = Pools::<usize>::MOST;
        assert_eq!(built(&pools, [0, 0, 1, 0, 1]).await, 2);
        assert_eq!(built(&pools, 2..most).await, most - 2);
        assert_eq!(built(&pools, [0, 2]).await, 0);
        assert_eq!(built(&pools, [most, most + 1]).await, 2);
        assert_eq!(pools.len(), most);
        assert_eq!(built(&pools, [0, 2, most, most + 1]).await, 0);
        assert_eq!(built(&pools, [1, 3]).await, 2);
    }

    #[tokio::test]
    async fn what_cannot_be_built_is_tried_again_and_what_was_dropped_is_built_again() {
        let pools = Pools::default();
        let broken = async || Err(Error::new(ErrorKind::Config, "no certificate authorities"));
        let error = pools.make(&Handle::current(), 0, 0, broken).await;
        assert_eq!(
            error.map(drop).map_err(|error| error.kind()),
            Err(ErrorKind::Config)
        );
        assert_eq!(built(&pools, [0]).await, 1);
        pools.clear(1);
        assert_eq!((pools.len(), built(&pools, [0]).await), (0, 1));
    }
}
