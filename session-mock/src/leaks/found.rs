//! What a search found.

use std::{
    fmt,
    io::{self, Write},
};

use super::{Capture, Place, rehearsal::Rehearsal};
use crate::{Leak, Search, Subject, canary, secrets::SHORTEST};

/// The secrets of a backend that were seen where they must not be: [`leak_check!`](crate::leak_check!) as a value.
///
/// It listens to the whole process: see there.
#[derive(Clone, Debug)]
pub struct Leaks {
    subject: &'static str,
    found: Vec<(Place, Vec<Leak>)>,
    skipped: Vec<String>,
}

impl Leaks {
    /// Puts a backend through all that can happen to it, and looks at what could be seen.
    ///
    /// # Panics
    ///
    /// When the subject names no [`secrets`](Subject::secrets), or one of fewer than 8 bytes; and when
    /// [`Capture::install`] does.
    pub fn of<S: Subject>() -> Self {
        let capture = Capture::install();
        assert_heard(&capture);
        let places = Place::ALL.iter().copied();
        let before: Vec<_> = places.map(|place| (place, capture.len(place))).collect();
        let rehearsal = Rehearsal::<S>::run(&capture);
        let configured = rehearsal.configured();
        assert!(
            !configured.is_empty(),
            "there is nothing to search for: give the subject `secrets`"
        );
        let long = |secret: &String| secret.len() >= SHORTEST;
        assert!(
            configured.iter().all(long),
            "a secret of fewer than {SHORTEST} bytes cannot be searched for; make it with `canary`"
        );
        let obtained = rehearsal
            .obtained
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST);
        let search = Search::new(
            configured
                .into_iter()
                .map(String::into_bytes)
                .chain(obtained),
        );
        let mut skipped = rehearsal.skipped;
        if !capture.text(Place::Metrics).contains("session.operations") {
            let reason = "`session-core` is built without its feature `metrics`";
            skipped.push(format!("the engine's metrics: {reason}"));
        }
        Self {
            subject: std::any::type_name::<S>(),
            found: before
                .into_iter()
                .map(|(place, length)| (place, search.leaks(&capture.since(place, length))))
                .collect(),
            skipped,
        }
    }

    /// What was found there.
    pub fn found(&self, place: Place) -> &[Leak] {
        let mut found = self.found.iter();
        let found = found.find(|(known, _)| *known == place);
        found.map(|(_, leaks)| leaks.as_slice()).unwrap_or_default()
    }

    /// What could not be looked at, and why.
    pub fn skipped(&self) -> impl Iterator<Item = &str> {
        self.skipped.iter().map(String::as_str)
    }

    /// A test that nothing was found there. Says on standard error what could not be looked at.
    ///
    /// # Panics
    ///
    /// When something was.
    #[track_caller]
    pub fn assert_none(&self, place: Place) {
        if place == Place::Shown {
            for skipped in self.skipped() {
                let line = format!("leak check of {}: skipped {skipped}\n", self.subject);
                // Without a standard error there is nobody to tell.
                let _ = io::stderr().lock().write_all(line.as_bytes());
            }
        }
        let leaks = self.found(place);
        assert!(
            leaks.is_empty(),
            "{} leaks, such as {:#?}",
            leaks.len(),
            &leaks[..leaks.len().min(5)]
        );
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, leaks) in &self.found {
            writeln!(f, "{place:?}: {} leaks", leaks.len())?;
        }
        self.skipped()
            .try_for_each(|skipped| writeln!(f, "skipped {skipped}"))
    }
}

/// What nobody hears, nobody finds.
fn assert_heard(capture: &Capture) {
    let markers = [canary(), canary(), canary()];
    tracing::trace!(marker = markers[0]);
    log::trace!("{}", markers[1]);
    metrics::counter!("session.leak_check", "marker" => markers[2].clone()).increment(1);
    let search = Search::new(&markers[..2]);
    let heard = search.leaks(&capture.text(Place::Logs)).len();
    assert_eq!(
        heard, 2,
        "log lines are not heard at every level; is one compiled without TRACE?"
    );
    let metrics = Search::new(&markers[2..]).leaks(&capture.text(Place::Metrics));
    assert!(!metrics.is_empty(), "metrics are not heard");
}
