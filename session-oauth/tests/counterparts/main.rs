//! Real providers, over https with a private certificate authority. `cargo xtask test` starts them.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod counterpart;
mod glewlwyd;
mod oidc;
mod oidc_server;
