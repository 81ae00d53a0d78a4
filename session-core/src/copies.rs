//! Headers ready to send, without a reference count that all threads write.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::{HeaderName, HeaderValue};

use crate::Secret;

/// How many copies there are at most, beside the original: enough for threads not to meet often, few enough to
/// hold for every session that many threads use.
const COPIES: usize = 15;

/// A value, and copies of it for threads that would meet at its reference count.
///
/// The copies belong to the credential and not to the threads: they go, and are wiped, with it, whatever
/// idle threads do.
#[derive(Debug)]
pub(crate) struct Copies {
    /// Of the credential.
    serial: u64,
    original: Headers,
    others: OnceLock<Box<[Padded; COPIES]>>,
}

pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(OnceLock<Headers>);

impl Copies {
    pub(crate) fn new(original: Headers, serial: u64) -> Self {
        Self {
            serial,
            original,
            others: OnceLock::new(),
        }
    }

    /// The copy for this thread, made when it asks for the second time in a row: many sessions that are used
    /// now and then, as those of a server's users, get along without copies.
    pub(crate) fn mine(&self) -> &Headers {
        // The first thread, which is the only one of many programs, needs no copy.
        let Some(other) = (thread_number() % (COPIES + 1)).checked_sub(1) else {
            return &self.original;
        };
        if !is_used_again(self.serial) {
            return &self.original;
        }
        let others = self.others.get_or_init(Box::default);
        others[other]
            .0
            .get_or_init(|| self.original.iter().map(copy).collect())
    }
}

/// Whether this thread used this credential before, and not two others in its place since.
fn is_used_again(serial: u64) -> bool {
    /// Enough for the few sessions that a program has side by side.
    const PLACES: usize = 8;
    thread_local! {
        static LAST: [[Cell<u64>; 2]; PLACES] = const { [const { [const { Cell::new(0) }; 2] }; PLACES] };
    }
    let is_known = |last: &[[Cell<u64>; 2]; PLACES]| {
        let [latest, earlier] = &last[serial as usize % PLACES];
        if latest.get() == serial || earlier.get() == serial {
            return true;
        }
        earlier.set(latest.replace(serial));
        false
    };
    LAST.try_with(is_known).unwrap_or_default()
}

fn copy((name, value): &(HeaderName, HeaderValue)) -> (HeaderName, HeaderValue) {
    let copy = Secret::new(value.as_bytes())
        .header_value()
        .expect("the bytes of a valid header value form a valid one");
    // A name that was made at run time has a reference count too.
    let name = HeaderName::from_bytes(name.as_str().as_bytes())
        .expect("the bytes of a header's name form one");
    (name, copy)
}

/// Numbers the threads that authorize requests, from 0.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    // A thread at its end, whose number is gone, shares the original.
    NUMBER
        .try_with(|number| {
            number.get().unwrap_or_else(|| {
                let mine = NEXT.fetch_add(1, Ordering::Relaxed);
                number.set(Some(mine));
                mine
            })
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Arc, Barrier},
        thread,
    };

    use super::*;

    /// Where the bytes lie that each of so many threads gets.
    fn addresses(copies: &Arc<Copies>, threads: usize) -> BTreeSet<usize> {
        let together = Arc::new(Barrier::new(threads));
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let (copies, together) = (Arc::clone(copies), Arc::clone(&together));
                thread::spawn(move || {
                    let address = || copies.mine()[0].1.as_bytes().as_ptr().addr();
                    assert_eq!(address(), copies.original[0].1.as_bytes().as_ptr().addr());
                    let first = address();
                    together.wait();
                    assert_eq!(address(), first, "a thread keeps its copy");
                    first
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect()
    }

    #[test]
    fn threads_have_copies_of_their_own_but_not_without_end() {
        let value = HeaderValue::from_static("Bearer t");
        let copies = Arc::new(Copies::new(vec![(http::header::AUTHORIZATION, value)], 7));
        assert_eq!(addresses(&copies, 16).len(), 16);
        assert_eq!(addresses(&copies, 40).len(), 16);
        let (name, value) = &copies.mine()[0];
        assert_eq!(
            (name.as_str(), value.as_bytes()),
            ("authorization", b"Bearer t".as_slice())
        );
    }
}
