//! The conformance kit: the mocks pass it, and backends that are broken do not.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod backend;
mod broken;
mod built_in;
mod counterpart;
mod fault;
mod scheme;
