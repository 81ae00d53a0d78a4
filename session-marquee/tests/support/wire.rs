//! A server that answers with the bytes that it was given, for what the embedded provider does not send.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use session_core::{Secret, SessionHandle};
use session_marquee::{Client, Marquee, MarqueeBuilder, MarqueeEnvironment};

/// Gives its answers one after the other, each on a connection of its own.
pub struct Wire {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    pub fn start(answers: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answers) = (Arc::clone(&requests), Vec::from_iter(answers));
        thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let request = read(&mut stream);
                seen.lock().unwrap().push(request);
                let _ = stream.write_all(&answer);
                let _ = stream.shutdown(Shutdown::Write);
                // Until the client has read it, so that nothing is reset.
                let _ = stream.read(&mut [0]);
            }
        });
        Self { address, requests }
    }

    /// What arrived, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn environment(&self) -> MarqueeEnvironment {
        MarqueeEnvironment::custom("wire", &self.address, "https://idp.example.com/token").unwrap()
    }

    /// An application whose token endpoint is this server too.
    pub fn application(&self) -> MarqueeBuilder {
        let auth = format!("{}/token", self.address);
        let environment = MarqueeEnvironment::custom("wire", &self.address, &auth).unwrap();
        Marquee::client_credentials(environment, "id", Secret::new("s3cr3t"))
    }

    /// An open session with a token.
    pub async fn opened(&self) -> (SessionHandle, Client) {
        let session = Marquee::token(self.environment(), Secret::new("ext-token"));
        let session = session.open().unwrap();
        session.init().await.unwrap();
        let client = Client::new(&session);
        (session, client)
    }
}

/// An answer with these headers and this body.
pub fn answer(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.extend([name, ": ", value, "\r\n"]);
    }
    [answer.as_bytes(), b"Connection: close\r\n\r\n", body].concat()
}

fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).unwrap_or_default();
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let end = text.find("\r\n\r\n").map(|at| at + 4);
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if read == 0 || end.is_some_and(|end| request.len() >= end + length) {
            return text;
        }
    }
}
