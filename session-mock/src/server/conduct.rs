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
    /// Each with the number of requests that it is still to meet, never 0.
    next: VecDeque<(usize, Outage)>,
    standing: Option<Outage>,
}

impl Conduct {
    /// Returns when the request may be answered.
    pub(super) async fn pause(&self) {
        let delay = *lock(&self.delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        // Fails only when the sender is gone, and `self` owns it.
        let _ = self.holds.subscribe().wait_for(|holds| *holds == 0).await;
    }

    /// The outage that the request meets, if one is scripted.
    pub(super) fn outage(&self) -> Option<Outage> {
        let mut outages = lock(&self.outages);
        let Some((times, outage)) = outages.next.front_mut() else {
            return outages.standing.clone();
        };
        *times -= 1;
        let (left, outage) = (*times, outage.clone());
        if left == 0 {
            outages.next.pop_front();
        }
        Some(outage)
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

    pub(super) fn fail_next(&self, times: usize, outage: Outage) {
        if times > 0 {
            lock(&self.outages).next.push_back((times, outage));
        }
    }

    pub(super) fn recover(&self) {
        *lock(&self.outages) = Outages::default();
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
