//! The command against a real realm, which `cargo xtask test` starts.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod doctor;
mod documents;
#[path = "../support/golden.rs"]
mod golden;
mod realm;
mod request;
