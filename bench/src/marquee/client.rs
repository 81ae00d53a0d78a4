//! A process that makes requests.

use std::time::{Duration, Instant};

use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT, AUTHORIZATION, USER_AGENT},
};
use serde_json::Value;
use session_core::Secret;
use session_http::reqwest;
use session_marquee::{Client, Marquee, MarqueeEnvironment};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use super::{SLICE, WAYS};
use crate::{
    endpoint::token,
    processor,
    runner::{Numbers, Result},
};

/// What is done before it counts: connections, and what is made once.
const WARM_UP: Duration = Duration::from_millis(300);

/// A turn of one of the two that are compared one after the other, and how many turns.
const TURN: Duration = Duration::from_millis(100);
const TURNS: u32 = 20;

/// `WAY/PORT/CONCURRENT`, `count/WAY/PORT/REQUESTS`, `raw/PORT/CONCURRENT`, or `sequential/PORT`.
pub(crate) fn job(job: &str) -> Result<Numbers> {
    let parts: Vec<&str> = job.split('/').collect();
    let number = |text: &str| {
        let number = text.parse::<u16>();
        number.map_err(|_| format!("`{text}` is no number"))
    };
    match parts[..] {
        ["sequential", port] => Ok(sequential(number(port)?)),
        ["count", way, port, requests] => {
            one_after_the_other(way, number(port)?, number(requests)?);
            Ok(Numbers::new())
        }
        ["raw", port, concurrent] => Ok(raw(number(port)?, number(concurrent)?)),
        [way, port, concurrent] => Ok(at_once(way, number(port)?, number(concurrent)?)),
        _ => Err(format!("there is no job `{job}`")),
    }
}

#[derive(Clone)]
enum Way {
    Session(Client),
    Reqwest(reqwest::Client, HeaderMap, String),
}

impl Way {
    async fn named(name: &str, port: u16) -> Self {
        let address = format!("http://127.0.0.1:{port}");
        if name != WAYS[2] {
            let header = HeaderValue::from_str(&format!("Bearer {}", token()));
            let mut header = header.expect("visible ASCII");
            header.set_sensitive(true);
            let mut headers = HeaderMap::from_iter([(AUTHORIZATION, header)]);
            let mut client = reqwest::Client::builder();
            if name == WAYS[4] {
                let name = HeaderValue::from_static("session-kit");
                let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
                headers.insert("x-application", name);
                headers.insert("x-version", version);
                headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
                headers.insert(USER_AGENT, HeaderValue::from_static("session-kit/0.1.0"));
                client = client.timeout(Client::TIME_LIMIT);
            }
            let client = client.build().expect("TLS is set up");
            return Self::Reqwest(client, headers, format!("{address}/v1/users/self"));
        }
        let auth = format!("{address}/as/token.oauth2");
        let environment = MarqueeEnvironment::custom("bench", &address, &auth);
        let environment = environment.expect("loopback is allowed without encryption");
        let session = Marquee::client_credentials(environment, "id", Secret::from("secret")).open();
        let session = session.expect("all of it is there");
        session.init().await.expect("the server gives a token");
        Self::Session(Client::new(&session))
    }

    async fn request(&self) {
        let answer: Value = match self {
            Self::Session(client) => {
                let answer = client.get("/users/self").send().await;
                let answer = answer.expect("the server answers").decode().await;
                answer.expect("with JSON")
            }
            Self::Reqwest(client, headers, url) => {
                let mut request = client.get(url);
                for (name, value) in headers {
                    request = request.header(name, value.clone());
                }
                let body = request.send().await.expect("the server answers").bytes();
                let body = body.await.expect("with a body");
                serde_json::from_slice(&body).expect("of JSON")
            }
        };
        assert!(answer.as_object().is_some_and(serde_json::Map::is_empty));
    }
}

fn at_once(way: &str, port: u16, concurrent: u16) -> Numbers {
    two_threads().block_on(async {
        let way = Way::named(way, port).await;
        slice(&way, concurrent, WARM_UP).await;
        let (began, worked) = (Instant::now(), processor::time());
        let requests = slice(&way, concurrent, Duration::from_secs_f64(SLICE)).await;
        let (took, worked) = (began.elapsed(), processor::time() - worked);
        Numbers::from([
            ("rate".to_owned(), requests / took.as_secs_f64()),
            ("cpu".to_owned(), worked * 1e6 / requests),
        ])
    })
}

/// Requests that so many make until the time is over.
async fn slice(way: &Way, concurrent: u16, time: Duration) -> f64 {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..concurrent {
        let way = way.clone();
        tasks.spawn(async move {
            let mut requests = 0.0;
            while began.elapsed() < time {
                way.request().await;
                requests += 1.0;
            }
            requests
        });
    }
    tasks.join_all().await.into_iter().sum()
}

fn one_after_the_other(way: &str, port: u16, requests: u16) {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("the system allows it").block_on(async {
        let way = Way::named(way, port).await;
        for _ in 0..requests {
            way.request().await;
        }
    });
}

/// The rate of ours, divided by that of reqwest, for each pair of turns.
fn sequential(port: u16) -> Numbers {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("the system allows it").block_on(async {
        let ours = Way::named(WAYS[2], port).await;
        let bare = Way::named(WAYS[3], port).await;
        let mut numbers = Numbers::new();
        for way in [&ours, &bare] {
            rate(way, WARM_UP).await;
        }
        for turn in 0..TURNS {
            // Who comes second gets what the first has warmed: each does, in turn.
            let ratio = if turn % 2 == 0 {
                let ours = rate(&ours, TURN).await;
                ours / rate(&bare, TURN).await
            } else {
                let bare = rate(&bare, TURN).await;
                rate(&ours, TURN).await / bare
            };
            numbers.insert(format!("ratio {turn}"), ratio);
        }
        numbers
    })
}

async fn rate(way: &Way, time: Duration) -> f64 {
    let began = Instant::now();
    let mut requests = 0.0;
    while began.elapsed() < time {
        way.request().await;
        requests += 1.0;
    }
    requests / began.elapsed().as_secs_f64()
}

/// What the server can do: by clients that write the same bytes again and again, and count what comes back.
fn raw(port: u16, concurrent: u16) -> Numbers {
    two_threads().block_on(async {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..concurrent {
            tasks.spawn(async move {
                let stream = TcpStream::connect(("127.0.0.1", port)).await;
                let mut stream = stream.expect("the server listens");
                stream.set_nodelay(true).expect("the system allows it");
                let token = token();
                let request = format!(
                    "GET /v1/users/self HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n"
                );
                let (mut answer, mut requests) = ([0; 1024], 0.0);
                while began.elapsed() < Duration::from_secs_f64(SLICE) {
                    let sent = stream.write_all(request.as_bytes()).await;
                    sent.expect("the server reads");
                    let read = stream.read(&mut answer).await.expect("the server answers");
                    assert!(answer[..read].ends_with(b"{}"), "in one piece");
                    requests += 1.0;
                }
                requests
            });
        }
        let requests: f64 = tasks.join_all().await.into_iter().sum();
        Numbers::from([("rate".to_owned(), requests / began.elapsed().as_secs_f64())])
    })
}

fn two_threads() -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("the system allows threads")
}
