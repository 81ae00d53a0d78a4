//! What the providers received, by their own logs.

use std::io::{self, Write as _};

use session_kit::{
    http::reqwest::StatusCode,
    mock::{ClientAuthMethod, Entry, Kind},
};

use super::running::Running;
use crate::{output, table::Table};

/// A table of what was asked of each provider.
pub(crate) fn write(all: &[&Running]) -> io::Result<()> {
    let mut table = Table::new([
        "   REQUESTS RECEIVED",
        "TOKEN",
        "API",
        "REFUSED",
        "REVOCATION",
    ]);
    for running in all {
        let counted = [
            running.count(Kind::Token),
            running.count(Kind::Api),
            refused(running),
            running.count(Kind::Revoke),
        ];
        let [token, api, refused, revocation] = counted.map(|count| count.to_string());
        table.row([
            format!("   {}", running.name),
            token,
            api,
            refused,
            revocation,
        ]);
    }
    let mut text = output::text();
    writeln!(text)?;
    table.write("", &mut text)?;
    text.flush()
}

/// How many calls of the API had a token that it did not accept.
fn refused(running: &Running) -> usize {
    let is_refused = |entry: &&Entry| {
        entry.kind() == Kind::Api && entry.status() == Some(StatusCode::UNAUTHORIZED)
    };
    running.provider.log().iter().filter(is_refused).count()
}

/// `GET /api/orders → 200, token 1`. Tokens go by the order in which they were issued: they themselves stay secret.
pub(crate) fn line(entry: &Entry) -> String {
    let mut line = format!("{} {} → ", entry.method(), entry.path());
    line += entry
        .status()
        .as_ref()
        .map_or("no answer", StatusCode::as_str);
    if let Some(token) = entry.token() {
        line += ", token ";
        line += &token.to_string();
    }
    line
}

/// The last lines of a provider's log.
pub(crate) fn last(running: &Running, lines: usize) -> Vec<String> {
    let log = running.provider.log();
    let skipped = log.len().saturating_sub(lines);
    log.iter().skip(skipped).map(line).collect()
}

pub(crate) fn of_kind(log: &[Entry], kind: Kind) -> impl Iterator<Item = &Entry> {
    log.iter().filter(move |entry| entry.kind() == kind)
}

/// How a token request asked: by which grant and client authentication.
pub(crate) fn how(entry: &Entry) -> (Option<&str>, Option<&'static str>) {
    (
        entry.grant(),
        entry.auth_method().map(ClientAuthMethod::as_str),
    )
}
