//! What differs between a trace and a recording of ours.

use std::fmt;

use serde_json::{Value, json};

use crate::trace::Request;

/// One difference; `Display` shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Difference {
    /// A request of the trace that was not made.
    Missing { request: String },
    /// A request that the trace has not.
    Extra { request: String },
    /// A header, by its name in lower case; without a value where it is not there.
    Header {
        request: String,
        name: String,
        theirs: Option<String>,
        ours: Option<String>,
    },
    Target {
        request: String,
        theirs: String,
        ours: String,
    },
    Body {
        request: String,
        theirs: String,
        ours: String,
    },
    /// What the caller got.
    Result { theirs: Value, ours: Value },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        match self {
            Self::Missing { request } => write!(f, "{request}: not made"),
            Self::Extra { request } => write!(f, "{request}: not in the trace"),
            Self::Header {
                request,
                name,
                theirs,
                ours,
            } => write!(f, "{request}: {name}: {} | {}", value(theirs), value(ours)),
            Self::Target {
                request,
                theirs,
                ours,
            } => write!(f, "{request}: target {theirs} | {ours}"),
            Self::Body {
                request,
                theirs,
                ours,
            } => write!(f, "{request}: body {theirs} | {ours}"),
            Self::Result { theirs, ours } => write!(f, "result {theirs} | {ours}"),
        }
    }
}

/// All differences of two recordings, in order. Requests are paired by server, method and path, in order.
pub(crate) fn requests(theirs: &[Request], ours: &[Request]) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut left: &[Request] = theirs;
    for request in ours {
        let found = left.iter().position(|other| other.key() == request.key());
        let Some(found) = found else {
            let request = named(request);
            differences.push(Difference::Extra { request });
            continue;
        };
        let missing = left[..found].iter().map(named);
        differences.extend(missing.map(|request| Difference::Missing { request }));
        pair(&left[found], request, &mut differences);
        left = &left[found + 1..];
    }
    let missing = left.iter().map(named);
    differences.extend(missing.map(|request| Difference::Missing { request }));
    differences
}

fn pair(theirs: &Request, ours: &Request, differences: &mut Vec<Difference>) {
    let request = named(theirs);
    if theirs.target != ours.target {
        differences.push(Difference::Target {
            request: request.clone(),
            theirs: theirs.target.clone(),
            ours: ours.target.clone(),
        });
    }
    let mut names: Vec<String> = [theirs, ours]
        .iter()
        .flat_map(|request| {
            request
                .headers
                .iter()
                .map(|(name, _)| name.to_ascii_lowercase())
        })
        .collect();
    names.sort();
    names.dedup();
    for name in names {
        let values = [theirs, ours].map(|request| request.header(&name));
        let [their, our] = values;
        if their != our {
            differences.push(Difference::Header {
                request: request.clone(),
                name,
                theirs: their,
                ours: our,
            });
        }
    }
    if theirs.body != ours.body {
        let [theirs, ours] =
            [theirs, ours].map(|request| String::from_utf8_lossy(&request.body).into_owned());
        differences.push(Difference::Body {
            request,
            theirs,
            ours,
        });
    }
}

fn named(request: &Request) -> String {
    let (on, method, path) = request.key();
    format!("{on} {method} {path}")
}

/// How results differ. Of an exception counts its class and, where ours has one, its status: texts are no contract.
pub(crate) fn results(theirs: &Value, ours: &Value) -> Option<Difference> {
    let reduced = reduced(theirs, ours);
    (reduced != *ours).then(|| Difference::Result {
        theirs: reduced,
        ours: ours.clone(),
    })
}

fn reduced(theirs: &Value, ours: &Value) -> Value {
    match (theirs, ours) {
        (Value::Object(their), Value::Object(our)) if their.contains_key("raised") => {
            let kept = our.keys().map(|name| (name.clone(), theirs[name].clone()));
            Value::Object(kept.collect())
        }
        (Value::Object(their), Value::Object(_)) => {
            let parts = their
                .iter()
                .map(|(name, part)| (name.clone(), reduced(part, &ours[name])));
            Value::Object(parts.collect())
        }
        (Value::Array(their), Value::Array(our)) if their.len() == our.len() => {
            let parts = their.iter().zip(our);
            Value::Array(parts.map(|(their, our)| reduced(their, our)).collect())
        }
        (Value::Object(their), _) if their.contains_key("raised") => {
            json!({ "raised": theirs["raised"] })
        }
        _ => theirs.clone(),
    }
}
