//! Kerberos: tokens, requests with them, and what a KDC that hangs costs whoever has nothing to do with it.

mod latency;
mod realm;
mod requests;
mod tokens;

use crate::runner::{Numbers, Result, Runner};

pub(crate) fn run(runner: &Runner) -> Result<String> {
    let realm = realm::Realm::of_environment()?;
    realm.log_in()?;
    let sections = [
        tokens::run(runner)?,
        requests::run(runner, &realm)?,
        latency::run(runner)?,
    ];
    Ok(format!(
        "{}\n\n{}",
        realm::Realm::description(),
        sections.join("\n")
    ))
}

/// `tokens/THREADS`, `requests` or `latency`.
pub(crate) fn job(job: &str) -> Result<Numbers> {
    let realm = realm::Realm::of_environment()?;
    match job.split_once('/') {
        Some(("tokens", threads)) => tokens::job(&realm, threads),
        None if job == "requests" => Ok(requests::job(&realm)),
        None if job == "latency" => latency::job(&realm),
        _ => Err(format!("there is no job `{job}`")),
    }
}
