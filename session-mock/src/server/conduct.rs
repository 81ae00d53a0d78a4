//! How the provider treats requests of one kind, as scripted at present.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

use super::outage::Outage;
use super::state::lock;

#[derive(Debug, Default)]
pub(super) struct Conduct {
    /// How many [`Hold`]s there are.
    holds: watch::Sender<usize>,
    delay: Mutex<Duration>,
    outages: Mutex<Outages>,
}

#[derive(Debug, Default)]
struct Outages {
    /// What the next requests meet, each with the number of them that still are to, never 0. `None` is the true answer.
    next: VecDeque<(usize, Option<Outage>)>,
    standing: Option<Outage>,
}

/// What one request gets, settled when it arrives.
pub(super) struct Treatment {
    delay: Duration,
    /// Tells when the request is no longer held; `None`: it is not held.
    release: Option<watch::Receiver<usize>>,
    pub(super) outage: Option<Outage>,
}

impl Conduct {
    /// The treatment of a request that arrives now. To be called before the request can be seen in the log: whoever has
    /// seen it there may change the script, and means the requests that come after.
    pub(super) fn treatment(&self) -> Treatment {
        let release = self.holds.subscribe();
        let held = *release.borrow() > 0;
        Treatment {
            delay: *lock(&self.delay),
            release: held.then_some(release),
            outage: lock(&self.outages).meet(),
        }
    }

    pub(super) fn hold(&self) -> Hold {
        self.holds.send_modify(|holds| *holds += 1);
        Hold(self.holds.clone())
    }

    pub(super) fn set_delay(&self, delay: Duration) {
        *lock(&self.delay) = delay;
    }

    pub(super) fn fail(&self, outage: Outage) {
        lock(&self.outages).standing = Some(outage);
    }

    pub(super) fn treat_next(&self, times: usize, outage: Option<Outage>) {
        if times > 0 {
            lock(&self.outages).next.push_back((times, outage));
        }
    }

    pub(super) fn recover(&self) {
        *lock(&self.outages) = Outages::default();
    }
}

impl Treatment {
    /// Returns when the request may be answered.
    pub(super) async fn pause(&mut self) {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        if let Some(release) = &mut self.release {
            // Fails only when no sender is left, and who holds the provider's state holds one.
            let _ = release.wait_for(|holds| *holds == 0).await;
        }
    }
}

impl Outages {
    fn meet(&mut self) -> Option<Outage> {
        let Some((times, outage)) = self.next.front_mut() else {
            return self.standing.clone();
        };
        *times -= 1;
        let (left, outage) = (*times, outage.clone());
        if left == 0 {
            self.next.pop_front();
        }
        outage
    }
}

/// Holds back answers until it is released or dropped; made by [`Provider::hold`](super::Provider::hold).
#[must_use = "answers are held back only as long as this lives"]
pub struct Hold(watch::Sender<usize>);

impl Hold {
    /// Lets the provider answer what waits, and what comes, unless another `Hold` still holds it back.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|holds| *holds -= 1);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}
