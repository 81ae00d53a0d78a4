//! How much is worked on at once.

use std::sync::Mutex;

use super::entry::Kind;
use super::state::lock;

#[derive(Debug, Default)]
pub(super) struct Load([Mutex<Requests>; Kind::COUNT]);

/// Requests of one kind that have arrived and are neither answered nor cut off.
#[derive(Debug, Default)]
struct Requests {
    now: usize,
    most: usize,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct AtWork<'a>(&'a Mutex<Requests>);

impl Load {
    pub(super) fn begin(&self, kind: Kind) -> AtWork<'_> {
        let requests = &self.0[kind as usize];
        let mut counted = lock(requests);
        counted.now += 1;
        counted.most = counted.most.max(counted.now);
        AtWork(requests)
    }

    pub(super) fn most(&self, kind: Kind) -> usize {
        lock(&self.0[kind as usize]).most
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        lock(self.0).now -= 1;
    }
}
