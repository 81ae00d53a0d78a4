//! Names in braces for what differs from one recording to the next.

use crate::trace::Request;

/// The length of the version of Python that the traces were recorded with.
const PYTHON: usize = "3.11".len();

/// The length of a time as `gs_quant` wrote it then.
const TIME: usize = 29;

/// What servers call a request.
const REQUEST_ID: &str = "req-4711";

/// What the names stand for.
pub(crate) struct Normal {
    ports: [(&'static str, u16); 3],
}

impl Normal {
    pub(crate) fn new([http, other, ws]: [u16; 3]) -> Self {
        Self {
            ports: [
                ("{HTTP_PORT}", http),
                ("{OTHER_PORT}", other),
                ("{WS_PORT}", ws),
            ],
        }
    }

    /// The text with its ports as names, and the request's id.
    pub(crate) fn named(&self, text: &str) -> String {
        let ports = self.ports.iter();
        ports.fold(text.replace(REQUEST_ID, "req-{N}"), |text, (name, port)| {
            text.replace(&format!(":{port}"), &format!(":{name}"))
        })
    }

    /// The text with its names as ports.
    pub(crate) fn filled(&self, text: &str) -> String {
        let ports = self.ports.iter();
        ports.fold(text.replace("req-{N}", REQUEST_ID), |text, (name, port)| {
            text.replace(name, &port.to_string())
        })
    }

    pub(crate) fn request(&self, mut request: Request) -> Request {
        let mut shorter = 0;
        if let Ok(text) = String::from_utf8(request.body.clone()) {
            let (text, python) = between(&text, "\"pythonVersion\": \"", "\"", "{PYTHON}");
            shorter = python.map_or(0, |python| longer(&python, PYTHON));
            let (text, time) = between(&text, "\"asOfTime\": \"", "\"", "{TODAY}");
            shorter += time.map_or(0, |time| longer(&time, TIME));
            request.body = sorted_scopes(&text).into_bytes();
        }
        for (name, value) in &mut request.headers {
            *value = self.header(&name.to_ascii_lowercase(), value, shorter);
        }
        request
    }

    /// A header's value.
    #[cfg(feature = "counterparts")]
    pub(crate) fn value(&self, name: &str, value: &str) -> String {
        self.header(name, value, 0)
    }

    fn header(&self, name: &str, value: &str, shorter: i64) -> String {
        match name {
            "user-agent" => versions(value),
            "sec-websocket-key" => "{WSKEY}".to_owned(),
            "traceparent" => match value.split('-').collect::<Vec<_>>()[..] {
                [version, _, _, flags] => format!("{version}-{{TRACE}}-{{SPAN}}-{flags}"),
                _ => value.to_owned(),
            },
            "content-length" => {
                let length: i64 = value.parse().unwrap();
                (length - shorter).to_string()
            }
            _ => self.named(value),
        }
    }
}

/// By how much a text is longer than usual.
fn longer(text: &str, usual: usize) -> i64 {
    let [length, usual] = [text.len(), usual].map(|length| i64::try_from(length).unwrap());
    length - usual
}

/// The text with what is between two others replaced, and what that was.
fn between(text: &str, before: &str, after: &str, name: &str) -> (String, Option<String>) {
    let found = text.split_once(before).and_then(|(start, rest)| {
        let (value, end) = rest.split_once(after)?;
        Some((
            format!("{start}{before}{name}{after}{end}"),
            value.to_owned(),
        ))
    });
    match found {
        Some((text, value)) => (text, Some(value)),
        None => (text.to_owned(), None),
    }
}

/// A form's scopes, whose order is random, sorted.
fn sorted_scopes(form: &str) -> String {
    let sorted = |field: &str| match field.strip_prefix("scope=") {
        Some(scopes) => {
            let mut scopes: Vec<_> = scopes.split('+').collect();
            scopes.sort_unstable();
            format!("scope={}", scopes.join("+"))
        }
        None => field.to_owned(),
    };
    if !form.starts_with("grant_type=") {
        return form.to_owned();
    }
    form.split('&').map(sorted).collect::<Vec<_>>().join("&")
}

/// The names of products without their versions.
fn versions(user_agent: &str) -> String {
    let products = user_agent
        .split(' ')
        .map(|product| match product.split_once('/') {
            Some((name, _)) => format!("{name}/{{VERSION}}"),
            None => product.to_owned(),
        });
    products.collect::<Vec<_>>().join(" ")
}
