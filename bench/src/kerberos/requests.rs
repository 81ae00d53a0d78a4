//! Requests with a token each, against one Apache.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use session_http::Client;
use tokio::task::JoinSet;

use super::realm::{self, Realm, said};
use crate::{
    processor,
    runner::{Numbers, Program, Result, Runner},
    samples::Samples,
    table::Table,
};

const CONCURRENT: usize = 8;

/// How long session-kit is at work in each round; the others, which are given a number of requests, take about as long.
const SLICE: Duration = Duration::from_secs(2);
const OF_CURL: usize = 2000;
const OF_PYTHON: usize = 1000;

const WAYS: [&str; 3] = ["session-kit", "curl", "requests-gssapi"];

/// Of session-kit to the other two.
const AIMS: [f64; 2] = [2.0, 5.0];

pub(crate) fn run(runner: &Runner, realm: &Realm) -> Result<String> {
    let rounds = runner.rounds(9);
    let (mut rates, mut costs): ([Vec<f64>; 3], [Vec<f64>; 3]) = Default::default();
    for round in 0..rounds {
        for turn in 0..WAYS.len() {
            let at = (round + turn) % WAYS.len();
            let measured = match at {
                0 => Measured::of(&Runner::job(Program::Timing, "kerberos/requests")?),
                1 => curl(realm)?,
                _ => python(realm)?,
            };
            rates[at].push(measured.rate);
            costs[at].push(measured.cpu);
        }
    }
    let ratios = |at: usize| {
        let pairs = rates[0].iter().zip(&rates[at]);
        Samples::new(pairs.map(|(ours, theirs)| ours / theirs))
    };
    let mut table = Table::new([
        &format!("{CONCURRENT} at once"),
        "requests a second",
        "session-kit ÷ it, 95 % interval",
        "the client's CPU a request, µs",
        "it ÷ session-kit",
    ]);
    let mut aims = Table::new(["aim", "measured", "met"]);
    for (at, way) in WAYS.iter().enumerate() {
        let in_words = |ratios: Samples| {
            let (low, high) = ratios.interval();
            match at {
                0 => String::new(),
                _ => format!("{:.2} ({low:.2}–{high:.2})", ratios.median()),
            }
        };
        let shown = |of: &[Vec<f64>; 3]| Samples::new(of[at].clone()).shown(0).to_string();
        let costlier = costs[at].iter().zip(&costs[0]);
        let costlier = Samples::new(costlier.map(|(theirs, ours)| theirs / ours));
        let ratios = ratios(at);
        let ratio = ratios.median();
        table.row([
            (*way).to_owned(),
            shown(&rates),
            in_words(ratios),
            shown(&costs),
            in_words(costlier),
        ]);
        if at > 0 {
            let least = AIMS[at - 1];
            aims.row([
                format!("requests, {CONCURRENT} at once, ÷ {way}: at least {least}"),
                format!("{ratio:.2}"),
                if ratio >= least { "yes" } else { "no" }.to_owned(),
            ]);
        }
    }
    Ok(format!(
        "`GET` by http on loopback, connections are kept, and Apache wants a token with each request. {rounds} rounds, in turns. \
         session-kit: {CONCURRENT} tasks on a runtime of two threads, {} s. curl: one process with `--negotiate --parallel \
         --parallel-max {CONCURRENT}`, {OF_CURL} requests, its start included. requests-gssapi: {CONCURRENT} processes with a \
         session each, which sends the token at once (`opportunistic_auth`), {OF_PYTHON} requests, their start not included. \
         CPU is that of the client's processes.\n\n\
         {table}\n{aims}",
        SLICE.as_secs(),
    ))
}

/// Requests a second, and what each took of the processor in the client's processes, in µs.
struct Measured {
    rate: f64,
    cpu: f64,
}

impl Measured {
    fn of(numbers: &Numbers) -> Self {
        Self {
            rate: numbers["rate"],
            cpu: numbers["cpu"],
        }
    }
}

/// session-kit's.
pub(crate) fn job(realm: &Realm) -> Numbers {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("the system allows threads").block_on(async {
        let session = realm.session().await;
        let client = Client::new(&session);
        request(&client).await;
        let (began, worked) = (Instant::now(), processor::time());
        let mut tasks = JoinSet::new();
        for _ in 0..CONCURRENT {
            let client = client.clone();
            tasks.spawn(async move {
                let mut requests = 0;
                while began.elapsed() < SLICE {
                    request(&client).await;
                    requests += 1;
                }
                requests
            });
        }
        let mut requests = 0;
        while let Some(of_task) = tasks.join_next().await {
            requests += of_task.expect("no request fails");
        }
        let (took, worked) = (began.elapsed(), processor::time() - worked);
        let requests = f64::from(requests);
        Numbers::from([
            ("rate".to_owned(), requests / took.as_secs_f64()),
            ("cpu".to_owned(), worked * 1e6 / requests),
        ])
    })
}

async fn request(client: &Client) {
    let answer = client.get("").send().await.expect("Apache answers");
    let answer = answer.error_for_status().expect("and takes the token");
    let text = answer.text().await.expect("with a body");
    assert!(text.contains("svc@"));
}

fn curl(realm: &Realm) -> Result<Measured> {
    let mut curl = Command::new("curl");
    curl.args([
        "--negotiate",
        "--user",
        ":",
        "--no-progress-meter",
        "--parallel",
    ])
    .args(["--parallel-max", &CONCURRENT.to_string()])
    .args(["--output", "/dev/null", "--write-out", "%{http_code}\n"])
    .arg(format!("{}?[1-{OF_CURL}]", realm.api()));
    let (began, worked) = (Instant::now(), processor::time_of_children()?);
    let statuses = said(&mut curl)?;
    let (took, worked) = (began.elapsed(), processor::time_of_children()? - worked);
    let fine = statuses.lines().filter(|status| *status == "200").count();
    if fine != OF_CURL {
        return Err(format!("curl got {fine} answers of {OF_CURL}"));
    }
    Ok(Measured {
        rate: OF_CURL as f64 / took.as_secs_f64(),
        cpu: worked * 1e6 / OF_CURL as f64,
    })
}

fn python(realm: &Realm) -> Result<Measured> {
    let mut python = Command::new(realm::python());
    python.args([
        "-c",
        include_str!("../../requests-gssapi/requests_at_once.py"),
        &realm.api(),
        &CONCURRENT.to_string(),
        &OF_PYTHON.to_string(),
    ]);
    let numbers = said(&mut python)?;
    serde_json::from_str(&numbers)
        .map(|numbers| Measured::of(&numbers))
        .map_err(|_| format!("requests-gssapi printed no numbers: {numbers}"))
}
