//! The crate's behaviour as its users see it, against servers on loopback.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod blocking;
mod connections;
mod current;
mod exchanges;
mod origins;
mod redirects;
mod refusals;
mod requests;
mod tls;
