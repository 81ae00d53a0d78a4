//! What a session counts and measures.

#![allow(
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "a test fails where it panics"
)]

#[path = "engine/support.rs"]
#[allow(dead_code, reason = "this program uses a part of it")]
mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use session_core::{ErrorKind, Identity, MemoryStore};
use session_mock::{Gate, MockClock, MockSession, Step};
use support::{API, authorize, poll_once};

/// The session whose metrics this recorder cannot take.
const UNLUCKY: &str = "unlucky";

/// All that was recorded, by name and labels.
#[derive(Clone, Default)]
struct Records(Arc<Mutex<BTreeMap<String, Vec<f64>>>>);

impl Records {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
        assert!(!labels.contains(&UNLUCKY), "this recorder panics");
        Arc::new(Cell(
            self.clone(),
            format!("{} {}", key.name(), labels.join(" ")),
        ))
    }
}

/// Where one metric is recorded.
struct Cell(Records, String);

impl Cell {
    fn push(&self, value: f64) {
        let Self(Records(records), key) = self;
        records
            .lock()
            .unwrap()
            .entry(key.clone())
            .or_default()
            .push(value);
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.push(value as f64);
    }
    fn absolute(&self, value: u64) {
        self.push(value as f64);
    }
}

impl HistogramFn for Cell {
    fn record(&self, value: f64) {
        self.push(value);
    }
}

impl Recorder for Records {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        panic!("{key} is a gauge, and none is documented")
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}

/// One test, because a program has one recorder.
#[tokio::test]
async fn operations_and_refusals_are_counted_and_a_recorder_that_panics_costs_nothing() {
    let records = Records::default();
    metrics::set_global_recorder(records.clone()).unwrap();

    let (clock, gate) = (MockClock::new(), Gate::new());
    let mock = MockSession::scripted([
        Step::bearer("a").behind(&gate),
        Step::fail(ErrorKind::Denied),
        Step::bearer("b"),
    ])
    .by_clock(&clock);
    let session = mock.builder().name("orders").build();
    let mut init = Box::pin(session.init());
    assert!(poll_once(&mut init).is_pending());
    gate.arrived(1).await;
    clock.advance(Duration::from_millis(1500));
    gate.open();
    init.await.unwrap();
    let (_, receipt) = authorize(&session, API).await.unwrap();
    session.report_refusal(&receipt, &[]).await.unwrap_err();
    clock.advance(Duration::from_secs(60));
    session.report_refusal(&receipt, &[]).await.unwrap();
    session.report_refusal(&receipt, &[]).await.unwrap();
    session.close().await.unwrap();

    let mock = mock.as_identity(Identity::new(["svc"]));
    let store = MemoryStore::new();
    for _ in 0..2 {
        let stored = mock.builder().name("stored").store(store.clone()).build();
        stored.init().await.unwrap();
    }

    let expected = [
        (
            "session.operation.duration orders mock mock close ok",
            vec![0.0],
        ),
        (
            "session.operation.duration orders mock mock init ok",
            vec![1.5],
        ),
        (
            "session.operation.duration orders mock mock renew denied",
            vec![0.0],
        ),
        (
            "session.operation.duration orders mock mock renew ok",
            vec![0.0],
        ),
        (
            "session.operation.duration stored mock mock init ok",
            vec![0.0],
        ),
        ("session.operations orders mock mock close ok", vec![1.0]),
        ("session.operations orders mock mock init ok", vec![1.0]),
        (
            "session.operations orders mock mock renew denied",
            vec![1.0],
        ),
        ("session.operations orders mock mock renew ok", vec![1.0]),
        ("session.operations stored mock mock init ok", vec![1.0]),
        // The third came late.
        ("session.refusals orders mock mock", vec![1.0, 1.0]),
        ("session.reuses stored mock mock", vec![1.0]),
    ];
    let expected = expected.map(|(key, values)| (key.to_owned(), values));
    assert_eq!(*records.0.lock().unwrap(), BTreeMap::from(expected));

    let unlucky = mock.builder().name(UNLUCKY).build();
    unlucky.init().await.unwrap();
    unlucky.close().await.unwrap();
}
