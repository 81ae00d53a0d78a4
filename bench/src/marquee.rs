//! A request of session-marquee, and the same of `gs_quant`.

mod client;

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    callgrind,
    runner::{Numbers, Program, Result, Runner},
    samples::Samples,
    server::Server,
    table::Table,
};

pub(crate) use client::job;

/// How many requests are under way at once.
const CONCURRENT: [usize; 3] = [1, 8, 32];

/// How long each is at work before it is the other's turn, in seconds.
const SLICE: f64 = 1.0;

/// Requests whose instructions are counted, after so many that set everything up.
const COUNTED: [u16; 2] = [50, 550];

/// The variable that says which Python has `gs_quant`; `cargo xtask bench` sets it.
const PYTHON: &str = "SESSION_BENCH_GS_QUANT";

/// Who makes requests.
const WAYS: [&str; 5] = [
    "gs_quant, sync",
    "gs_quant, async",
    "session-marquee",
    "reqwest, static header",
    "reqwest, what ours sends",
];

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let python = env::var(PYTHON).map_err(|_| {
        format!("{PYTHON} says which Python has gs_quant: `cargo xtask bench marquee` sets it")
    })?;
    let server = Server::start()?;
    let rounds = runner.rounds(5);
    let mut all = vec![vec![Vec::new(); WAYS.len()]; CONCURRENT.len()];
    let (mut sequential, mut capacity) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for (concurrent, measured) in CONCURRENT.iter().zip(&mut all) {
            for (way, measured) in WAYS.iter().zip(measured) {
                measured.push(measure(way, &python, server.port, *concurrent)?);
            }
        }
        let of_round = Runner::job(
            Program::Timing,
            &format!("marquee/sequential/{}", server.port),
        )?;
        sequential.extend(of_round.into_values());
        let raw = Runner::job(Program::Timing, &format!("marquee/raw/{}/32", server.port))?;
        capacity.push(raw["rate"]);
    }

    let mut counted = Vec::new();
    for way in [WAYS[3], WAYS[4], WAYS[2]] {
        counted.push((way, instructions(&server, way)?));
    }
    let mut table = Table::new([
        "",
        "requests a second",
        "ours ÷ it",
        "CPU a request, µs",
        "ours ÷ it",
    ]);
    let mut ratios = Vec::new();
    for (concurrent, measured) in CONCURRENT.iter().zip(&all) {
        for (at, way) in WAYS.iter().enumerate() {
            let of =
                |name| Samples::new(measured[at].iter().map(|numbers: &Numbers| numbers[name]));
            let shares = |name| share(&measured[2], &measured[at], name);
            table.row([
                format!("{way}, {concurrent} at once"),
                of("rate").shown(0).to_string(),
                shares("rate").shown(if at < 2 { 1 } else { 2 }).to_string(),
                of("cpu").shown(1).to_string(),
                shares("cpu").shown(3).to_string(),
            ]);
            ratios.push((*concurrent, at, shares("rate"), shares("cpu")));
        }
    }
    let most = CONCURRENT[CONCURRENT.len() - 1];
    let at_most = |way| ratios.iter().find(|(of, at, ..)| (*of, *at) == (most, way));
    let by_rate = |way| at_most(way).map_or(f64::NAN, |(.., rate, _)| rate.median());
    // The same without what else the machine had to do, which the rates are full of.
    let by_cpu = |way| at_most(way).map_or(f64::NAN, |(.., cpu)| 1.0 / cpu.median());
    let used = all[CONCURRENT.len() - 1][2].iter().zip(&capacity);
    let used = Samples::new(used.map(|(ours, capacity)| 100.0 * ours["rate"] / capacity));
    let sequential = Samples::new(sequential);
    let mut counts = Table::new(["instructions of the client for each request", "", "added"]);
    for (way, count) in &counted {
        let more = 100.0 * (count / counted[0].1 - 1.0);
        counts.row([
            (*way).to_owned(),
            format!("{count:.0}"),
            format!("{more:+.1} %"),
        ]);
    }
    let mut aims = Table::new(["aim", "measured", "met"]);
    for (aim, measured, wanted) in [
        ("32 at once: 20 × gs_quant, sync", by_rate(0), 20.0),
        ("the same by CPU a request", by_cpu(0), 20.0),
        ("32 at once: 60 × gs_quant, async", by_rate(1), 60.0),
        ("the same by CPU a request", by_cpu(1), 60.0),
        (
            "one after the other: 0.9 × reqwest",
            sequential.median(),
            0.9,
        ),
    ] {
        let met = if measured >= wanted { "yes" } else { "no" };
        aims.row([aim.to_owned(), format!("{measured:.2}"), met.to_owned()]);
    }
    Ok(format!(
        "`GET /v1/users/self` with a bearer token; the answer is `{{}}`, decoded. The server is a process of its own on loopback, with one \
         thread and HTTP/1.1, and gives its answers an id as Marquee does (`x-dash-requestid`); it answers {} requests a second of 32 clients that neither \
         write nor read HTTP, of which ours takes {} % when 32 are at once. Clients are processes of their own: `gs_quant` with a thread for each request that is under way, or with asyncio; ours and reqwest with two threads of tokio. *What ours sends* is the same headers, with its limit of time. In turns, \
         {rounds} rounds of {SLICE} s each; CPU is the client's. *Ours ÷ it* is of the same round. One after the other, ours and \
         reqwest take turns of 100 ms on one thread: ours has {} of its rate. Instructions by callgrind, of {} requests less {}, one after the other.\n\n{table}\n{counts}\n{aims}",
        Samples::new(capacity).shown(0),
        used.shown(0),
        sequential.shown(3),
        COUNTED[1],
        COUNTED[0],
    ))
}

/// What ours has, divided by what the other has, in each round.
fn share(ours: &[Numbers], theirs: &[Numbers], name: &str) -> Samples {
    Samples::new(
        ours.iter()
            .zip(theirs)
            .map(|(ours, theirs)| ours[name] / theirs[name]),
    )
}

/// Instructions for each request of a client.
fn instructions(server: &Server, way: &str) -> Result<f64> {
    let [few, many] = COUNTED.map(|requests| {
        callgrind::instructions(&format!("marquee/count/{way}/{}/{requests}", server.port))
    });
    Ok((many? - few?) / f64::from(COUNTED[1] - COUNTED[0]))
}

fn measure(way: &str, python: &str, port: u16, concurrent: usize) -> Result<Numbers> {
    let Some(gs_quant) = way.strip_prefix("gs_quant, ") else {
        return Runner::job(
            Program::Timing,
            &format!("marquee/{way}/{port}/{concurrent}"),
        );
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/marquee.py");
    let output = Command::new(python)
        .arg(script)
        .args([format!("http://127.0.0.1:{port}"), gs_quant.to_owned()])
        .args([concurrent.to_string(), SLICE.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start {python}: {error}"))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("gs_quant printed no numbers: {error}; {}", output.status))
}
