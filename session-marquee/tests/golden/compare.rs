//! What differs between a trace and a recording of ours.

use std::fmt;

use serde_json::{Map, Value};

use crate::trace::Request;

/// One difference, with both values: `None` is what is not there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The request, as `http POST /v1/x`, from the second like it on with `#2`; or in what the caller got `result` and the path to there.
    pub(crate) at: String,
    /// A header's name in lower case, `target`, `body`, `request` for all of it, or `value`.
    pub(crate) what: String,
    pub(crate) theirs: Option<String>,
    pub(crate) ours: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            what,
            theirs,
            ours,
        } = self;
        write!(f, "{at}: {what}: {theirs:?} | {ours:?}")
    }
}

/// All differences of two recordings, in order. Requests are paired by server, method and path, in order.
pub(crate) fn requests(theirs: &[Request], ours: &[Request]) -> Vec<Difference> {
    let (theirs, ours) = (numbered(theirs), numbered(ours));
    let mut differences = Vec::new();
    for (at, request) in &theirs {
        match ours.iter().find(|(other, _)| other == at) {
            Some((_, other)) => pair(at, request, other, &mut differences),
            None => differences.push(difference(at, "request", Some(whole(request)), None)),
        }
    }
    let is_extra = |at: &String| !theirs.iter().any(|(other, _)| other == at);
    let extra = ours.iter().filter(|(at, _)| is_extra(at));
    differences.extend(extra.map(|(at, it)| difference(at, "request", None, Some(whole(it)))));
    if differences.iter().all(|it| it.what != "request") {
        let order = |all: &[(String, &Request)]| {
            // When the notice arrives is nobody's concern: nothing waits for it.
            let ordered = all.iter().filter(|(at, _)| !at.contains("/activities"));
            let names: Vec<_> = ordered.map(|(at, _)| at.as_str()).collect();
            names.join(", ")
        };
        let (theirs, ours) = (order(&theirs), order(&ours));
        if theirs != ours {
            differences.push(difference("all", "order", Some(theirs), Some(ours)));
        }
    }
    differences
}

fn pair(at: &str, theirs: &Request, ours: &Request, differences: &mut Vec<Difference>) {
    let mut compare = |what: &str, theirs: Option<String>, ours: Option<String>| {
        if theirs != ours {
            differences.push(difference(at, what, theirs, ours));
        }
    };
    compare(
        "target",
        Some(theirs.target.clone()),
        Some(ours.target.clone()),
    );
    let both = theirs.headers.iter().chain(&ours.headers);
    let mut names: Vec<String> = both.map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    names.dedup();
    for name in names {
        compare(&name, theirs.header(&name), ours.header(&name));
    }
    compare("body", Some(text(theirs)), Some(text(ours)));
}

/// Requests with what tells them from all others.
fn numbered(requests: &[Request]) -> Vec<(String, &Request)> {
    let mut named: Vec<(String, &Request)> = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let (on, method, path) = request.key();
        let before = &requests[..index];
        let alike = before.iter().filter(|other| other.key() == request.key());
        let at = match alike.count() {
            0 => format!("{on} {method} {path}"),
            before => format!("{on} {method} {path} #{}", before + 1),
        };
        named.push((at, request));
    }
    named
}

/// What is said of a request that the other side has not made.
fn whole(request: &Request) -> String {
    let authorization = request.header("authorization").unwrap_or_default();
    let parts = [&request.target, &authorization, &text(request)];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.cloned().collect::<Vec<_>>().join(" ")
}

fn text(request: &Request) -> String {
    match std::str::from_utf8(&request.body) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{:02x?}", request.body),
    }
}

fn difference(at: &str, what: &str, theirs: Option<String>, ours: Option<String>) -> Difference {
    Difference {
        at: at.to_owned(),
        what: what.to_owned(),
        theirs,
        ours,
    }
}

/// How what the callers got differs, value by value. Of an exception counts all but `str`, which is Python's wording of the rest, and `mro`,
/// from what Python derives its class.
pub(crate) fn results(theirs: &Value, ours: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    result("result", Some(theirs), Some(ours), &mut differences);
    differences
}

fn result(
    at: &str,
    theirs: Option<&Value>,
    ours: Option<&Value>,
    differences: &mut Vec<Difference>,
) {
    match (theirs, ours) {
        (Some(Value::Object(theirs)), Some(Value::Object(ours)))
            if theirs.contains_key("raised") == ours.contains_key("raised") =>
        {
            let names = theirs
                .keys()
                .chain(ours.keys().filter(|name| !theirs.contains_key(*name)));
            let is_exception = theirs.contains_key("raised");
            let names = names.filter(|name| !is_exception || counts(name));
            for name in names {
                let part = |all: &'_ Map<String, Value>| all.get(name).cloned();
                let (their, our) = (part(theirs), part(ours));
                result(
                    &format!("{at}/{name}"),
                    their.as_ref(),
                    our.as_ref(),
                    differences,
                );
            }
        }
        (Some(Value::Array(theirs)), Some(Value::Array(ours))) => {
            for index in 0..theirs.len().max(ours.len()) {
                let at = format!("{at}/{index}");
                result(&at, theirs.get(index), ours.get(index), differences);
            }
        }
        _ if theirs == ours => {}
        _ => {
            let shown = |value: Option<&Value>| value.map(|value| exception(value).to_string());
            differences.push(difference(at, "value", shown(theirs), shown(ours)));
        }
    }
}

/// What counts of an exception.
fn counts(name: &str) -> bool {
    !["mro", "str"].contains(&name)
}

/// An exception without what does not count; any other value as it is.
fn exception(value: &Value) -> Value {
    match value {
        Value::Object(parts) if parts.contains_key("raised") => {
            let parts = parts.iter().filter(|(name, _)| counts(name));
            parts
                .map(|(name, part)| (name.clone(), part.clone()))
                .collect()
        }
        _ => value.clone(),
    }
}
