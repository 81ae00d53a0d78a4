//! Benchmarks of session-kit against its peers. Everything stays on this machine: token endpoints are in the process, or
//! on loopback.
//!
//! `cargo xtask bench` builds and runs it. The program measures nothing itself: it starts a process for each figure and
//! round, one after the other, so that what disturbs one does not disturb all, and sums up. See `README.md`.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `kerberos` | the part of that name, and what it needs to build: Debian's packages `libkrb5-dev` and `libclang-dev` |

#![forbid(unsafe_code)]

mod callgrind;
mod cold;
mod count;
mod endpoint;
mod header;
mod jobs;
#[cfg(feature = "kerberos")]
mod kerberos;
mod lifetimes;
mod loopback;
mod machine;
mod marquee;
mod memory;
mod parts;
mod peers;
mod processor;
mod renewal;
mod runner;
mod samples;
mod server;
mod table;
mod watched;

pub use count::Count;
pub use parts::run;
