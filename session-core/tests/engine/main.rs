//! The engine through its public API. What touches the process-wide default, or the process's log, is in
//! programs of its own.

#![allow(
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    reason = "a test fails where it panics"
)]

mod authorize;
mod blocking;
mod concurrency;
mod ended;
mod enter;
mod examination;
mod executor;
mod expiry;
mod family;
mod faulty_stores;
mod follow_up;
mod foreign_code;
mod init;
mod life_cycle;
mod refusal;
mod renewal;
mod rotation;
mod scope;
mod store;
mod support;
mod time;
mod values;
