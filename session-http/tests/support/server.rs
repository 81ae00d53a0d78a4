//! An HTTP server on loopback, on a runtime of its own.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    runtime::Runtime,
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

pub(super) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Answers each request as its function says, and keeps a log. HTTP/1.1 and, to who knows, HTTP/2.
pub struct Server {
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<Received>>>,
    accepted: watch::Receiver<usize>,
    open: watch::Receiver<usize>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// On which connection, counted from 1.
    pub connection: usize,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }
}

pub type Reply = Response<Full<Bytes>>;

/// An answer with this status, these headers and this body.
pub fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::builder().status(status);
    for (name, value) in headers {
        reply = reply.header(*name, *value);
    }
    reply.body(Full::new(body.into())).unwrap()
}

impl Server {
    pub fn start<F>(answer: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::listen(None, answer)
    }

    pub fn start_tls<F>(
        tls: TlsAcceptor,
        answer: impl Fn(Received) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::listen(Some(tls), answer)
    }

    /// Answers 200 to everything.
    pub fn agreeable() -> Self {
        Self::start(async |_| reply(200, &[], "ok"))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What arrived so far.
    pub fn log(&self) -> Vec<Received> {
        self.log.lock().unwrap().clone()
    }

    /// The `Authorization` headers that arrived so far.
    pub fn authorizations(&self) -> Vec<Option<String>> {
        let log = self.log();
        log.iter()
            .map(|received| received.authorization().map(str::to_owned))
            .collect()
    }

    /// How many connections were opened so far.
    pub fn accepted(&self) -> usize {
        *self.accepted.borrow()
    }

    /// Waits until as many connections as this are open.
    pub async fn until_open(&self, connections: usize) {
        let mut open = self.open.clone();
        open.wait_for(|open| *open == connections).await.unwrap();
    }

    fn listen<F>(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Received) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (accepted, accepted_seen) = watch::channel(0);
        let (open, open_seen) = watch::channel(0);
        let (answer, open) = (Arc::new(answer), Arc::new(open));
        let server_log = Arc::clone(&log);
        RUNTIME.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                accepted.send_modify(|count| *count += 1);
                let number = *accepted.borrow();
                open.send_modify(|count| *count += 1);
                let (tls, open) = (tls.clone(), Arc::clone(&open));
                let (log, answer) = (Arc::clone(&server_log), Arc::clone(&answer));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, number, log, answer).await,
                        Some(tls) => match tls.accept(stream).into_fallible().await {
                            Ok(stream) => serve(stream, number, log, answer).await,
                            // Closed at once, with something unread, it would be reset, and the client might never
                            // get to see the alert.
                            Err((_, mut stream)) => {
                                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                            }
                        },
                    }
                    open.send_modify(|count| *count -= 1);
                });
            }
        });
        Self {
            address,
            log,
            accepted: accepted_seen,
            open: open_seen,
        }
    }
}

async fn serve<S, A, F>(
    stream: S,
    connection: usize,
    log: Arc<Mutex<Vec<Received>>>,
    answer: Arc<A>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
        async move {
            let (head, body) = request.into_parts();
            let received = Received {
                method: head.method.to_string(),
                target: head.uri.path_and_query().unwrap().to_string(),
                headers: head.headers,
                body: body.collect().await.unwrap().to_bytes(),
                connection,
            };
            log.lock().unwrap().push(received.clone());
            Ok::<_, Infallible>(answer(received).await)
        }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_concurrent_streams(2000);
    // Ends with an error whenever the client breaks off.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}
