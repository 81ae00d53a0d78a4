//! A real realm, and servers that authenticate by it. `cargo xtask test` starts them.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod active_directory;
mod collections;
mod credentials;
mod distant;
mod libraries;
mod proxies;
mod realm;
mod refusals;
mod renewals;
mod requests;
