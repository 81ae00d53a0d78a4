//! A blocking HTTP/1.1 client that sends exactly what it is told, so that no library repairs a request.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use session_mock::{Entry, Provider};

/// Far more than anything here takes. Only so that what is broken fails a test instead of hanging it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to a provider.
pub(crate) struct Wire(BufReader<TcpStream>);

impl Wire {
    pub(crate) fn to(provider: &Provider) -> Self {
        let address = provider.issuer().socket_addrs(|| None).unwrap();
        let stream = TcpStream::connect(&*address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// A failure is not looked at: the answer will be missing too, unless the provider sent it before it had read all.
    pub(crate) fn send(&mut self, request: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(request.as_ref());
    }

    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: Vec::new(),
        };
        if let Some(length) = answer.header("content-length") {
            answer.body.resize(length.parse().unwrap(), 0);
            self.0.read_exact(&mut answer.body)?;
        } else if answer.header("transfer-encoding") == Some("chunked") {
            while self.chunk(&mut answer.body)? {}
        }
        Ok(answer)
    }

    /// What comes until the connection ends.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).map(|_| rest)
    }

    pub(crate) fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request);
        self.answer().unwrap()
    }

    fn chunk(&mut self, body: &mut Vec<u8>) -> io::Result<bool> {
        let mut size = String::new();
        self.0.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim_end(), 16).map_err(io::Error::other)?;
        let start = body.len();
        body.resize(start + size, 0);
        self.0.read_exact(&mut body[start..])?;
        self.0.read_exact(&mut [0; 2])?;
        Ok(size > 0)
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The `error` of RFC 6749 §5.2, with the status.
    pub(crate) fn error(&self) -> (u16, String) {
        (
            self.status,
            self.json()["error"].as_str().unwrap().to_owned(),
        )
    }

    pub(crate) fn access_token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["access_token"].as_str().unwrap().to_owned()
    }
}

/// One request on a connection of its own.
pub(crate) fn ask(provider: &Provider, request: impl AsRef<[u8]>) -> Answer {
    Wire::to(provider).ask(request)
}

/// A GET, with further header lines, each ended by CRLF.
pub(crate) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: provider\r\n{headers}\r\n")
}

pub(crate) fn get_with_token(path: &str, token: &str) -> String {
    get(path, &format!("authorization: Bearer {token}\r\n"))
}

/// A POST of a form, with further header lines.
pub(crate) fn post(path: &str, headers: &str, form: &str) -> String {
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: provider\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {length}\r\n{headers}\r\n{form}"
    )
}

/// The header line for Basic credentials, which are sent as they are.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    let credentials = STANDARD.encode(format!("{id}:{secret}"));
    format!("authorization: Basic {credentials}\r\n")
}

/// A token request of the provider's first client, with further parameters, as in `&scope=read`.
pub(crate) fn token_request(provider: &Provider, parameters: &str) -> String {
    let headers = basic(provider.client_id(), provider.client_secret());
    post(
        "/token",
        &headers,
        &format!("grant_type=client_credentials{parameters}"),
    )
}

pub(crate) fn token(provider: &Provider) -> String {
    ask(provider, token_request(provider, "")).access_token()
}

pub(crate) fn wait_for(provider: &Provider, predicate: impl FnMut(&[Entry]) -> bool) {
    assert!(
        provider.blocking_wait_for(PATIENCE, predicate),
        "{:?}",
        provider.log()
    );
}

pub(crate) fn api_status(provider: &Provider, token: &str) -> u16 {
    ask(provider, get_with_token("/api/orders", token)).status
}
