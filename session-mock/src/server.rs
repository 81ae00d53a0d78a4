//! An OAuth 2 authorization server and a protected API on loopback.
//!
//! [`Provider`] is the way in. Requests take this path: `listener` accepts them on the provider's own thread,
//! `connection` speaks HTTP/1.1, `service` records each in the `log`, treats it as its kind's `conduct` is scripted, and
//! hands it to an endpoint: `discovery`, `token_endpoint`, `revocation_endpoint`, and `api` or a [`Site`] in its place. What was on the
//! wire is `heads`.

mod answer;
mod api;
mod bearer;
mod body;
mod builder;
mod client;
mod client_auth;
mod clock;
mod conduct;
mod connection;
mod discovery;
mod entry;
mod form;
mod heads;
mod link;
mod listener;
mod load;
mod log;
#[cfg(feature = "marquee")]
mod marquee;
mod outage;
mod provider;
mod random;
mod received;
mod refresh_tokens;
mod reply;
mod request;
mod revocation_endpoint;
mod script;
mod service;
mod site;
mod state;
mod terms;
#[cfg(feature = "tls")]
mod tls;
mod token_endpoint;
mod tokens;
#[cfg(feature = "websocket")]
mod websocket;

pub use builder::ProviderBuilder;
pub use client::{Client, ClientAuthMethod};
pub use conduct::Hold;
pub use entry::{Entry, Kind};
#[cfg(feature = "marquee")]
pub use marquee::Marquee;
pub use outage::Outage;
pub use provider::Provider;
pub use reply::Reply;
pub use request::Request;
pub use site::Site;
