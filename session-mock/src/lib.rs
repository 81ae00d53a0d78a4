//! For tests of code that uses sessions, and of backends.
//!
//! | you want to | use |
//! |---|---|
//! | a session in a unit test | [`MockSession`], scripted by [`Step`]s |
//! | expiry without waiting | [`MockClock`] |
//! | to act while an authentication is under way | [`Gate`] |
//! | to open it by name or profile | backend `mock`, [`MOCK`] |
//! | a real server for an integration test | `Provider`, by feature `server` |
//! | to show that a backend of yours does as all others do | `conformance!`, by feature `conformance`; where it gets tokens, with `Counterpart` |
//! | to show that it tells nobody its secrets | `leak_check!`, by feature `leak-check` |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `server` | `Provider`: an OAuth 2 identity provider and a protected API on loopback, its own or a `Site` of yours |
//! | `tls` | it speaks TLS, by a certificate authority of its own; switches `server` on |
//! | `marquee` | `Marquee`: a stand-in for Goldman Sachs' Marquee, as a `Site`; switches `websocket` on |
//! | `websocket` | a `Site` answers with websockets; switches `server` on |
//! | `conformance` | `conformance!`, `Subject` and `Report`: the properties that every backend has; `Search` for secrets |
//! | `leak-check` | `leak_check!`, `Leaks` and `Capture`: nothing that is shown or logged holds a secret; switches `conformance` on |
//! | `http` | both kits send requests through `session-http`, and look at what arrives; switches `conformance` on |

#![forbid(unsafe_code)]

mod backend;
#[cfg(feature = "conformance")]
mod canary;
mod clock;
#[cfg(feature = "conformance")]
mod conformance;
#[cfg(all(feature = "conformance", feature = "server"))]
mod counterpart;
mod exchange;
mod gate;
#[cfg(feature = "leak-check")]
mod leaks;
#[cfg(feature = "conformance")]
mod search;
#[cfg(feature = "conformance")]
mod secrets;
#[cfg(feature = "server")]
mod server;
mod session;
mod step;
#[cfg(feature = "conformance")]
mod subject;
#[cfg(feature = "http")]
mod wire;

pub use backend::MOCK;
#[cfg(feature = "conformance")]
pub use canary::canary;
pub use clock::{MockClock, MockExecutor};
#[cfg(feature = "conformance")]
pub use conformance::{Outcome, Report};
#[cfg(all(feature = "conformance", feature = "server"))]
pub use counterpart::Counterpart;
pub use exchange::Turn;
pub use gate::Gate;
#[cfg(feature = "leak-check")]
pub use leaks::{Capture, Leaks, Place};
#[cfg(feature = "conformance")]
pub use search::{Leak, Search};
#[cfg(feature = "marquee")]
pub use server::Marquee;
#[cfg(feature = "server")]
pub use server::{
    Client, ClientAuthMethod, Entry, Hold, Kind, Outage, Provider, ProviderBuilder, Reply, Request,
    Site,
};
pub use session::{Call, MockSession};
pub use step::Step;
#[cfg(feature = "conformance")]
pub use subject::{Answer, Subject, Unable};

/// For the macros of this crate.
#[cfg(feature = "conformance")]
#[doc(hidden)]
pub mod __private {
    pub use crate::conformance::test;
}
