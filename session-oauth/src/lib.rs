//! Sessions by OAuth 2.
//!
//! ```
//! use session_oauth::OAuth;
//!
//! let session = OAuth::client_credentials("https://idp.example.com/token", "orders-service", "hunter2")
//!     .scope("read")
//!     .api("https://api.example.com/v1/")
//!     .open()?;
//! # Ok::<(), session_core::Error>(())
//! ```

#![forbid(unsafe_code)]

mod backend;
mod builder;
mod client;
mod discovery;
mod endpoint;
mod grant;
mod issuer;
mod redaction;
mod refusal;
mod request;
mod server;
mod session;
mod token;
mod wire;

pub use backend::OAUTH;
pub use builder::OAuthBuilder;
pub use client::{ClientAuth, ClientSecret};
pub use server::AuthorizationServer;
pub use session::OAuth;
