//! Tokens that live shorter than the margin at which many caches renew.

use std::time::Duration;

use http::Request;
use session_core::{Credential, Outgoing};
use session_mock::{MockClock, MockSession, Step};

use crate::{
    endpoint::{Endpoint, token},
    jobs,
    peers::{Peer, with_peer},
    runner::{Numbers, Program, Result, Runner},
    table::Table,
    watched::watched,
};

const LIFETIMES: [u64; 4] = [2, 5, 15, 60];

/// How many lives the session sees.
const LIVES: u32 = 100;

/// How many requests it authorizes in each.
const REQUESTS: u32 = 64;

/// Its window, in which it renews, as a part of the life.
const WINDOW: f64 = 0.25;

/// How often peers are asked for the header.
const CALLS: u32 = 100;

pub(crate) fn run(_: &Runner) -> Result<String> {
    let mut ours = Table::new([
        "lifetime",
        "token requests",
        "at least, time ÷ lifetime",
        "at most, time ÷ (lifetime − window)",
        "Pending",
        "aim met",
    ]);
    let mut peers = Table::new(["", "2 s", "5 s", "15 s", "60 s"]);
    for lifetime in LIFETIMES {
        let numbers = Runner::job(Program::Timing, &format!("lifetimes/clock/{lifetime}"))?;
        let (least, most) = (f64::from(LIVES), f64::from(LIVES) / (1.0 - WINDOW));
        let (requests, pending) = (numbers["requests"], numbers["pending"]);
        let is_met = (least.floor()..=most.ceil()).contains(&requests) && pending == 0.0;
        ours.row([
            format!("{lifetime} s"),
            format!("{requests}"),
            format!("{least:.0}"),
            format!("{most:.1}"),
            format!("{pending}"),
            if is_met { "yes" } else { "no" }.to_owned(),
        ]);
    }
    for (name, job) in jobs::of_peers("lifetimes") {
        let requests = |lifetime| -> Result<String> {
            let numbers = Runner::job(Program::Timing, &format!("{job}/{lifetime}"))?;
            Ok(format!("{}", numbers["requests"]))
        };
        let [a, b, c, d] = LIFETIMES.map(requests);
        peers.row([name.to_owned(), a?, b?, c?, d?]);
    }
    Ok(format!(
        "A session on a clock that is moved by hand, through {LIVES} lives of its token with {REQUESTS} requests in each. \
         *Pending* counts requests that had to wait, although a credential was valid.\n\n{ours}\n\
         Token requests for {CALLS} calls in a row, on the clock of the machine, while the first token is good:\n\n{peers}"
    ))
}

/// `clock/LIFETIME` or `PEER/LIFETIME`.
pub(crate) fn job(job: &str) -> Result<Numbers> {
    let parsed = job
        .rsplit_once('/')
        .and_then(|(name, lifetime)| Some((name, lifetime.parse().ok()?)));
    let (name, lifetime) = parsed.ok_or_else(|| format!("`{job}` names no lifetime"))?;
    if name == "clock" {
        return Ok(many_lives(Duration::from_secs(lifetime)));
    }
    with_peer!(name, calls_in_a_row(lifetime))
}

fn many_lives(lifetime: Duration) -> Numbers {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (requests, pending) = runtime.expect("the system allows it").block_on(async {
        let clock = MockClock::new();
        let credential = Credential::bearer(token()).expires_in(lifetime);
        let mock = MockSession::scripted([Step::credential(credential)]).by_clock(&clock);
        let session = mock.handle();
        session.init().await.expect("the mock gives a token");
        let url = "https://api.mock.test/orders"
            .parse()
            .expect("an absolute URL");
        let mut pending = 0;
        for _ in 0..LIVES * REQUESTS {
            clock.advance(lifetime / REQUESTS);
            let (mut parts, ()) = Request::new(()).into_parts();
            let (receipt, was_pending) =
                watched(session.authorize(Outgoing::new(&url, &mut parts))).await;
            receipt.expect("the session is open");
            pending += u32::from(was_pending);
            let mut changes = session.changes();
            while session.status().is_renewing {
                changes.next().await;
            }
        }
        (mock.calls().len(), pending)
    });
    // The first was no renewal.
    [
        ("requests", (requests - 1) as f64),
        ("pending", f64::from(pending)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

fn calls_in_a_row<P: Peer>(lifetime: u64) -> Numbers {
    let endpoint = Endpoint::start().expect("loopback has a free port");
    endpoint.conduct.set_lifetime(lifetime);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime
        .expect("the system allows a thread")
        .block_on(async {
            let peer = P::new(&endpoint);
            peer.open().await;
            for _ in 0..CALLS {
                peer.header().await;
            }
        });
    [("requests".to_owned(), endpoint.conduct.requests() as f64)].into()
}
