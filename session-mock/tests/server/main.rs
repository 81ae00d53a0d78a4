//! The embedded provider, seen over the wire by a client that knows no more than HTTP/1.1.

#![expect(
    clippy::unwrap_used,
    reason = "what these tests share is as much a test as they are"
)]

mod api;
mod authorization;
mod lifecycle;
mod log;
#[cfg(feature = "marquee")]
mod marquee;
mod metadata;
mod outages;
mod refresh;
mod revocation;
mod script;
mod site;
#[cfg(feature = "tls")]
mod tls;
mod wire;
