//! For tests of code that uses sessions, and of backends.
//!
//! | you want to | use |
//! |---|---|
//! | a session in a unit test | [`MockSession`], scripted by [`Step`]s |
//! | expiry without waiting | [`MockClock`] |
//! | to act while an authentication is under way | [`Gate`] |
//! | to open it by name or profile | backend `mock`, [`MOCK`] |
//! | a real server for an integration test | `Provider`, by feature `server` |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `server` | `Provider`: an OAuth 2 identity provider and a protected API on loopback |

#![forbid(unsafe_code)]

mod backend;
mod clock;
mod gate;
#[cfg(feature = "server")]
mod server;
mod session;
mod step;

pub use backend::MOCK;
pub use clock::{MockClock, MockExecutor};
pub use gate::Gate;
#[cfg(feature = "server")]
pub use server::{Client, ClientAuthMethod, Entry, Hold, Kind, Outage, Provider, ProviderBuilder};
pub use session::{Call, MockSession};
pub use step::Step;
