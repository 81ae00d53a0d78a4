//! A real realm, and servers that authenticate by it. `cargo xtask test` starts them.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "tests fail by panicking, and use a part of what they share"
)]

mod active_directory;
mod changes;
mod clocks;
mod collections;
mod credentials;
mod daemon;
mod distant;
mod examinations;
mod gate;
mod hanging;
mod impostors;
mod kdc_message;
mod legs;
mod libraries;
mod outages;
mod proxies;
mod realm;
mod refusals;
mod remedies;
mod renewals;
mod requests;
mod scripted;
