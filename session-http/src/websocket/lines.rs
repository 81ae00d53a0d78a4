//! The websockets of a session.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::line::{Line, WeakLine};

/// All connections that have become websockets, to be cut when the session closes.
#[derive(Default)]
pub(crate) struct Lines(Mutex<List>);

#[derive(Default)]
struct List {
    /// Held weakly: one that is dropped is closed.
    lines: Vec<WeakLine>,
    cuts: u64,
}

impl Lines {
    /// How often all have been cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.list().cuts
    }

    /// Keeps one that was asked for when this was the number of cuts: if there was another since, it is cut too.
    pub(crate) fn keep(&self, line: &Line, cuts: u64) {
        let mut list = self.list();
        list.lines.retain(|line| line.upgrade().is_some());
        if list.cuts == cuts {
            list.lines.push(line.downgrade());
        } else {
            drop(list);
            line.cut();
        }
    }

    /// Cuts all of them.
    pub(crate) fn cut(&self) {
        let lines = {
            let mut list = self.list();
            list.cuts += 1;
            std::mem::take(&mut list.lines)
        };
        for line in lines.iter().filter_map(WeakLine::upgrade) {
            line.cut();
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
