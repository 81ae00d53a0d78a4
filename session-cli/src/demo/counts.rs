//! What the providers received, by their own logs.

use std::io::{self, Write as _};

use session_kit::{
    http::reqwest::StatusCode,
    mock::{Entry, Kind},
};

use super::running::Running;
use crate::{output, table::Table};

/// A table of what was asked of each provider.
pub(crate) fn write(all: &[&Running]) -> io::Result<()> {
    let mut table = Table::new(["   REQUESTS RECEIVED", "TOKEN", "API", "REFUSED", "REVOCATION"]);
    for running in all {
        let counted = [
            running.count(Kind::Token),
            running.count(Kind::Api),
            refused(running),
            running.count(Kind::Revoke),
        ];
        let [token, api, refused, revocation] = counted.map(|count| count.to_string());
        table.row([format!("   {}", running.name), token, api, refused, revocation]);
    }
    let mut text = output::text();
    writeln!(text)?;
    table.write("", &mut text)?;
    text.flush()
}

/// How many calls of the API had a token that it did not accept.
pub(crate) fn refused(running: &Running) -> usize {
    let is_refused = |entry: &&Entry| {
        entry.kind() == Kind::Api && entry.status() == Some(StatusCode::UNAUTHORIZED)
    };
    running.provider.log().iter().filter(is_refused).count()
}

/// `GET /api/orders → 200, token 1`. Tokens go by the order in which they were issued: they themselves stay secret.
pub(crate) fn line(entry: &Entry) -> String {
    let mut line = format!("{} {}", entry.method(), entry.path());
    if let Some(status) = entry.status() {
        line += &format!(" → {}", status.as_u16());
    }
    if let Some(token) = entry.token() {
        line += &format!(", token {token}");
    }
    line
}
