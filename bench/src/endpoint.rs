//! A token endpoint and an API, on loopback.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// As long as signed tokens are.
const TOKEN_LENGTH: usize = 1000;

/// A server that answers a `POST` with a token and a `GET` with nothing, on a thread of its own.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    pub(crate) conduct: Arc<Conduct>,
}

/// How tokens are given out.
#[derive(Debug)]
pub(crate) struct Conduct {
    requests: AtomicU64,
    lifetime: AtomicU64,
    delay: AtomicU64,
}

impl Endpoint {
    /// Starts it; tokens live an hour.
    pub(crate) fn start() -> io::Result<Self> {
        let conduct = Arc::new(Conduct {
            requests: AtomicU64::new(0),
            lifetime: AtomicU64::new(3600),
            delay: AtomicU64::new(0),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (sender, receiver) = mpsc::channel();
        let shared = Arc::clone(&conduct);
        thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
                let listener = listener.expect("loopback has a free port");
                sender
                    .send(listener.local_addr())
                    .expect("who started it waits");
                serve(listener, shared).await;
            });
        });
        let address = receiver.recv().map_err(io::Error::other)??;
        Ok(Self { address, conduct })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Conduct {
    /// How many tokens were asked for.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// How long tokens live from now on, in seconds.
    pub(crate) fn set_lifetime(&self, seconds: u64) {
        self.lifetime.store(seconds, Relaxed);
    }

    /// How long the next tokens take.
    pub(crate) fn set_delay(&self, delay: Duration) {
        self.delay.store(delay.as_millis() as u64, Relaxed);
    }

    /// Gives out a token, as JSON (RFC 6749 §5.1).
    pub(crate) async fn token(&self) -> String {
        self.requests.fetch_add(1, Relaxed);
        let delay = self.delay.load(Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let lifetime = self.lifetime.load(Relaxed);
        serde_json::json!({
            "access_token": token(),
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
        })
        .to_string()
    }
}

/// An access token like any other, but for what it says.
pub(crate) fn token() -> String {
    "t".repeat(TOKEN_LENGTH)
}

async fn serve(listener: TcpListener, conduct: Arc<Conduct>) {
    while let Ok((stream, _)) = listener.accept().await {
        let conduct = Arc::clone(&conduct);
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let service = service_fn(move |request| answer(request, Arc::clone(&conduct)));
            // A client that goes is no news.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    conduct: Arc<Conduct>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_token = request.method() == Method::POST;
    let is_of_marquee = request.uri().path().starts_with("/v1/");
    let _ = request.into_body().collect().await;
    let body = if is_token {
        conduct.token().await
    } else {
        "{}".to_owned()
    };
    let mut answer = Response::builder().header("content-type", "application/json");
    if is_of_marquee {
        answer = answer.header("x-dash-requestid", "req-00000000-0000-0000");
    }
    let answer = answer.body(Full::from(body));
    Ok(answer.expect("a valid response"))
}
