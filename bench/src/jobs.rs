//! What a process is started for.

use crate::{
    cold::job as measure_cold,
    count::Counter,
    header, lifetimes, loopback, marquee, memory,
    peers::{self, Peer, with_peer},
    renewal::job as measure_renewal,
    runner::{Numbers, Result},
};

/// Does the job of this name.
pub(crate) fn run(job: &str, counter: Option<Counter>) -> Result<Numbers> {
    let unknown = || format!("there is no job `{job}`");
    let (part, rest) = job.split_once('/').ok_or_else(unknown)?;
    match (part, counter) {
        ("header", None) => header::time(rest),
        ("header", Some(counter)) => header::count(rest, counter),
        ("cold", None) => with_peer!(rest, measure_cold()),
        ("renewal", None) => with_peer!(rest, measure_renewal()),
        ("lifetimes", None) => lifetimes::job(rest),
        #[cfg(feature = "kerberos")]
        ("kerberos", None) => crate::kerberos::job(rest),
        ("loopback", None) => loopback::job(rest),
        ("marquee", None) => marquee::job(rest),
        ("memory", None) if rest == "renewal" => Ok(memory::renewals()),
        ("memory", Some(counter)) => memory::count(rest, counter),
        _ => Err(unknown()),
    }
}

/// A job for each peer.
pub(crate) fn of_peers(part: &str) -> impl Iterator<Item = (&'static str, String)> {
    peers::NAMES
        .into_iter()
        .map(move |name| (name, format!("{part}/{name}")))
}
