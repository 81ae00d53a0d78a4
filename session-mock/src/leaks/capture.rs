//! Everything that a process lets be seen.

use std::{
    collections::HashMap,
    fmt::{self, Debug, Write},
    panic,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::Place;
use crate::Search;
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata as MetricMetadata, Recorder, SharedString,
    Unit,
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::Interest,
};

/// Everything that this process lets be seen: its log at every level, by `tracing` and by `log`, its panics, its metrics,
/// and what is [noted](Self::note).
///
/// There is one for a process. Clones are the same.
#[derive(Clone)]
pub struct Capture(Arc<Mutex<HashMap<Place, String>>>);

impl Capture {
    /// Listens to all of the process from now on, if that has not begun.
    ///
    /// # Panics
    ///
    /// When something else listens to its log or its metrics.
    pub fn install() -> Self {
        static CAPTURE: OnceLock<Capture> = OnceLock::new();
        CAPTURE.get_or_init(Self::listen).clone()
    }

    /// Adds a text.
    pub fn note(&self, place: Place, text: &str) {
        let mut texts = self.texts();
        let known = texts.entry(place).or_default();
        known.push_str(text);
        known.push('\n');
    }

    /// All that was seen in a place so far, in lines.
    pub fn text(&self, place: Place) -> String {
        self.texts().get(&place).cloned().unwrap_or_default()
    }

    /// How much was seen in a place so far.
    pub(super) fn len(&self, place: Place) -> usize {
        self.texts().get(&place).map_or(0, String::len)
    }

    /// What was seen in a place since there was so much of it.
    pub(super) fn since(&self, place: Place, length: usize) -> String {
        let texts = self.texts();
        let text = texts.get(&place).map_or("", String::as_str);
        text.get(length..).unwrap_or_default().to_owned()
    }

    fn listen() -> Self {
        const ALONE: &str =
            "searches listen to the whole process, and so need a test binary of their own";
        let capture = Self(Arc::default());
        tracing::subscriber::set_global_default(Traces::new(&capture)).expect(ALONE);
        log::set_boxed_logger(Box::new(Lines(capture.clone()))).expect(ALONE);
        log::set_max_level(log::LevelFilter::Trace);
        metrics::set_global_recorder(Meter(capture.clone())).expect(ALONE);
        let (listener, earlier) = (capture.clone(), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            listener.note(Place::Panics, &panic.to_string());
            earlier(panic);
        }));
        capture
    }

    fn texts(&self) -> MutexGuard<'_, HashMap<Place, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows nothing of what was seen.
impl Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").finish_non_exhaustive()
    }
}

/// Hears what is logged by `tracing`.
struct Traces {
    capture: Capture,
    next: AtomicU64,
}

impl Traces {
    fn new(capture: &Capture) -> Self {
        Self {
            capture: capture.clone(),
            next: AtomicU64::new(1),
        }
    }

    fn hear(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(format!(
            "{} {} {}",
            metadata.level(),
            metadata.target(),
            metadata.name()
        ));
        record(&mut fields);
        self.capture.note(Place::Logs, &fields.0);
    }
}

impl Subscriber for Traces {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(Level::TRACE.into())
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.hear(span.metadata(), |fields| span.record(fields));
        span::Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        self.capture.note(Place::Logs, &fields.0);
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        self.hear(event.metadata(), |fields| event.record(fields));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The fields of a log line, written one after the other.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Infallible for strings.
        let _ = write!(self.0, " {field}={value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let _ = write!(self.0, " {field}={}", Search::texts(value));
    }
}

/// Hears what is logged by `log`.
struct Lines(Capture);

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        self.0.note(Place::Logs, &line);
    }

    fn flush(&self) {}
}

/// Hears what is measured.
struct Meter(Capture);

impl Meter {
    fn hear(&self, key: &Key) {
        self.0.note(Place::Metrics, &format!("{key} {key:?}"));
    }

    fn describe(&self, key: &KeyName, description: &SharedString) {
        self.0
            .note(Place::Metrics, &format!("{} {description}", key.as_str()));
    }
}

impl Recorder for Meter {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn register_counter(&self, key: &Key, _: &MetricMetadata<'_>) -> Counter {
        self.hear(key);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &MetricMetadata<'_>) -> Gauge {
        self.hear(key);
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &MetricMetadata<'_>) -> Histogram {
        self.hear(key);
        Histogram::noop()
    }
}
