//! What a KDC that hangs costs whoever shares a runtime with who waits for it.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use http::Request;
use session_core::{BasicEnvironment, Outgoing, SessionHandle};
use session_kerberos::Kerberos;
use tokio::{task::JoinSet, time::sleep};

use super::realm::{Realm, said};
use crate::{
    runner::{Numbers, Result, Runner},
    samples::Samples,
    table::Table,
};

/// Phases of each kind, in turns.
const PHASES: usize = 6;

/// How often the probe looks at the clock in each.
const PROBES: usize = 200;

/// Requests that wait for the KDC meanwhile.
const WAITING: usize = 8;

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let processes = runner.rounds(5);
    let measured = Runner::repeated("kerberos/latency", processes)?;
    let named = |start: &str| {
        let all = measured.iter().flatten();
        let some = all.filter(|(key, _)| key.starts_with(start));
        Samples::new(some.map(|(_, value)| *value))
    };
    let mut table = Table::new(["the probe wakes up late by, in µs", "median", "99 %"]);
    for phase in ["idle", "hangs"] {
        table.row([
            phase.to_owned(),
            named(&format!("{phase} 50 ")).shown(0).to_string(),
            named(&format!("{phase} 99 ")).shown(0).to_string(),
        ]);
    }
    let mut aims = Table::new(["aim", "measured", "met"]);
    for (part, what) in [("50", "median"), ("99", "99 %")] {
        let ratios = named(&format!("ratio {part} "));
        let (low, high) = ratios.interval();
        aims.row([
            format!(
                "the probe's {what} while the KDC hangs ÷ when idle: the interval is not above 1.01"
            ),
            format!("{:.3} ({low:.3}–{high:.3})", ratios.median()),
            if low <= 1.01 { "yes" } else { "no" }.to_owned(),
        ]);
    }
    Ok(format!(
        "A runtime of one thread: a task sleeps for a millisecond, {PROBES} times, while nothing else goes on, and while {WAITING} \
         requests wait for tickets from a KDC that was stopped; {PHASES} times each in {processes} processes. *99 %*: so many of \
         the probes are quicker.\n\n{table}\n{aims}"
    ))
}

pub(crate) fn job(realm: &Realm) -> Result<Numbers> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("the system allows it").block_on(async {
        let mut numbers = Numbers::new();
        probe().await;
        for phase in 0..PHASES {
            let [idle, hangs] = if phase % 2 == 0 {
                let idle = probe().await;
                [idle, probe_while_it_hangs(realm).await?]
            } else {
                let hangs = probe_while_it_hangs(realm).await?;
                [probe().await, hangs]
            };
            for (at, part) in ["50", "99"].into_iter().enumerate() {
                numbers.insert(format!("idle {part} {phase}"), idle[at]);
                numbers.insert(format!("hangs {part} {phase}"), hangs[at]);
                numbers.insert(format!("ratio {part} {phase}"), hangs[at] / idle[at]);
            }
        }
        Ok(numbers)
    })
}

/// By how many microseconds a task wakes up late: the median, and what 99 % are below.
async fn probe() -> [f64; 2] {
    const NAP: Duration = Duration::from_millis(1);
    let mut late = Vec::new();
    for _ in 0..PROBES {
        let began = Instant::now();
        sleep(NAP).await;
        late.push(began.elapsed().saturating_sub(NAP).as_secs_f64() * 1e6);
    }
    late.sort_by(f64::total_cmp);
    [late[PROBES / 2], late[PROBES * 99 / 100]]
}

async fn probe_while_it_hangs(realm: &Realm) -> Result<[f64; 2]> {
    // A session without any ticket but that for tickets.
    let session = session(realm).await;
    let kdc = Stopped::kdc(realm)?;
    let mut waiting = JoinSet::new();
    for _ in 0..WAITING {
        let session = session.clone();
        waiting.spawn(async move {
            let url = session
                .environment()
                .url("api")
                .expect("it has one")
                .clone();
            let (mut parts, ()) = Request::new(()).into_parts();
            session
                .authorize(Outgoing::new(&url, &mut parts))
                .await
                .map(drop)
        });
    }
    let probed = probe().await;
    let waited = waiting.try_join_next().is_none();
    drop(kdc);
    while let Some(outcome) = waiting.join_next().await {
        let outcome = outcome.expect("no request panics");
        outcome.map_err(|error| format!("the KDC is back, and yet: {error}"))?;
    }
    if !waited {
        return Err("the KDC was stopped, and a request did not wait for it".to_owned());
    }
    Ok(probed)
}

async fn session(realm: &Realm) -> SessionHandle {
    let environment = BasicEnvironment::new("bench").service("api", &realm.api());
    let session = Kerberos::keytab(realm.text("/keytabs/svc"))
        .environment(environment.expect("loopback is allowed without encryption"))
        .open()
        .expect("the configuration is right");
    session.init().await.expect("the realm gives tickets");
    session
}

/// The KDC, which goes on when this is dropped.
struct Stopped(String);

impl Stopped {
    fn kdc(realm: &Realm) -> Result<Self> {
        let path = format!("{}/kdc.pid", realm.text("/dir"));
        let pid =
            fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        let pid = pid.trim().to_owned();
        said(Command::new("kill").args(["-STOP", &pid]))?;
        Ok(Self(pid))
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Where it is gone, there is nothing to go on.
        let _ = said(Command::new("kill").args(["-CONT", &self.0]));
    }
}
