//! The wire of `gs_quant`, and ours beside it.
//!
//! `traces` has what `gs_quant` 2.2.1 sent, was answered, and told its caller: facts, as they were recorded. `replay` answers so again,
//! whoever asks. `live` has `gs_quant` itself ask, and each request must be the recorded one, byte for byte. `ours` has session-marquee ask, and what
//! differs must be in `differences`, with the reason; what is there must differ.

#![expect(
    clippy::unwrap_used,
    reason = "what these tests share is as much a test as they are"
)]

#[cfg(feature = "counterparts")]
mod live;
mod normal;
mod replay;
mod trace;

use replay::Replay;
use trace::Trace;

/// How long the tokens live that a session has before a trace begins, in seconds.
fn lifetime(case: &str) -> usize {
    if case == "34-expired-token" { 1 } else { 3600 }
}

#[cfg(feature = "counterparts")]
#[test]
fn gs_quant_sends_what_the_traces_have_and_its_callers_get_the_same() {
    let mut failed = Vec::new();
    for case in Trace::names() {
        let trace = Trace::read(&case);
        let replay = Replay::of(&trace, lifetime(&case));
        let result = live::run(&case, &replay.addresses());
        let result: serde_json::Value =
            serde_json::from_str(&replay.normal().named(&result.to_string())).unwrap();
        let recorded = replay.recorded();
        let expected: Vec<_> = trace
            .exchanges
            .into_iter()
            .map(|exchange| exchange.request)
            .collect();
        if recorded != expected {
            failed.push(format!(
                "{case}: sent\n{recorded:#?}\ninstead of\n{expected:#?}"
            ));
        }
        if result != trace.result {
            failed.push(format!(
                "{case}: got\n{result}\ninstead of\n{}",
                trace.result
            ));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
