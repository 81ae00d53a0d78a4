//! Many tasks that need a token at once, and none is there yet.

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
};

const TASKS: usize = 10_000;

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let rounds = runner.rounds(3);
    let mut table = Table::new(["", "token requests", "ms until all have the header"]);
    for (name, job) in jobs::of_peers("cold") {
        let measured = Runner::repeated(&job, rounds)?;
        let of = |key: &str| Samples::new(measured.iter().map(|numbers| numbers[key]));
        table.row([
            name.to_owned(),
            of("requests").shown(0).to_string(),
            of("ms").shown(0).to_string(),
        ]);
    }
    Ok(format!(
        "{TASKS} tasks on two threads, 200 ms at the token endpoint. Medians of {rounds} processes, with the lowest and \
         the highest. Aim: 1 request.\n\n{table}"
    ))
}

pub(crate) fn job<P: Peer>() -> Numbers {
    let endpoint = Endpoint::start().expect("loopback has a free port");
    endpoint.conduct.set_delay(Duration::from_millis(200));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let began = Instant::now();
    runtime.expect("the system allows threads").block_on(async {
        let peer = Arc::new(P::new(&endpoint));
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let peer = Arc::clone(&peer);
            tasks.spawn(async move {
                peer.open().await;
                peer.header().await
            });
        }
        while let Some(header) = tasks.join_next().await {
            header.expect("every task gets the header");
        }
    });
    let ms = began.elapsed().as_secs_f64() * 1e3;
    [("requests", endpoint.conduct.requests() as f64), ("ms", ms)]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
}
