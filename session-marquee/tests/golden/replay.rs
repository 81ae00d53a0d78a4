//! The servers of a trace: they answer as they did when it was recorded, whoever asks, and record in turn.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_LENGTH};
use serde_json::{Value, json};
use session_mock::{Outage, Provider, Reply, Site};

use crate::{
    normal::Normal,
    trace::{Exchange, Request, Trace, body, text},
};

/// Three servers: `http`, `other` and `ws`, as the traces call them.
pub(crate) struct Replay {
    script: Arc<Script>,
    pub(crate) http: Provider,
    pub(crate) other: Provider,
    pub(crate) ws: Provider,
}

/// Requests that are answered alike; the first of them says how.
type Turn = Option<Exchange>;

/// What the servers share.
struct Script {
    /// Until then it is set-up: token requests are granted, all else is fine, nothing is recorded.
    begun: AtomicBool,
    /// How long tokens of the set-up live, in seconds.
    lifetime: usize,
    tokens: AtomicUsize,
    /// What was not answered yet.
    left: Mutex<Vec<Exchange>>,
    /// What all are answered until the next turn, where there are turns.
    turn: Mutex<Option<Turn>>,
    recorded: Mutex<Vec<(usize, Request)>>,
    /// Of the token requests and of all, how many were told of by `count`.
    counted: Mutex<[usize; 2]>,
    normal: OnceLock<Normal>,
}

impl Replay {
    /// The servers of this trace.
    pub(crate) fn of(trace: &Trace, lifetime: usize) -> Self {
        let script = Arc::new(Script {
            begun: AtomicBool::new(false),
            lifetime,
            tokens: AtomicUsize::new(0),
            left: Mutex::new(trace.exchanges.clone()),
            turn: Mutex::default(),
            recorded: Mutex::default(),
            counted: Mutex::default(),
            normal: OnceLock::new(),
        });
        let start = |on| {
            let script = script.clone();
            Provider::builder()
                .site(Server { on, script })
                .start()
                .unwrap()
        };
        let [http, other, ws] = ["http", "other", "ws"].map(start);
        let port = |provider: &Provider| provider.issuer().port().unwrap();
        let normal = Normal::new([port(&http), port(&other), port(&ws)]);
        assert!(script.normal.set(normal).is_ok());
        Self {
            script,
            http,
            other,
            ws,
        }
    }

    /// Ends the set-up.
    pub(crate) fn begin(&self) {
        self.script.begun.store(true, SeqCst);
    }

    /// What names in braces stand for.
    pub(crate) fn normal(&self) -> &Normal {
        self.script.normal.get().unwrap()
    }

    /// Where they are: `http://127.0.0.1:1`, without a path.
    pub(crate) fn addresses(&self) -> Value {
        let address =
            |provider: &Provider| provider.issuer().as_str().trim_end_matches('/').to_owned();
        json!({
            "http": address(&self.http),
            "other": address(&self.other),
            "ws": address(&self.ws).replacen("http", "ws", 1),
        })
    }

    /// How many token requests were recorded since this was asked last.
    pub(crate) fn token_requests(&self) -> usize {
        self.script.count(0)
    }

    /// How many requests.
    pub(crate) fn requests(&self) -> usize {
        self.script.count(1)
    }

    /// From here on, and until this is called again, all requests are answered as the first of them.
    pub(crate) fn turn_to_next(&self) {
        *self.script.turn.lock().unwrap() = Some(None);
    }

    /// What was recorded, in order of arrival.
    pub(crate) fn recorded(&self) -> Vec<Request> {
        let recorded = self.script.recorded.lock().unwrap();
        let mut connections = Vec::new();
        let named = recorded.iter().map(|(connection, request)| {
            let connection = (request.on.clone(), *connection);
            if !connections.contains(&connection) {
                connections.push(connection.clone());
            }
            let number = connections.iter().position(|known| *known == connection);
            Request {
                connection: format!("c{}", number.unwrap() + 1),
                ..request.clone()
            }
        });
        named.collect()
    }
}

impl Script {
    fn count(&self, which: usize) -> usize {
        let recorded = self.recorded.lock().unwrap();
        let all = match which {
            0 => recorded
                .iter()
                .filter(|(_, request)| request.target.starts_with("/as/"))
                .count(),
            _ => recorded.len(),
        };
        let before = std::mem::replace(&mut self.counted.lock().unwrap()[which], all);
        all - before
    }

    fn set_up(&self, path: &str) -> Reply {
        let body = if path == "/as/token.oauth2" {
            let number = self.tokens.fetch_add(1, SeqCst) + 1;
            let (token, lifetime) = (format!("tok-{number}"), self.lifetime);
            json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime })
        } else if let Some(id) = path.strip_prefix("/v1/data/catalog/") {
            let fields = json!({
                "date": { "type": "string", "format": "date" },
                "assetId": { "type": "string" },
                "v": { "type": "number" },
            });
            json!({ "id": id, "name": "ds", "fields": fields, "dimensions": { "timeField": "date" } })
        } else {
            json!({})
        };
        Reply::json(StatusCode::OK, body.to_string())
    }

    /// The answer to a request.
    fn answer(&self, request: &Request) -> Option<Exchange> {
        let mut turn = self.turn.lock().unwrap();
        let Some(turn) = &mut *turn else {
            return self.next(request);
        };
        if turn.is_none() {
            *turn = self.next(request);
        }
        turn.clone()
    }

    /// The answer that the trace has for a request like this: for the first of them, of those with the same token if there are some.
    fn next(&self, request: &Request) -> Option<Exchange> {
        let mut left = self.left.lock().unwrap();
        let alike = |exchange: &Exchange| exchange.request.key() == request.key();
        let as_known = |exchange: &Exchange| {
            alike(exchange)
                && exchange.request.header("authorization") == request.header("authorization")
        };
        let found = left.iter().position(as_known);
        let found = found.or_else(|| left.iter().position(alike))?;
        Some(left.remove(found))
    }
}

/// One of the servers.
struct Server {
    on: &'static str,
    script: Arc<Script>,
}

impl Site for Server {
    fn token_path(&self) -> Option<&str> {
        None
    }

    fn answer(&self, request: &session_mock::Request<'_>) -> Reply {
        let script = &self.script;
        match request.path() {
            "/--begin--" => {
                script.begun.store(true, SeqCst);
                return Reply::status(StatusCode::OK);
            }
            "/--tokens--" => return Reply::json(StatusCode::OK, script.count(0).to_string()),
            "/--requests--" => return Reply::json(StatusCode::OK, script.count(1).to_string()),
            path if !script.begun.load(SeqCst) => return script.set_up(path),
            _ => {}
        }
        let normal = script.normal.get().unwrap();
        let headers = request.headers().into_iter();
        let headers = headers.map(|(name, value)| (name, std::str::from_utf8(value).unwrap()));
        let recorded = normal.request(Request {
            on: self.on.to_owned(),
            connection: String::new(),
            method: request.method().to_string(),
            target: request.target(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: request.body().to_vec(),
        });
        let answer = script.answer(&recorded);
        script
            .recorded
            .lock()
            .unwrap()
            .push((request.connection(), recorded));
        match answer {
            Some(exchange) => reply(&exchange.response, normal),
            // Of a token, that is: where a trace has none asked for, one is good.
            None if request.path() == "/as/token.oauth2" => script.set_up(request.path()),
            None => Reply::json(StatusCode::NOT_FOUND, "the trace has no such request"),
        }
    }
}

fn reply(response: &Value, normal: &Normal) -> Reply {
    match response["action"].as_str() {
        Some("hang") => return Outage::hang().into(),
        Some("reset") => return Outage::reset().into(),
        Some("close") => return Outage::close().into(),
        Some(other) => panic!("the trace has an action `{other}`"),
        None => {}
    }
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    if status == 101 {
        return Reply::websocket(|text| format!("echo:{text}"));
    }
    let status = StatusCode::from_u16(status).unwrap();
    let body = body(response);
    let headers = response["headers"].as_array().unwrap().iter();
    let headers: Vec<(HeaderName, HeaderValue)> = headers
        .map(|header| {
            let value = normal.filled(&text(&header[1]));
            (text(&header[0]).parse().unwrap(), value.parse().unwrap())
        })
        .collect();
    let promised = headers.iter().find(|(name, _)| *name == CONTENT_LENGTH);
    let promised = promised.and_then(|(_, value)| value.to_str().ok()?.parse().ok());
    let outage = if promised.is_some_and(|length: usize| length > body.len()) {
        Outage::cut_after(status, body)
    } else {
        Outage::body(status, body)
    };
    let reply = Reply::from(outage);
    headers
        .into_iter()
        .fold(reply, |reply, (name, value)| reply.header(name, value))
}
