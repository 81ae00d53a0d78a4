//! The command as people and scripts use it: run as a program, against the embedded provider.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod backends;
mod color;
mod configuration;
mod demo;
mod exit;
mod header;
mod pipe;
mod request;
mod run;
mod scene;
mod secrecy;
#[cfg(unix)]
mod signals;
mod status;
mod token;
mod usage;
