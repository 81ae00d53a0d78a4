//! The crate's behaviour as its users see it, against servers on loopback.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod blocking;
mod client_certificates;
mod connections;
mod current;
mod exchanges;
mod origins;
mod peers;
mod pinned;
mod proxies;
mod reach;
mod redirects;
mod refusals;
mod requests;
mod tls;
