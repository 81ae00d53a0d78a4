//! A server that writes down what it is sent.

use std::{
    mem,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

use super::{Message, Wire};

/// A server on loopback, as long as the runtime that it was started on. It speaks HTTP/1.1, one request for each
/// connection.
pub(super) struct Recorder {
    url: Url,
    arrived: Arc<Mutex<Vec<Message>>>,
}

impl Recorder {
    /// Redirects lead to the address given.
    pub(super) async fn start(elsewhere: Option<Url>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("the system has a port to spare");
        let address = listener.local_addr().expect("a listener has an address");
        let arrived: Arc<Mutex<Vec<Message>>> = Arc::default();
        let log = Arc::clone(&arrived);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (log, elsewhere) = (Arc::clone(&log), elsewhere.clone());
                tokio::spawn(async move {
                    // A client that goes away has what it wanted.
                    let _ = serve(connection, &log, elsewhere.as_ref()).await;
                });
            }
        });
        Self {
            url: Url::parse(&format!("http://{address}/")).expect("an address makes a URL"),
            arrived,
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// What arrived since the last call.
    pub(super) fn take(&self) -> Vec<Message> {
        mem::take(&mut *lock(&self.arrived))
    }
}

async fn serve(
    mut connection: TcpStream,
    log: &Mutex<Vec<Message>>,
    elsewhere: Option<&Url>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let message = loop {
        if let Some(message) = Message::parse(&bytes) {
            break message;
        }
        if connection.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let answer = {
        let mut log = lock(log);
        let is_first = !log.iter().any(|earlier| earlier.line == message.line);
        let answer = answer(&message, is_first, elsewhere);
        log.push(message);
        answer
    };
    let answer = format!("HTTP/1.1 {answer}content-length: 0\r\nconnection: close\r\n\r\n");
    connection.write_all(answer.as_bytes()).await?;
    connection.shutdown().await
}

/// Status and headers.
fn answer(message: &Message, is_first: bool, elsewhere: Option<&Url>) -> String {
    match elsewhere {
        Some(elsewhere) if message.is_for(Wire::REDIRECTED) => {
            format!("302 Found\r\nlocation: {elsewhere}kit/strayed\r\n")
        }
        Some(_) if message.is_for(Wire::REFUSED) && is_first => {
            let scheme = message.value("authorization").unwrap_or_default();
            let scheme = String::from_utf8_lossy(scheme);
            let scheme = scheme.split(' ').next().filter(|scheme| !scheme.is_empty());
            let scheme = scheme.unwrap_or("Bearer");
            format!("401 Unauthorized\r\nwww-authenticate: {scheme} realm=\"kit\"\r\n")
        }
        _ => "200 OK\r\n".to_owned(),
    }
}

fn lock(arrived: &Mutex<Vec<Message>>) -> MutexGuard<'_, Vec<Message>> {
    arrived.lock().unwrap_or_else(PoisonError::into_inner)
}
