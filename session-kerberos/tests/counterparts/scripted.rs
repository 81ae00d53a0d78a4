//! A server that says what a test wants.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A server on this machine, without TLS, one request for each connection, as long as the test's process lives.
pub(crate) struct Scripted {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// What its `Authorization` was.
    pub(crate) authorization: Option<String>,
}

impl Scripted {
    /// Answers each request with what the script makes of it and its number: status and headers. Without any, it hangs up.
    pub(crate) fn start(
        script: impl Fn(usize, &Request) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let Some(request) = Request::read(&client) else {
                    continue;
                };
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len()
                };
                if let Some(answer) = script(number, &request) {
                    let answer =
                        format!("HTTP/1.1 {answer}content-length: 0\r\nconnection: close\r\n\r\n");
                    // Who has gone away does not matter.
                    let _ = client.write_all(answer.as_bytes());
                }
            }
        });
        Self { address, requests }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// What arrived so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests there were, of which each must have a token, and none that of another.
    #[track_caller]
    pub(crate) fn assert_tokens_are_fresh(&self) -> usize {
        let requests = self.requests();
        let tokens: HashSet<_> = requests
            .iter()
            .map(|request| request.authorization.clone().expect("it has a token"))
            .collect();
        assert_eq!(tokens.len(), requests.len(), "a token was sent twice");
        requests.len()
    }
}

impl Request {
    fn read(client: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(client).lines();
        let first = lines.next()?.ok()?;
        let head: Vec<_> = lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        let authorization = head.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_it = name.eq_ignore_ascii_case("authorization");
            is_it.then(|| value.to_owned())
        });
        Some(Self {
            path: first.split(' ').nth(1)?.to_owned(),
            authorization,
        })
    }
}
