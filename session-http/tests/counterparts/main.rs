//! nginx as an API and as a gateway that fails, tinyproxy as the way there, and a websocket server, none of which is ours.
//! `cargo xtask test` starts them.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod answers;
mod bodies;
mod certificates;
mod connections;
mod nginx;
mod redirects;
mod visit;
mod ways;
mod websockets;
