//! A request through session-http, and the same through reqwest with a header that never changes.

use std::time::{Duration, Instant};

use http::{HeaderValue, header::AUTHORIZATION};
use session_core::{BasicEnvironment, Credential, Outgoing, SessionHandle};
use session_http::{Client, ClientBuilder, reqwest};
use session_mock::{MockSession, Step};
use tokio::task::JoinSet;
use url::Url;

use crate::{
    callgrind,
    endpoint::token,
    runner::{Numbers, Result, Runner},
    samples::Samples,
    server::Server,
    table::Table,
};

const CONCURRENT: usize = 32;

/// How long each of the two is at work before it is the other's turn.
const SLICE: Duration = Duration::from_millis(250);

/// Rounds of slices in each process.
const ROUNDS: u32 = 12;

/// The ways of a request, from that with nothing to that with everything.
const WAYS: [&str; 6] = [
    "reqwest, static header",
    "reqwest, static header, a time limit",
    "reqwest, header by `header_now`",
    "reqwest, header by `authorize`",
    "session-http, no time limit",
    "session-http, its time limit",
];

/// Those whose throughput is measured.
const COMPARED: [&str; 3] = [WAYS[0], WAYS[1], WAYS[5]];

/// What the numbers of each of them begin with: its requests a second, and those of session-http to them.
const RATE: [&str; 3] = ["rate 0 ", "rate 1 ", "rate 2 "];
const RATIO: [&str; 3] = ["ratio 0 ", "ratio 1 ", "ratio 2 "];

/// Requests whose instructions are counted, after so many that set everything up.
const COUNTED: [u32; 2] = [50, 550];

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let server = Server::start()?;
    let mut table = Table::new(["instructions of the client for each request", "", "added"]);
    let by_header = instructions(&server, WAYS[0])?;
    let mut added = Vec::new();
    let mut counts = Vec::new();
    for way in WAYS {
        let count = instructions(&server, way)?;
        let more = 100.0 * (count / by_header - 1.0);
        added.push(more);
        counts.push(count);
        table.row([
            way.to_owned(),
            format!("{count:.0}"),
            format!("{more:+.2} %"),
        ]);
    }

    let rounds = runner.rounds(5);
    let measured = Runner::repeated(&format!("loopback/throughput/{}", server.port), rounds)?;
    let named = |start: &'static str| {
        let all = measured.iter().flatten();
        Samples::new(
            all.filter(move |(key, _)| key.starts_with(start))
                .map(|(_, value)| *value),
        )
    };
    let mut throughput = Table::new([
        &format!("requests a second, {CONCURRENT} at once"),
        "median",
        "session-http ÷ it, 95 % interval",
    ]);
    let mut intervals = Vec::new();
    for (at, way) in COMPARED.iter().enumerate() {
        let ratios = named(RATIO[at]);
        let (low, high) = ratios.interval();
        intervals.push((low, high));
        let is_it = at == COMPARED.len() - 1;
        throughput.row([
            (*way).to_owned(),
            format!("{:.0}", named(RATE[at]).median()),
            if is_it {
                String::new()
            } else {
                format!("{:.3} ({low:.3}–{high:.3})", ratios.median())
            },
        ]);
    }

    let mut aims = Table::new(["aim", "measured", "met"]);
    let met = |is_met| if is_met { "yes" } else { "no" }.to_owned();
    for (way, added) in WAYS.iter().zip(added).skip(1) {
        let aim = format!("instructions added, {way}: at most 2 %");
        aims.row([aim, format!("{added:.2} %"), met(added <= 2.0)]);
    }
    let more = 100.0 * (counts[5] / counts[1] - 1.0);
    aims.row([
        format!(
            "instructions added, {}, to `{}`: at most 2 %",
            WAYS[5], WAYS[1]
        ),
        format!("{more:.2} %"),
        met(more <= 2.0),
    ]);
    for (way, (low, high)) in COMPARED.iter().zip(intervals).take(2) {
        aims.row([
            format!("the interval of the ratio to `{way}` includes 1, or is above"),
            format!("{low:.3}–{high:.3}"),
            met(high >= 1.0),
        ]);
    }
    Ok(format!(
        "`GET` without a body; the server is a process of its own on loopback, HTTP/1.1, connections are kept. \
         Instructions by callgrind, of the client alone: {} requests less {}, one after the other. Throughput: {rounds} \
         processes with {ROUNDS} rounds of slices of {} ms, one of each, in turns. The time limit of reqwest is \
         one for the request, the same as that of session-http, which also limits how long the server is silent.\n\n{table}\n{throughput}\n{aims}",
        COUNTED[1],
        COUNTED[0],
        SLICE.as_millis(),
    ))
}

/// `throughput/PORT`, or `WAY/PORT/REQUESTS`.
pub(crate) fn job(job: &str) -> Result<Numbers> {
    let parts: Vec<&str> = job.split('/').collect();
    let number = |text: &str| {
        text.parse::<u32>()
            .map_err(|_| format!("`{text}` is no number"))
    };
    match parts[..] {
        ["throughput", port] => Ok(throughput(port)),
        [way, port, requests] => {
            one_after_the_other(way, port, number(requests)?);
            Ok(Numbers::new())
        }
        _ => Err(format!("there is no job `{job}`")),
    }
}

/// Instructions for each request of a client.
fn instructions(server: &Server, way: &str) -> Result<f64> {
    let [few, many] = COUNTED.map(|requests| {
        callgrind::instructions(&format!("loopback/{way}/{}/{requests}", server.port))
    });
    Ok((many? - few?) / f64::from(COUNTED[1] - COUNTED[0]))
}

#[derive(Clone)]
enum Way {
    Static(reqwest::Client, HeaderValue, String),
    HeaderNow(reqwest::Client, SessionHandle, String),
    Authorized(reqwest::Client, SessionHandle, Url),
    Session(Client),
}

impl Way {
    async fn named(name: &str, port: &str) -> Self {
        let address = format!("http://127.0.0.1:{port}/");
        let url = format!("{address}orders");
        if name == WAYS[0] || name == WAYS[1] {
            let mut header =
                HeaderValue::from_str(&format!("Bearer {}", token())).expect("visible ASCII");
            header.set_sensitive(true);
            let client = if name == WAYS[0] { plain() } else { limited() };
            return Self::Static(client, header, url);
        }
        let environment = BasicEnvironment::new("bench").service("api", &address);
        let environment = environment.expect("loopback is allowed without encryption");
        let credential = Credential::bearer(token()).expires_in(Duration::from_secs(24 * 3600));
        let mock = MockSession::scripted([Step::credential(credential)]);
        let session = mock.in_environment(environment).handle();
        session.init().await.expect("the mock gives a token");
        if name == WAYS[2] {
            Self::HeaderNow(plain(), session, url)
        } else if name == WAYS[3] {
            Self::Authorized(plain(), session, url.parse().expect("an absolute URL"))
        } else if name == WAYS[4] {
            let client = Client::builder()
                .session(&session)
                .reqwest(reqwest::Client::builder);
            Self::Session(client.build())
        } else {
            Self::Session(Client::new(&session))
        }
    }

    async fn request(&self) {
        let text = match self {
            Self::Static(client, header, url) => {
                let answer = client
                    .get(url)
                    .header(AUTHORIZATION, header.clone())
                    .send()
                    .await;
                answer
                    .expect("the server answers")
                    .text()
                    .await
                    .expect("with a body")
            }
            Self::HeaderNow(client, session, url) => {
                let header = session
                    .header_now(&AUTHORIZATION)
                    .expect("the session is open");
                let answer = client.get(url).header(AUTHORIZATION, header).send().await;
                answer
                    .expect("the server answers")
                    .text()
                    .await
                    .expect("with a body")
            }
            Self::Authorized(client, session, url) => {
                let (mut parts, ()) = http::Request::new(()).into_parts();
                let receipt = session.authorize(Outgoing::new(url, &mut parts)).await;
                receipt.expect("the session is open");
                let answer = client.get(url.as_str()).headers(parts.headers).send().await;
                answer
                    .expect("the server answers")
                    .text()
                    .await
                    .expect("with a body")
            }
            Self::Session(client) => {
                let answer = client.get("orders").send().await;
                answer
                    .expect("the server answers")
                    .text()
                    .await
                    .expect("with a body")
            }
        };
        assert_eq!(text, "{}");
    }
}

fn plain() -> reqwest::Client {
    let client = reqwest::Client::builder().build();
    client.expect("TLS is set up")
}

fn limited() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .timeout(ClientBuilder::TIME_LIMIT)
        .build();
    client.expect("TLS is set up")
}

fn one_after_the_other(way: &str, port: &str, requests: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("the system allows it").block_on(async {
        let way = Way::named(way, port).await;
        for _ in 0..requests {
            way.request().await;
        }
    });
}

fn throughput(port: &str) -> Numbers {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("the system allows threads").block_on(async {
        let mut ways = Vec::new();
        for name in COMPARED {
            let way = Way::named(name, port).await;
            slice(&way).await;
            ways.push(way);
        }
        let mut numbers = Numbers::new();
        for round in 0..ROUNDS {
            // Who comes later gets what the one before has warmed: each does, in turn.
            let mut rates = [0.0; COMPARED.len()];
            for turn in 0..ways.len() {
                let at = (round as usize + turn) % ways.len();
                rates[at] = slice(&ways[at]).await;
            }
            let session = rates[COMPARED.len() - 1];
            for (at, rate) in rates.into_iter().enumerate() {
                numbers.insert(format!("{}{round}", RATE[at]), rate);
                numbers.insert(format!("{}{round}", RATIO[at]), session / rate);
            }
        }
        numbers
    })
}

/// Requests a second.
async fn slice(way: &Way) -> f64 {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CONCURRENT {
        let way = way.clone();
        tasks.spawn(async move {
            let mut requests = 0;
            while began.elapsed() < SLICE {
                way.request().await;
                requests += 1;
            }
            requests
        });
    }
    let mut requests = 0;
    while let Some(of_task) = tasks.join_next().await {
        requests += of_task.expect("no request fails");
    }
    f64::from(requests) / began.elapsed().as_secs_f64()
}
