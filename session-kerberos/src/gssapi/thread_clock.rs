//! The clock that a thread's calls go by.

use super::{
    functions::HeimdalFunctions,
    library::{Library, Make},
};

/// While it is there, what this thread asks of the library goes by a KDC's clock: dropped, it leaves the thread's as it was.
///
/// Heimdal's library has a clock for each thread, and sets it by a cache only where it goes to a KDC. By any other it would take a
/// ticket that is good for one that has ended, and go to the KDC for another; or write a time into a token that no server takes. MIT's
/// has what it needs from the cache.
pub(super) struct ThreadClock(Option<Set>);

struct Set {
    heimdal: &'static HeimdalFunctions,
    /// By how many seconds it was ahead before.
    before: i32,
}

impl ThreadClock {
    /// One that is so many seconds ahead of this machine's.
    pub(super) fn ahead(library: &'static Library, seconds: i32) -> Self {
        let Make::Heimdal(heimdal) = &library.make else {
            return Self(None);
        };
        let before = get(heimdal).unwrap_or(0);
        set(heimdal, seconds);
        Self(Some(Set { heimdal, before }))
    }
}

impl Drop for ThreadClock {
    fn drop(&mut self) {
        // Also where the library has set it meanwhile.
        if let Some(Set { heimdal, before }) = self.0 {
            set(heimdal, before);
        }
    }
}

/// Sets it. What the library makes of a number is a second less, for it cuts off what has passed of the current one; and two less where
/// a second ends meanwhile.
fn set(heimdal: &HeimdalFunctions, seconds: i32) {
    const ATTEMPTS: usize = 3;
    for _ in 0..ATTEMPTS {
        if get(heimdal).is_none_or(|now| now == seconds) {
            return;
        }
        // SAFETY: it takes a number, and what it changes is this thread's.
        unsafe { (heimdal.gsskrb5_set_time_offset)(seconds.saturating_add(1)) };
    }
}

/// By how many seconds it is ahead; none where the library does not say.
fn get(heimdal: &HeimdalFunctions) -> Option<i32> {
    let mut seconds = 0;
    // SAFETY: the pointer is to a value that lives until after the call.
    let major = unsafe { (heimdal.gsskrb5_get_time_offset)(&raw mut seconds) };
    (major == 0).then_some(seconds)
}

#[cfg(all(test, feature = "counterparts"))]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_threads_clock_is_set_for_as_long_as_it_is_to_be_and_then_what_it_was() {
        let library = Library::find(Some("libgssapi.so.3")).unwrap();
        let Make::Heimdal(heimdal) = &library.make else {
            panic!("it is Heimdal's");
        };
        // Asked while one second becomes another, the library is wrong by one.
        let is_ahead = |seconds: i32| get(heimdal).unwrap().abs_diff(seconds) <= 1;
        assert!(is_ahead(0));
        for _ in 0..10 {
            let outer = ThreadClock::ahead(library, 1200);
            assert!(is_ahead(1200));
            let inner = ThreadClock::ahead(library, -72_000);
            assert!(is_ahead(-72_000));
            drop(inner);
            assert!(is_ahead(1200));
            drop(outer);
            assert!(is_ahead(0));
        }
    }
}
