//! Callers that go on while the token is renewed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    endpoint::Endpoint,
    jobs,
    peers::Peer,
    runner::{Numbers, Result, Runner},
    samples::Samples,
    table::Table,
    watched::watched,
};

const CALLERS: usize = 1000;

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let rounds = runner.rounds(5);
    let mut table = Table::new([
        "",
        "callers ever Pending",
        "longest wait, ms",
        "token requests",
        "calls",
    ]);
    for (name, job) in jobs::of_peers("renewal") {
        let measured = Runner::repeated(&job, rounds)?;
        let of = |key: &str| Samples::new(measured.iter().map(|numbers| numbers[key]));
        table.row([
            name.to_owned(),
            of("pending").shown(0).to_string(),
            of("longest").shown(0).to_string(),
            of("requests").shown(0).to_string(),
            format!("{:.0}", of("calls").median()),
        ]);
    }
    Ok(format!(
        "{CALLERS} callers on two threads, each with a call every 10 ms, while a token that is still good becomes due for \
         renewal (each cache by its own margin) and the token endpoint takes 200 ms. Medians of {rounds} processes, with the \
         lowest and the highest. Aim: no caller is ever returned `Pending`, and 1 request.\n\n{table}"
    ))
}

pub(crate) fn job<P: Peer>() -> Numbers {
    let endpoint = Endpoint::start().expect("loopback has a free port");
    let (lifetime, time) = P::DUE_SOON;
    endpoint.conduct.set_lifetime(lifetime);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let numbers = runtime.expect("the system allows threads").block_on(async {
        let peer = Arc::new(P::new(&endpoint));
        peer.open().await;
        peer.header().await;
        let ended = Instant::now() + time;
        endpoint.conduct.set_delay(Duration::from_millis(200));
        let before = endpoint.conduct.requests();
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(caller(Arc::clone(&peer), ended));
        }
        let (mut pending, mut longest, mut calls) = (0, Duration::ZERO, 0);
        while let Some(ended) = callers.join_next().await {
            let of_caller = ended.expect("no caller panics");
            pending += usize::from(of_caller.was_pending);
            longest = longest.max(of_caller.longest);
            calls += of_caller.calls;
        }
        let requests = endpoint.conduct.requests() - before;
        [
            ("pending", pending as f64),
            ("longest", longest.as_secs_f64() * 1e3),
            ("requests", requests as f64),
            ("calls", f64::from(calls)),
        ]
    });
    numbers.map(|(key, value)| (key.to_owned(), value)).into()
}

#[derive(Default)]
struct Caller {
    was_pending: bool,
    /// Of the calls that were Pending.
    longest: Duration,
    calls: u32,
}

async fn caller<P: Peer>(peer: Arc<P>, ended: Instant) -> Caller {
    let mut caller = Caller::default();
    while Instant::now() < ended {
        let began = Instant::now();
        let (_, was_pending) = watched(peer.header()).await;
        if was_pending {
            caller.was_pending = true;
            caller.longest = caller.longest.max(began.elapsed());
        }
        caller.calls += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    caller
}
