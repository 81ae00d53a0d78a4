//! A recorded trace: what went over the wire, and what the caller of `gs_quant` got.

use std::{fmt, fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// One case, as its file has it.
pub(crate) struct Trace {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) result: Value,
}

/// A request and its answer.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) response: Value,
}

/// A request, with whatever differs from one recording to the next replaced by a name in braces.
#[derive(Clone, PartialEq)]
pub(crate) struct Request {
    /// Which server it came to.
    pub(crate) on: String,
    /// Which connection it came by: c1, c2, …
    pub(crate) connection: String,
    pub(crate) method: String,
    pub(crate) target: String,
    /// In wire order and case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// All values of a header, in order.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.iter();
        let values = values.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(" | "))
    }

    /// The line of a file that has it.
    #[cfg(feature = "counterparts")]
    fn line(&self, response: &Value) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| format!("[{}, {}]", text(name), text(value)));
        let body = match std::str::from_utf8(&self.body) {
            Ok(body) => format!("\"body\": {}", text(body)),
            Err(_) => format!("\"body_b64\": {}", text(&STANDARD.encode(&self.body))),
        };
        format!(
            "{{\"on\": {}, \"conn\": {}, \"request\": {{\"method\": {}, \"target\": {}, \"version\": \"HTTP/1.1\", \
             \"headers\": [{}], {body}}}, \"response\": {response}}}",
            text(&self.on),
            text(&self.connection),
            text(&self.method),
            text(&self.target),
            headers.collect::<Vec<_>>().join(", "),
        )
    }

    /// What tells it from others of its trace.
    pub(crate) fn key(&self) -> (&str, &str, &str) {
        let path = self.target.split('?').next().unwrap_or_default();
        (&self.on, &self.method, path)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (on, connection) = (&self.on, &self.connection);
        write!(f, "{on} {connection} {} {}", self.method, self.target)?;
        for (name, value) in &self.headers {
            write!(f, "\n  {name}: {value}")?;
        }
        write!(f, "\n  {}", String::from_utf8_lossy(&self.body))
    }
}

impl Trace {
    pub(crate) fn read(name: &str) -> Self {
        let path = folder().join(name).with_extension("jsonl");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let result = lines.pop().unwrap()["result"].take();
        let exchanges = lines.drain(1..).map(Exchange::read).collect();
        Self { exchanges, result }
    }

    /// Writes what was recorded in place of what the trace had, with the answers that it has: to record a new one, from the methods, the
    /// paths and the answers.
    #[cfg(feature = "counterparts")]
    pub(crate) fn rewrite(&self, name: &str, recorded: &[Request], result: &Value) {
        let path = folder().join(name).with_extension("jsonl");
        let old = fs::read_to_string(&path).unwrap();
        let mut lines = vec![old.lines().next().unwrap().to_owned()];
        let mut left = self.exchanges.clone();
        for request in recorded {
            let answered = left
                .iter()
                .position(|exchange| exchange.request.key() == request.key());
            let response = left.remove(answered.unwrap()).response;
            lines.push(request.line(&response));
        }
        lines.push(format!("{{\"result\": {result}}}"));
        fs::write(path, lines.join("\n") + "\n").unwrap();
    }

    /// Whether nothing of it was recorded.
    #[cfg(feature = "counterparts")]
    pub(crate) fn is_new(&self) -> bool {
        let mut requests = self.exchanges.iter();
        requests.all(|exchange| exchange.request.headers.is_empty())
    }

    /// The names of all that there are.
    pub(crate) fn names() -> Vec<String> {
        let files = fs::read_dir(folder()).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }
}

impl Exchange {
    fn read(mut line: Value) -> Self {
        let request = &line["request"];
        let headers = request["headers"].as_array().unwrap().iter();
        let headers = headers.map(|header| (text(&header[0]), text(&header[1])));
        let request = Request {
            on: text(&line["on"]),
            connection: text(&line["conn"]),
            method: text(&request["method"]),
            target: text(&request["target"]),
            headers: headers.collect(),
            body: body(request),
        };
        Self {
            request,
            response: line["response"].take(),
        }
    }
}

/// The body of a request or a response.
pub(crate) fn body(message: &Value) -> Vec<u8> {
    match &message["body_b64"] {
        Value::String(encoded) => STANDARD.decode(encoded).unwrap(),
        _ => message["body"].as_str().unwrap_or_default().into(),
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/golden/traces"]
        .iter()
        .collect()
}
