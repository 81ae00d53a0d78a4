//! A server that answers one request after the other as it was told, and can break off.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use session_http::websocket::tungstenite::handshake::derive_accept_key;

/// An answer, or what comes instead of one.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// What was asked for, with these headers: 200, or a websocket.
    Success(&'static str),
    /// A status line without the version, and headers.
    Head(String),
    /// The connection is closed without a word.
    Break,
    /// Time passes on the way; then this.
    Later(Box<Answer>),
}

pub(crate) struct Scripted {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Answers in this order, and with the last of them for ever. `pass` lets time pass.
    pub(crate) fn start(answers: Vec<Answer>, pass: impl Fn() + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::<Mutex<Vec<String>>>::default();
        let script = Arc::new(Script {
            answers: Mutex::new(answers.into()),
            received: Arc::clone(&received),
            pass: Box::new(pass),
        });
        thread::spawn(move || {
            for stream in listener.incoming() {
                let script = Arc::clone(&script);
                thread::spawn(move || serve(&stream.unwrap(), &script));
            }
        });
        Self { url, received }
    }

    /// The heads of all requests.
    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

struct Script {
    answers: Mutex<VecDeque<Answer>>,
    received: Arc<Mutex<Vec<String>>>,
    pass: Box<dyn Fn() + Send + Sync>,
}

impl Script {
    fn next(&self) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        if answers.len() > 1 {
            return answers.pop_front().unwrap();
        }
        answers[0].clone()
    }
}

/// Ends when the connection does.
fn serve(stream: &TcpStream, script: &Script) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let head = read_request(&mut reader)?;
        script.received.lock().unwrap().push(head.clone());
        if !give(script.next(), &head, stream, script)? {
            return None;
        }
    }
}

/// Whether more requests can come on this connection.
fn give(answer: Answer, head: &str, mut stream: &TcpStream, script: &Script) -> Option<bool> {
    match answer {
        Answer::Later(answer) => {
            (script.pass)();
            give(*answer, head, stream, script)
        }
        Answer::Break => {
            stream.shutdown(Shutdown::Both).ok()?;
            Some(false)
        }
        Answer::Head(head) => {
            let answer = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).ok()?;
            Some(true)
        }
        Answer::Success(headers) => {
            let answer = match header(head, "sec-websocket-key") {
                None => format!("HTTP/1.1 200 OK{headers}\r\ncontent-length: 2\r\n\r\nok"),
                Some(key) => format!(
                    "HTTP/1.1 101 Switching{headers}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {}\r\n\r\n",
                    derive_accept_key(key.as_bytes())
                ),
            };
            stream.write_all(answer.as_bytes()).ok()?;
            Some(!answer.starts_with("HTTP/1.1 101"))
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    if let Some(length) = header(&head, "content-length") {
        let mut body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
    } else if header(&head, "transfer-encoding").is_some() {
        // In chunks, of which the last is empty.
        let mut line = String::new();
        while line != "0\r\n" {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk).ok()?;
        }
    }
    Some(head)
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}
