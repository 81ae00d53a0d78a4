//! Tokens a second, when the ticket for the service is there.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use http::Request;
use libgssapi::{
    context::{ClientCtx, CtxFlags},
    credential::{Cred, CredUsage},
    name::Name,
    oid::{GSS_MECH_KRB5, GSS_MECH_SPNEGO, GSS_NT_HOSTBASED_SERVICE, OidSet},
};
use session_bench_c_calls::Tokens;
use session_core::{Outgoing, SessionHandle};
use tokio::runtime::Runtime;
use url::Url;

use super::realm::{Realm, SERVICE};
use crate::{
    runner::{Numbers, Result, Runner},
    samples::Samples,
    table::Table,
};

/// How long each is at work before it is the next one's turn.
const SLICE: Duration = Duration::from_millis(25);

/// Rounds of slices in each process.
const ROUNDS: usize = 60;

const WAYS: [&str; 4] = [
    "session-kerberos",
    "libgssapi, FILE cache, one credential",
    "libgssapi, FILE cache, a credential for each thread",
    "the C calls alone, MEMORY cache, a credential for each thread",
];

/// Of session-kerberos to those that have an aim, on one thread and on two.
const AIMS: [(usize, [f64; 2]); 2] = [(1, [1.9, 2.7]), (3, [0.97, 0.97])];

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let processes = runner.rounds(5);
    let mut table = Table::new([
        "tokens a second",
        "1 thread",
        "session-kerberos ÷ it, 95 % interval",
        "2 threads",
        "session-kerberos ÷ it",
    ]);
    let measured = [
        Runner::repeated("kerberos/tokens/1", processes)?,
        Runner::repeated("kerberos/tokens/2", processes)?,
    ];
    let named = |threads: usize, start: &str| {
        let all = measured[threads].iter().flatten();
        let some = all.filter(|(key, _)| key.starts_with(start));
        Samples::new(some.map(|(_, value)| *value))
    };
    for (at, way) in WAYS.iter().enumerate() {
        let rate = |threads| format!("{:.0}", named(threads, &format!("rate {at} ")).median());
        let ratio = |threads| {
            let ratios = named(threads, &format!("ratio {at} "));
            let (low, high) = ratios.interval();
            match at {
                0 => String::new(),
                _ => format!("{:.3} ({low:.3}–{high:.3})", ratios.median()),
            }
        };
        table.row([(*way).to_owned(), rate(0), ratio(0), rate(1), ratio(1)]);
    }
    let mut aims = Table::new(["aim", "measured", "met"]);
    for (at, least) in AIMS {
        for threads in 0..2 {
            let ratio = named(threads, &format!("ratio {at} ")).median();
            let least = least[threads];
            aims.row([
                format!(
                    "tokens by {}, ÷ {}: at least {least}",
                    ["one thread", "two threads"][threads],
                    WAYS[at]
                ),
                format!("{ratio:.3}"),
                if ratio >= least { "yes" } else { "no" }.to_owned(),
            ]);
        }
    }
    Ok(format!(
        "Tokens for one service whose ticket is cached, each in a context of its own that asks for proof. {processes} processes \
         with {ROUNDS} rounds of slices of {} ms, one of each, in turns. For session-kerberos it is `authorize`, by one session: \
         the header is on the request.\n\n{table}\n{aims}",
        SLICE.as_millis(),
    ))
}

pub(crate) fn job(realm: &Realm, threads: &str) -> Result<Numbers> {
    let threads: usize = threads
        .parse()
        .map_err(|_| format!("`{threads}` is no number of threads"))?;
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    let first = runtime().expect("the system allows it");
    let session = first.block_on(realm.session());
    let shared = credential();
    let mut ways: Vec<Vec<Way>> = WAYS.iter().map(|_| Vec::new()).collect();
    for _ in 0..threads {
        let url = realm.api().parse().expect("an absolute URL");
        let runtime = runtime().expect("the system allows it");
        ways[0].push(Way::Session(runtime, session.clone(), url));
        ways[1].push(Way::Libgssapi(shared.clone()));
        ways[2].push(Way::Libgssapi(credential()));
        ways[3].push(Way::Calls(Tokens::new(&realm.cache(), SERVICE)?));
    }
    for way in &mut ways {
        slice(way);
    }
    let mut numbers = Numbers::new();
    for round in 0..ROUNDS {
        // Who comes later gets what the one before has warmed: each does, in turn.
        let mut rates = [0.0; WAYS.len()];
        for turn in 0..WAYS.len() {
            let at = (round + turn) % WAYS.len();
            rates[at] = slice(&mut ways[at]);
        }
        for (at, rate) in rates.into_iter().enumerate() {
            numbers.insert(format!("rate {at} {round}"), rate);
            numbers.insert(format!("ratio {at} {round}"), rates[0] / rate);
        }
    }
    Ok(numbers)
}

/// One thread's way to tokens.
enum Way {
    Session(Runtime, SessionHandle, Url),
    Libgssapi(Cred),
    Calls(Tokens),
}

impl Way {
    /// Tokens a second, of this thread.
    fn slice(&mut self) -> f64 {
        let began = Instant::now();
        let mut tokens = 0;
        match self {
            Self::Session(runtime, session, url) => runtime.block_on(async {
                while began.elapsed() < SLICE {
                    let (mut parts, ()) = Request::new(()).into_parts();
                    let receipt = session.authorize(Outgoing::new(url, &mut parts)).await;
                    receipt.expect("the session is open");
                    assert_eq!(parts.headers.len(), 1);
                    tokens += 1;
                }
            }),
            Self::Libgssapi(credential) => {
                while began.elapsed() < SLICE {
                    let flags = CtxFlags::GSS_C_MUTUAL_FLAG;
                    let mut context = ClientCtx::new(
                        Some(credential.clone()),
                        name(),
                        flags,
                        Some(GSS_MECH_SPNEGO),
                    );
                    let token = context.step(None, None).expect("there is a ticket");
                    assert!(token.is_some_and(|token| token.len() > 100));
                    tokens += 1;
                }
            }
            Self::Calls(calls) => {
                while began.elapsed() < SLICE {
                    assert!(calls.make().expect("there is a ticket") > 100);
                    tokens += 1;
                }
            }
        }
        f64::from(tokens) / began.elapsed().as_secs_f64()
    }
}

/// Tokens a second, of all threads.
fn slice(ways: &mut [Way]) -> f64 {
    let start = Barrier::new(ways.len());
    thread::scope(|scope| {
        let threads: Vec<_> = ways
            .iter_mut()
            .map(|way| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    way.slice()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("all get their tokens"))
            .sum()
    })
}

fn credential() -> Cred {
    let mut mechanisms = OidSet::new();
    for mechanism in [GSS_MECH_KRB5, GSS_MECH_SPNEGO] {
        mechanisms.add(mechanism).expect("there is memory for it");
    }
    Cred::acquire(None, None, CredUsage::Initiate, Some(&mechanisms))
        .expect("there is a ticket in the default cache")
}

fn name() -> Name {
    Name::new(SERVICE.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE)).expect("it is a name")
}
