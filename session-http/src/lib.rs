//! Authenticated HTTP over any session.
//!
//! [`Client`] sends requests that a session authorizes. What every such client has to get right is done
//! here once, for every scheme: where a credential may go, what happens when a server refuses it,
//! which redirects are followed, which connections are kept and when they are dropped.
//!
//! | you want to | read |
//! |---|---|
//! | make requests | [`Client`], [`RequestBuilder`], [`Response`] |
//! | make them without async | [`blocking::Client`] |
//! | talk over a websocket | [`websocket`] |
//! | bring your own reqwest settings | [`ClientBuilder::reqwest`] |
//! | write a backend that talks HTTP | [`Connections`], [`read_limited`], [`transport_error`] |
//! | send requests by other means | [`Dialogue`]: what goes on them, and what comes of each answer |
//! | build a client of an API on this one | [`below`], [`absolute`], [`blocking::wait`] |
//! | know why a request was refused | [`Response::error_for_status`], [`Refusal`], [`StepUp`], [`challenges`], [`proxy_challenges`] |
//! | know whether to try again | [`is_temporary`], [`retry_after`] |
//!
//! # What happens to a request
//!
//! 1. Its target is resolved to a URL; see [`Client`].
//! 2. The session authorizes it, after renewing an expired credential. Where the credential may not
//!    go, the request fails with `Forbidden`, and nothing is sent.
//! 3. Each answer is judged by a [`Dialogue`], whose table says what comes of it: a 401 has the credential renewed, once
//!    for all requests that it was refused to, and the request repeated once; a scheme with several legs gets them. A
//!    second 401 is the answer, and so are a 403 and a 407. A body that was streamed cannot be
//!    repeated: its 401 is the answer, and the next request has a new credential.
//! 4. A connection that breaks before there was an answer leaves open what became of the request. One whose method has no
//!    effect, or the same the second time (GET, HEAD, OPTIONS, TRACE, PUT, DELETE; RFC 9110 §9.2.2), is authorized
//!    anew and sent once more; others fail with `Unavailable`, and whether to repeat them is the caller's to know.
//! 5. Redirects are followed, at most ten. Each hop to the same origin is authorized anew. When the
//!    origin changes (scheme, host or port), nothing of the session goes along from then on, nor
//!    the caller's own `Authorization`, `Cookie` and `Proxy-Authorization`.
//!
//! | status | the next request |
//! |---|---|
//! | 301, 302 | a POST becomes a GET without body, other methods stay |
//! | 303 | a GET without body; HEAD stays |
//! | 307, 308 | the same method and body |
//!
//! A body is never sent on to another origin, and nothing goes from https to http: both are `Forbidden`.
//!
//! How servers are connected to, through which proxy and with which certificates, is the environment's matter: see
//! [`Connections`]. Two kinds of schemes need more of a connection, and say so:
//!
//! - Who [binds to the peer](session_core::Session::binds_to_peer) gets the server's certificate with each request and each
//!   answer. Of a server that is not known yet it is learned first, by a `HEAD` of `/` with nothing on it. Through a proxy it is
//!   not known.
//! - Who [pins the connection](session_core::Session::pins_connection) has all requests of an exchange on one connection, and no others
//!   meanwhile. Idle ones serve the next exchange; at most 64 are kept. Where the server closes one midway, the exchange
//!   begins anew on another, once.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `websocket` | [`websocket`], and with it the crate `tokio-tungstenite` |
//! | `counterparts` | this crate's own tests against real servers, which `cargo xtask test` starts |

#![forbid(unsafe_code)]

pub mod blocking;
mod body;
mod carriers;
mod certificates;
mod challenge;
mod client;
mod connections;
mod dialogue;
mod dispatch;
mod gate;
mod lifeline;
mod loan;
mod login;
mod pem;
mod pools;
mod reach;
mod read;
mod recipe;
mod redirect;
mod refusal;
mod request;
mod response;
mod retry_after;
mod step_up;
mod target;
mod temporary;
mod transport_error;
mod tunnel;
mod upload;
mod watch;
#[cfg(feature = "websocket")]
pub mod websocket;
mod wire;
mod words;

pub use challenge::{challenges, proxy_challenges};
pub use client::{Client, ClientBuilder};
pub use connections::Connections;
pub use dialogue::{Dialogue, Next};
pub use read::read_limited;
pub use refusal::Refusal;
pub use request::RequestBuilder;
pub use response::Response;
pub use retry_after::retry_after;
pub use step_up::StepUp;
pub use target::{absolute, below};
pub use temporary::is_temporary;
pub use transport_error::transport_error;

/// The version of reqwest that this crate works with.
pub use reqwest;
