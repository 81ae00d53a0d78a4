//! The wire of `gs_quant`, and ours beside it.
//!
//! `traces` has what `gs_quant` 2.2.1 sent, was answered, and told its caller: facts, as they were recorded. `replay` answers so again,
//! whoever asks. `live` has `gs_quant` itself ask, and each request must be the recorded one, byte for byte. `ours` has session-marquee ask, and what
//! differs must be in `differences`, with the reason; what is there must differ.

#![expect(
    clippy::unwrap_used,
    reason = "what these tests share is as much a test as they are"
)]

mod compare;
mod cookies;
mod differences;
mod frames;
#[cfg(feature = "counterparts")]
mod live;
mod normal;
mod ours;
mod replay;
mod trace;

use std::collections::BTreeSet;

use compare::Difference;
use differences::{Allowed, DEVIATIONS};
use replay::Replay;
use serde_json::Value;
#[cfg(feature = "counterparts")]
use serde_json::json;
#[cfg(feature = "counterparts")]
use session_mock::{Kind, Provider};
use trace::Trace;

/// How long the tokens live that a session has before a trace begins, in seconds.
fn lifetime(case: &str) -> usize {
    if case == "34-expired-token" { 1 } else { 3600 }
}

/// With `GOLDEN_RECORD` in the environment, those that have no headers yet are recorded.
#[cfg(feature = "counterparts")]
#[test]
fn gs_quant_sends_what_the_traces_have_and_its_callers_get_the_same() {
    let mut failed = Vec::new();
    for case in Trace::names() {
        let trace = Trace::read(&case);
        let replay = Replay::of(&trace, lifetime(&case));
        let result = live::run(&case, &replay.addresses());
        let result: Value =
            serde_json::from_str(&replay.normal().named(&result.to_string())).unwrap();
        let recorded = replay.recorded();
        if trace.is_new() && std::env::var_os("GOLDEN_RECORD").is_some() {
            trace.rewrite(&case, &recorded, &result);
            continue;
        }
        let requests = trace
            .exchanges
            .iter()
            .map(|exchange| exchange.request.clone());
        let expected: Vec<_> = requests.collect();
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

#[cfg(feature = "counterparts")]
#[test]
fn gs_quant_works_with_what_stands_in_for_marquee() {
    let marquee = session_mock::Marquee::new();
    let row = |date, city, v| json!({ "date": date, "city": city, "v": v });
    marquee.set_dataset(
        "WEATHER",
        [
            row("2024-01-01", "Boston", 1.5),
            row("2024-01-02", "Austin", 2.5),
            row("2024-01-02", "Boston", 3.5),
            row("2024-01-03", "Boston", 4.5),
        ],
    );
    let cities = ["Boston", "Austin", "Paris", "Tokyo", "Lagos"];
    marquee.set_coverage("WEATHER", cities.map(|city| json!({ "city": city })));
    // Two pages of rows, five of coverage.
    marquee.set_page(1);
    let provider = Provider::builder().site(marquee.clone()).start().unwrap();
    let http = provider.issuer().as_str().trim_end_matches('/');
    let client = json!({
        "client_id": provider.client_id(),
        "client_secret": provider.client_secret(),
    });
    let servers = json!({ "http": http, "other": http, "ws": http.replacen("http", "ws", 1), "client": client });
    let result = live::run("stand-in", &servers);
    let expected = json!(["Test User", cities, [1.5, 3.5], [4.5], 401, { "a": 1 }, "echo:hi"]);
    assert_eq!(result, expected);
    assert_eq!(marquee.activities().len(), 1);
    // The second has the first token on it.
    assert_eq!(provider.count(Kind::Token), 2);
}

/// So that none of it is taken for `gs_quant`'s doing.
#[cfg(feature = "counterparts")]
#[test]
fn what_may_differ_anywhere_is_what_the_http_libraries_of_gs_quant_say_without_it() {
    let provider = Provider::builder()
        .site(session_mock::Marquee::new())
        .start()
        .unwrap();
    let http = provider.issuer().as_str().trim_end_matches('/');
    let ws = http.replacen("http", "ws", 1);
    let servers = json!({ "http": http, "other": http, "ws": ws });
    let requests = live::run("libraries", &servers);
    let normal = normal::Normal::new([0; 3]);
    let log = provider.log();
    let handshake = log.iter().find(|entry| entry.path() == "/plain").unwrap();
    let mut said: Vec<(String, String)> = Vec::new();
    for (name, value) in requests.as_object().unwrap() {
        said.push((name.to_lowercase(), value.as_str().unwrap().to_owned()));
    }
    for (name, value) in handshake.headers() {
        let value = String::from_utf8(value.to_vec()).unwrap();
        said.push((name.to_lowercase(), value));
    }
    let said: Vec<_> = said
        .iter()
        .map(|(name, value)| (name.as_str(), normal.value(name, value)))
        .collect();
    for allowed in Allowed::all() {
        let Some(theirs) = allowed.theirs.clone().filter(|_| allowed.at.is_empty()) else {
            continue;
        };
        assert!(
            said.contains(&(&*allowed.what, theirs)),
            "{allowed}: {said:?}"
        );
    }
}

#[tokio::test]
async fn session_marquee_sends_what_gs_quant_sends_but_for_what_is_allowed_and_argued() {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let all = Allowed::all();
    for case in Trace::names() {
        for difference in differences(&case).await {
            let allowed = all.iter().enumerate();
            let mut covering = allowed.filter(|(_, allowed)| allowed.covers(&case, &difference));
            match covering.next() {
                Some((index, _)) => drop(used.insert((index, case[..2].to_owned()))),
                None => problems.push(format!("{case}: {difference}")),
            }
        }
    }
    for (index, allowed) in all.iter().enumerate() {
        let is_used = |case: &&String| used.contains(&(index, (*case).clone()));
        let needless = allowed.cases.iter().filter(|case| !is_used(case));
        problems.extend(needless.map(|case| format!("{case} no longer needs: {allowed}")));
        if !used.iter().any(|(used, _)| *used == index) {
            problems.push(format!("nothing needs: {allowed}"));
        }
    }
    assert!(
        problems.is_empty(),
        "theirs | ours\n{}",
        problems.join("\n")
    );
}

#[test]
fn what_may_differ_cites_the_clause_that_allows_it_or_is_a_deviation_that_is_told_of() {
    let all = Allowed::all();
    for (case, row) in DEVIATIONS {
        let is_it =
            |it: &Allowed| it.rows.contains_key(row) && it.cases.iter().any(|it| it == case);
        assert!(
            all.iter().any(is_it),
            "nothing deviates from {row} in {case}"
        );
    }
    for allowed in all {
        let mut rows = allowed.rows.iter();
        assert!(
            rows.all(|(row, clause)| allowed.is_allowed_by(*row, clause)),
            "{allowed}"
        );
        assert_eq!(
            allowed.rows.is_empty(),
            allowed.is_of_the_library(),
            "{allowed}"
        );
        assert!(allowed.why.len() > 20, "{allowed}");
        assert_ne!(allowed.theirs, allowed.ours, "{allowed}");
        // What is allowed anywhere is what a library says of itself, and no more.
        let is_everywhere = allowed.cases.is_empty() || allowed.at.is_empty();
        assert!(!is_everywhere || allowed.is_of_the_library(), "{allowed}");
    }
}

/// All that differs in a case.
async fn differences(case: &str) -> Vec<Difference> {
    let trace = Trace::read(case);
    let replay = Replay::of(&trace, lifetime(case));
    let result = ours::run(case, &replay).await;
    let result: Value = serde_json::from_str(&replay.normal().named(&result.to_string())).unwrap();
    let requests = trace.exchanges.into_iter().map(|exchange| exchange.request);
    let theirs: Vec<_> = requests.collect();
    let mut differences = compare::requests(&theirs, &replay.recorded());
    differences.extend(compare::results(&trace.result, &result));
    differences
}
