//! A proxy on loopback, for `CONNECT` alone.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::server::RUNTIME;

/// Leads to one server, whatever host it is asked for, and keeps a log.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    conduct: Mutex<Conduct>,
    log: Mutex<Vec<String>>,
}

/// What it does with who asks.
#[derive(Clone)]
pub enum Conduct {
    /// Lets everybody through.
    Open,
    /// Lets those through who send this `Proxy-Authorization`.
    Asks(String),
    /// Answers with this, and hangs up.
    Says(&'static str),
}

impl Proxy {
    pub fn start(server: SocketAddr, conduct: Conduct) -> Self {
        Self::listen(None, server, conduct)
    }

    pub fn start_tls(tls: TlsAcceptor, server: SocketAddr, conduct: Conduct) -> Self {
        Self::listen(Some(tls), server, conduct)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests that came.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().unwrap().clone()
    }

    pub fn set(&self, conduct: Conduct) {
        *self.shared.conduct.lock().unwrap() = conduct;
    }

    fn listen(tls: Option<TlsAcceptor>, server: SocketAddr, conduct: Conduct) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server,
            conduct: Mutex::new(conduct),
            log: Mutex::default(),
        });
        let kept = Arc::clone(&shared);
        RUNTIME.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, tls) = (Arc::clone(&kept), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => kept.serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                kept.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, shared }
    }
}

impl Shared {
    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or_default() == 0 {
                return;
            }
        }
        self.log.lock().unwrap().push(head.clone());
        let conduct = self.conduct.lock().unwrap().clone();
        let refusal = match &conduct {
            Conduct::Says(answer) => *answer,
            Conduct::Asks(wanted) if !has(&head, wanted) => {
                "HTTP/1.1 407 Who are you\r\nproxy-authenticate: Basic realm=\"proxy\"\r\ncontent-length: 0\r\n\r\n"
            }
            _ if !head.starts_with("CONNECT ") => "HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n",
            _ => {
                let mut server = TcpStream::connect(self.server).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut server).await;
                return;
            }
        };
        let _ = stream.write_all(refusal.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

fn has(head: &str, wanted: &str) -> bool {
    head.lines().any(|line| {
        line.split_once(": ").is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("proxy-authorization") && value == wanted
        })
    })
}
