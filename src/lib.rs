//! One API for every authenticated service.
//!
//! A *session* authenticates against one external API, holds the credential that came back, renews
//! it, and hands it to every request: globally or in a scope, shared by all tasks and threads.
//! Backends say how to authenticate; cargo features select them.
//!
//! ```
//! # #[cfg(feature = "mock")] fn main() -> session_kit::Result<()> {
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! use session_kit::{Config, current};
//!
//! let session = session_kit::open("mock", Config::new().set("environment.api", "https://api.example.com/"))?;
//! session
//!     .enter(async {
//!         // Anything in here, at any depth, finds the session.
//!         assert_eq!(current().unwrap().name(), "mock");
//!     })
//!     .await?;
//! # Ok(())
//! # }) }
//! # #[cfg(not(feature = "mock"))] fn main() {}
//! ```
//!
//! | you want to | read |
//! |---|---|
//! | use a session | [`SessionHandle`], [`current`], [`WithSession`] |
//! | open one by name or profile | [`open`], [`profile`], [`Profiles`], [`Config`] |
//! | make authenticated HTTP requests | `http::Client`, by feature `http` |
//! | write a backend | [`Session`], [`Credential`], [`register_backend!`] |
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | adds |
//! |---|---|
//! | `oauth` | the backend `oauth`: OAuth 2 and OpenID Connect, in module `oauth`; switches `http` on |
//! | `kerberos` | the backend `kerberos`: Kerberos 5 by SPNEGO, in module `kerberos`; switches `http` on |
//! | `marquee` | the backend `marquee`: Goldman Sachs Marquee, in module `marquee`; with `kerberos` by a ticket too, with `websocket` its websockets; switches `http` on |
//! | `http` | an HTTP client for any session, async and blocking, in module `http` |
//! | `websocket` | websockets whose handshake a session authorizes; switches `http` on |
//! | `metrics` | counters and histograms of what sessions do, for the recorder of the crate `metrics` that the program installs |
//! | `mock` | the backend `mock` and `MockSession` for unit tests, in module `mock` |
//! | `mock-marquee` | a stand-in for Marquee that such a provider serves; switches `mock-server` on |
//! | `mock-server` | an identity provider and a protected API on loopback for integration tests, in module `mock` |

#![forbid(unsafe_code)]

mod linked;
mod profiles;

pub use linked::{backends, open, profile};
pub use profiles::Profiles;
pub use session_core::{
    Backend, BackgroundThread, BasicEnvironment, Blocking, BoxFuture, Carrier, Cause, Challenge,
    Changes, Clock, Coarse, Config, ConfigValue, Credential, Enter, Environment, Error, ErrorKind,
    Exchange, Executor, Family, FamilyBuilder, Finding, FromConfig, Health, Identity, Incoming,
    Key, KeyKind, Lease, MemoryStore, Outgoing, Proxy, Receipt, Result, Scoped, Secret,
    SecretSource, Services, Session, SessionBuilder, SessionHandle, State, Status, Store, Stored,
    SystemClock, TlsVersion, Transport, Verdict, WithSession, current, current_named,
    in_current_scope, register_backend, set_current, set_current_named, with_current,
};
#[cfg(feature = "http")]
pub use session_http as http;
#[cfg(feature = "kerberos")]
pub use session_kerberos as kerberos;
#[cfg(feature = "marquee")]
pub use session_marquee as marquee;
#[cfg(feature = "mock")]
pub use session_mock as mock;
#[cfg(feature = "oauth")]
pub use session_oauth as oauth;

/// The programs in the documents are compiled with these.
#[cfg(all(
    doctest,
    feature = "kerberos",
    feature = "marquee",
    feature = "mock-marquee",
    feature = "oauth",
    feature = "websocket"
))]
mod documents {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/backends.md")]
    mod backends {}
    #[doc = include_str!("../docs/kerberos.md")]
    mod kerberos {}
    #[doc = include_str!("../docs/marquee.md")]
    mod marquee {}
    #[doc = include_str!("../docs/profiles.md")]
    mod profiles {}
    #[doc = include_str!("../docs/requests.md")]
    mod requests {}
}
