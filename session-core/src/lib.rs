//! The contract and the engine of session-kit.
//!
//! A **session** knows how to authenticate against one external API, holds the credential that came
//! back, renews it when it expires, and hands it to every request. This crate says what a session is
//! ([`Session`], [`Environment`], [`Credential`]) and owns when things happen to it
//! ([`SessionHandle`]); how one authenticates is a backend's matter, and how requests travel is a
//! carrier's. It knows no authentication scheme and has no HTTP client.
//!
//! | you want to | read |
//! |---|---|
//! | use a session | [`SessionHandle`], [`current`], [`WithSession`] |
//! | act for many users | [`Family`] |
//! | know why one does not work | [`SessionHandle::examine`], [`Finding`] |
//! | write a backend | [`Session`], [`Credential`], [`register_backend!`] |
//! | open one by name or profile | [`open`], [`profile`], [`Profiles`], [`Config`] |
//! | send requests by yourself | [`SessionHandle::authorize`], [`Exchange`], [`Carrier`] |
//! | control time and threads | [`Clock`], [`Executor`], [`SessionBuilder`] |
//!
//! # Life of a session
//!
//! Nothing is sent before `init`, `enter` or `install`. However many callers ask at once, the backend
//! authenticates once, on the [`Executor`], and all of them get its result. An open session renews its
//! credential in the background before it expires, started by the first request in the last part of its
//! life, while all go on with the one there is; [`SessionBuilder::keep_warm`] has it renewed unused. Failures are
//! followed by pauses, and never displace a credential that is still good. `close` ends it at the server, and
//! then only those three open it again. [`Changes`] tells of all this; a [`Store`] lets credentials outlive
//! the session.
//!
//! A request that finds a valid credential takes no lock, allocates nothing, and writes to no memory that
//! threads share.
//!
//! # Telemetry
//!
//! Each call of a backend is a [`tracing`] span `session` with the fields `session`, `scheme`, `environment` and `action` (`init`,
//! `renew`, `close`, `follow_up`), and ends with an event that has `outcome` (`ok`, the error's kind, or `dropped` where the session was closed
//! meanwhile) and `duration`: at `DEBUG`, and at `WARN` if it failed. A refusal of the credential in use is an event at `DEBUG`, and so is a credential that came from the store. With the feature
//! `metrics`:
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `session.operations` | counter | `session`, `scheme`, `environment`, `action`, `outcome` |
//! | `session.operation.duration` | histogram, in seconds | the same |
//! | `session.refusals` | counter | `session`, `scheme`, `environment` |
//! | `session.reuses`, of a credential that was stored | counter | the same |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `metrics` | counters and histograms, for the recorder of the crate `metrics` that the program installs |

#![forbid(unsafe_code)]

mod backend;
mod backoff;
mod blocking;
mod builder;
mod carrier;
mod challenge;
mod changes;
mod clock;
mod config;
mod copies;
mod credential;
mod driver;
mod engine;
mod enter;
mod environment;
mod error;
mod examination;
mod exchange;
mod executor;
mod family;
mod finding;
mod flight;
mod follow_up;
mod handle;
mod held;
mod identity;
mod job;
mod key;
mod life;
mod memory_store;
mod profile;
mod proxy;
mod receipt;
mod registry;
mod scope;
mod secret;
mod secret_source;
mod services;
mod session;
mod settings;
mod shelf;
mod spelling;
mod status;
mod store;
mod sync;
mod system_clock;
mod telemetry;
mod tls_version;
mod transport;
mod validity;
mod warmer;
mod wiped;

#[doc(hidden)]
pub use backend::link;
pub use backend::{Backend, backends, open};
pub use blocking::Blocking;
pub use builder::SessionBuilder;
pub use carrier::Carrier;
pub use challenge::Challenge;
pub use changes::Changes;
pub use clock::{Clock, Coarse};
pub use config::{Config, ConfigValue, FromConfig};
pub use credential::Credential;
pub use enter::Enter;
pub use environment::{BasicEnvironment, Environment};
pub use error::{Error, ErrorKind, Result};
pub use exchange::{Exchange, Incoming, Outgoing, Verdict};
pub use executor::{BackgroundThread, BoxFuture, Executor};
pub use family::{Family, FamilyBuilder};
pub use finding::{Finding, Health};
pub use handle::SessionHandle;
pub use identity::Identity;
pub use key::{Key, KeyKind};
pub use memory_store::MemoryStore;
pub use profile::{Profiles, profile};
pub use proxy::Proxy;
pub use receipt::Receipt;
pub use registry::{current, current_named, set_current, set_current_named, with_current};
pub use scope::{Scoped, WithSession, in_current_scope};
pub use secret::Secret;
pub use secret_source::SecretSource;
pub use services::Services;
pub use session::{Cause, Session};
pub use status::{State, Status};
pub use store::{Lease, Store, Stored};
pub use system_clock::SystemClock;
pub use tls_version::TlsVersion;
pub use transport::Transport;

/// For the macros of this crate.
#[doc(hidden)]
pub mod __private {
    pub use crate::backend::Registered;
    pub use inventory;
}
