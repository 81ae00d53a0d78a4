//! What the provider received, and waiting for it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;

use super::entry::{Entry, Kind};
use super::state::lock;

/// How many entries are kept, and about how many bytes of them: a provider may be left running for days.
const ENTRY_LIMIT: usize = 65_536;
const WEIGHT_LIMIT: usize = 256 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Log {
    kept: Mutex<Kept>,
    /// Signalled on every change, for those who wait with a thread and for those who wait with a task.
    changed: Condvar,
    /// Counts the changes; changed under the lock of `kept`.
    version: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Entry>,
    weight: usize,
    /// How many entries were dropped from the front.
    forgotten: usize,
    counts: [usize; Kind::COUNT],
}

/// Which entry a request became.
#[derive(Debug)]
pub(super) struct Ticket(usize);

impl Log {
    pub(super) fn new() -> Self {
        Self {
            kept: Mutex::default(),
            changed: Condvar::new(),
            version: watch::Sender::new(0),
        }
    }

    pub(super) fn record(&self, entry: Entry) -> Ticket {
        self.change(|kept| {
            kept.counts[entry.kind() as usize] += 1;
            kept.push(entry);
            Ticket(kept.forgotten + kept.entries.len() - 1)
        })
    }

    /// What became of the request; no status, if its connection was cut.
    pub(super) fn ended(&self, ticket: &Ticket, status: Option<StatusCode>, issued: Option<usize>) {
        self.change(|kept| {
            let index = ticket.0.checked_sub(kept.forgotten);
            if let Some(entry) = index.and_then(|index| kept.entries.get_mut(index)) {
                entry.ended(status, issued);
            }
        });
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        lock(&self.kept).entries.clone()
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        lock(&self.kept).counts[kind as usize]
    }

    // Both ways of waiting hand the predicate a copy, so that it may use the provider, which locks the log.

    pub(super) async fn wait_for(&self, mut predicate: impl FnMut(&[Entry]) -> bool) {
        // Subscribing before the first look: a change between look and wait would be missed.
        let mut version = self.version.subscribe();
        loop {
            version.borrow_and_update();
            if predicate(&self.entries()) {
                return;
            }
            // Fails only when the sender is gone, and `self` owns it.
            let _ = version.changed().await;
        }
    }

    pub(super) fn blocking_wait_for(
        &self,
        patience: Duration,
        mut predicate: impl FnMut(&[Entry]) -> bool,
    ) -> bool {
        loop {
            let (entries, seen) = {
                let kept = lock(&self.kept);
                (kept.entries.clone(), *self.version.borrow())
            };
            if predicate(&entries) {
                return true;
            }
            let unchanged = |_: &mut Kept| *self.version.borrow() == seen;
            let (kept, outcome) = self
                .changed
                .wait_timeout_while(lock(&self.kept), patience, unchanged)
                .unwrap_or_else(PoisonError::into_inner);
            drop(kept);
            if outcome.timed_out() {
                return false;
            }
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = lock(&self.kept);
        let result = change(&mut kept);
        self.version.send_modify(|version| *version += 1);
        self.changed.notify_all();
        result
    }
}

impl Kept {
    fn push(&mut self, entry: Entry) {
        self.weight += entry.weight();
        self.entries.push(entry);
        if self.entries.len() > ENTRY_LIMIT || self.weight > WEIGHT_LIMIT {
            // Half at once, so that the cost of moving the rest is spread over many requests.
            let half = self.entries.len() / 2;
            let older: usize = self.entries.drain(..half).map(|entry| entry.weight()).sum();
            self.weight -= older;
            self.forgotten += half;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::super::entry::Claims;
    use super::super::received::Received;
    use super::*;

    fn entry(path: usize, body: &Bytes) -> Entry {
        let received = Received {
            at: Duration::ZERO,
            kind: Kind::Api,
            connection: 1,
            head: Bytes::new(),
            method: Method::GET,
            path: path.to_string(),
            query: None,
            headers: HeaderMap::new(),
            body: body.clone(),
            too_large: false,
        };
        Entry::new(Arc::new(received), Claims::default(), None)
    }

    #[test]
    fn the_older_half_is_forgotten_when_there_are_too_many() {
        let log = Log::new();
        let mut tickets: Vec<_> = (0..ENTRY_LIMIT)
            .map(|n| log.record(entry(n, &Bytes::new())))
            .collect();
        assert_eq!(log.entries().len(), ENTRY_LIMIT);
        tickets.push(log.record(entry(ENTRY_LIMIT, &Bytes::new())));
        assert_eq!(log.count(Kind::Api), ENTRY_LIMIT + 1);
        let kept = log.entries();
        assert_eq!(kept.len(), ENTRY_LIMIT / 2 + 1);
        assert_eq!(kept[0].path(), (ENTRY_LIMIT / 2).to_string());

        // Answers still find their entries, or find them gone.
        log.ended(&tickets[0], Some(StatusCode::OK), None);
        log.ended(&tickets[ENTRY_LIMIT], Some(StatusCode::CREATED), None);
        let kept = log.entries();
        let (last, others) = kept.split_last().unwrap();
        assert_eq!(last.status(), Some(StatusCode::CREATED));
        assert!(others.iter().all(|entry| entry.status().is_none()));
        let next = log.record(entry(0, &Bytes::new()));
        log.ended(&next, Some(StatusCode::ACCEPTED), None);
        let kept = log.entries();
        assert_eq!(kept[kept.len() - 1].status(), Some(StatusCode::ACCEPTED));
    }

    #[test]
    fn the_older_half_is_forgotten_when_it_takes_too_much() {
        let log = Log::new();
        // One and the same allocation, which weighs as often as it is kept.
        let body = Bytes::from(vec![0; 1024 * 1024]);
        let fit = WEIGHT_LIMIT / entry(100, &body).weight();
        let mut kept = 0;
        for _twice in 0..2 {
            while kept < fit {
                log.record(entry(100, &body));
                kept += 1;
                assert_eq!(log.entries().len(), kept);
            }
            log.record(entry(100, &body));
            kept = log.entries().len();
            assert_eq!(kept, fit + 1 - fit.div_ceil(2));
        }
    }
}
