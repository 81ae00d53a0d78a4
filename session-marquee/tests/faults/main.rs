//! What `gs_quant` 2.2.1 does wrong, and this does not. Each test is named for the fault that it has not.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod credentials;
mod init;
mod messages;
mod redirects;
mod renewal;
#[path = "../support/mod.rs"]
mod support;
mod targets;
