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

/// How many copies there are at most: enough for threads not to meet often, few enough to hold for
/// every session that many threads use.
const COPIES: usize = 16;

/// A value, and copies of it for threads that would meet at its reference count.
///
/// The copies belong to the credential and not to the threads: they go, and are wiped, with it, whatever
/// idle threads do.
#[derive(Debug)]
pub(crate) struct Copies {
    original: Headers,
    others: OnceLock<Box<[Padded; COPIES - 1]>>,
}

pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(OnceLock<Headers>);

impl Copies {
    pub(crate) fn new(original: Headers) -> Self {
        Self {
            original,
            others: OnceLock::new(),
        }
    }

    /// The copy for this thread, made when it first asks.
    pub(crate) fn mine(&self) -> &Headers {
        // The first thread, which is the only one of many programs, needs no copy.
        let Some(other) = (thread_number() % COPIES).checked_sub(1) else {
            return &self.original;
        };
        let others = self.others.get_or_init(Box::default);
        others[other]
            .0
            .get_or_init(|| self.original.iter().map(copy).collect())
    }
}

fn copy((name, value): &(HeaderName, HeaderValue)) -> (HeaderName, HeaderValue) {
    let mut copy = HeaderValue::from_maybe_shared(Secret::new(value.as_bytes()).bytes())
        .expect("the bytes of a valid header value form a valid one");
    copy.set_sensitive(value.is_sensitive());
    (name.clone(), copy)
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
