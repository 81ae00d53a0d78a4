//! What a KDC that hangs costs whoever shares a runtime, or a session, with who waits for it.

use std::{
    array,
    fs::{self, File},
    process::Command,
    time::{Duration, Instant, SystemTime},
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

/// Requests that wait for the KDC meanwhile: all that the session's threads can.
const WAITING: usize = 8;

/// Phases, and what goes on in them. When krb5.conf was touched, the library reads it again, on the thread that makes a token.
const PHASE_KINDS: [(&str, &str); 3] = [
    ("idle", "works"),
    ("hangs", "hangs"),
    ("touched", "hangs, and krb5.conf is touched all the time"),
];

/// What is measured: how late the probe wakes up, and how long its token takes; medians, what 99 % are below, and the longest.
const PARTS: [&str; 6] = [
    "nap 50",
    "nap 99",
    "nap 100",
    "token 50",
    "token 99",
    "token 100",
];

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let processes = runner.rounds(5);
    let measured = Runner::repeated("kerberos/latency", processes)?;
    let named = |start: &str| {
        let all = measured.iter().flatten();
        let some = all.filter(|(key, _)| key.starts_with(start));
        Samples::new(some.map(|(_, value)| *value))
    };
    let mut table = Table::new(["µs", "median", "99 %", "longest"]);
    for (part, what) in [("nap", "wakes up late by"), ("token", "gets its token in")] {
        for (kind, how) in PHASE_KINDS {
            let shown = |share: &str| {
                let samples = named(&format!("{kind} {part} {share} "));
                samples.shown(0).to_string()
            };
            let what = format!("{what}, while the KDC {how}");
            table.row([what, shown("50"), shown("99"), shown("100")]);
        }
    }
    let mut aims = Table::new([
        "aim: while the KDC hangs ÷ while it works, the interval is not above 1.01",
        "measured",
        "met",
    ]);
    for (part, what) in [
        ("hangs nap 50", "lateness, median"),
        ("hangs nap 99", "lateness, 99 %"),
        ("hangs token 50", "a token, median"),
        (
            "touched token 50",
            "a token, median, while krb5.conf is touched",
        ),
    ] {
        let ratios = named(&format!("ratio {part} "));
        let (low, high) = ratios.interval();
        aims.row([
            what.to_owned(),
            format!("{:.3} ({low:.3}–{high:.3})", ratios.median()),
            if low <= 1.01 { "yes" } else { "no" }.to_owned(),
        ]);
    }
    Ok(format!(
        "A runtime of one thread. A task sleeps for a millisecond and then gets a token for a service whose ticket is there, {PROBES} \
         times: while nothing else goes on, and while {WAITING} requests of the same session wait for a ticket for another service, \
         from a KDC that was stopped; and while the time of krb5.conf is set before each token besides. {PHASES} times each in {processes} \
         processes. *99 %*: so many are quicker.\n\n{table}\n{aims}"
    ))
}

pub(crate) fn job(realm: &Realm) -> Result<Numbers> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("the system allows it").block_on(async {
        let mut numbers = Numbers::new();
        let krb5_conf = realm.configuration()?;
        probe(&session(realm).await, None).await;
        for phase in 0..PHASES {
            let mut probed = [[0.0; PARTS.len()]; PHASE_KINDS.len()];
            for turn in 0..probed.len() {
                let at = (phase + turn) % probed.len();
                probed[at] = match at {
                    0 => probe(&session(realm).await, None).await,
                    1 => probe_while_it_hangs(realm, None).await?,
                    _ => probe_while_it_hangs(realm, Some(&krb5_conf)).await?,
                };
            }
            for ((kind, _), measured) in PHASE_KINDS.into_iter().zip(probed) {
                for (at, part) in PARTS.into_iter().enumerate() {
                    let ratio = measured[at] / probed[0][at];
                    numbers.insert(format!("{kind} {part} {phase}"), measured[at]);
                    numbers.insert(format!("ratio {kind} {part} {phase}"), ratio);
                }
            }
        }
        Ok(numbers)
    })
}

/// In microseconds, the [parts](PARTS); a file is touched before each token.
async fn probe(session: &SessionHandle, touched: Option<&File>) -> [f64; PARTS.len()] {
    const NAP: Duration = Duration::from_millis(1);
    let (mut naps, mut tokens) = (Vec::new(), Vec::new());
    for _ in 0..PROBES {
        let began = Instant::now();
        sleep(NAP).await;
        naps.push(began.elapsed().saturating_sub(NAP).as_secs_f64() * 1e6);
        if let Some(file) = touched {
            let now = SystemTime::now();
            file.set_modified(now).expect("it could be opened");
        }
        let began = Instant::now();
        token(session, "api").await.expect("there is a ticket");
        tokens.push(began.elapsed().as_secs_f64() * 1e6);
    }
    for samples in [&mut naps, &mut tokens] {
        samples.sort_by(f64::total_cmp);
    }
    let [middle, late, last] = [PROBES / 2, PROBES * 99 / 100, PROBES - 1];
    let of = |samples: &[f64]| [middle, late, last].map(|at| samples[at]);
    let mut measured = of(&naps).into_iter().chain(of(&tokens));
    array::from_fn(|_| measured.next().unwrap_or_default())
}

async fn probe_while_it_hangs(realm: &Realm, touched: Option<&File>) -> Result<[f64; PARTS.len()]> {
    let session = session(realm).await;
    let kdc = Stopped::kdc(realm)?;
    let mut waiting = JoinSet::new();
    for _ in 0..WAITING {
        let session = session.clone();
        waiting.spawn(async move { token(&session, "other").await });
    }
    let probed = probe(&session, touched).await;
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

async fn token(session: &SessionHandle, service: &str) -> session_core::Result<()> {
    let url = session.environment().url(service).expect("it has one");
    let (mut parts, ()) = Request::new(()).into_parts();
    let receipt = session.authorize(Outgoing::new(url, &mut parts)).await;
    receipt.map(drop)
}

/// One that has a ticket for the service `api`, and none for `other`.
async fn session(realm: &Realm) -> SessionHandle {
    const OTHER: &str = "127.0.0.1";
    let environment = BasicEnvironment::new("bench")
        .service("api", &realm.api())
        .and_then(|it| it.service("other", &format!("http://{OTHER}/")));
    let session = Kerberos::keytab(realm.text("/keytabs/svc"))
        .environment(environment.expect("loopback is allowed without encryption"))
        .spn_of(OTHER, "HTTP@api.example.test")
        .open()
        .expect("the configuration is right");
    session.init().await.expect("the realm gives tickets");
    token(&session, "api").await.expect("and one for a service");
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
