//! The command as people and scripts use it: run as a program, against the embedded provider.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod backends;
mod color;
mod configuration;
mod demo;
mod doctor;
mod exit;
#[path = "../support/golden.rs"]
mod golden;
mod header;
#[cfg(target_os = "linux")]
mod kerberos;
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
