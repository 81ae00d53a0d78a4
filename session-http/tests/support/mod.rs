//! What the tests of this crate share: a server that does as it is told, and a backend that counts.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test program uses a part of it"
)]

mod backend;
mod proxy;
mod realm;
mod server;

pub use backend::{Calls, Tokens, environment, open};
pub use proxy::{Conduct, Proxy};
pub use realm::{Realm, Terms};
pub use server::{Received, Reply, Server, reply};

/// Runs a test's future on a runtime of its own.
pub fn block_on<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
