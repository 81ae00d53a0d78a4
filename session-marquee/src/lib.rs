//! Sessions with Goldman Sachs Marquee, wire-compatible with those of `gs_quant`.
//!
//! ```no_run
//! use session_core::SecretSource;
//! use session_marquee::{Client, Marquee, MarqueeEnvironment, Scope};
//!
//! # async fn example() -> session_core::Result<()> {
//! let secret = SecretSource::env("MARQUEE_SECRET");
//! let session = Marquee::client_credentials(MarqueeEnvironment::prod(), "my-application", secret)
//!     .scope(Scope::RunAnalytics) // beside the four that all ask for
//!     .open()?; // nothing is sent yet
//!
//! session.install().await?; // as `GsSession.use`: authenticates, and is current from here on
//! let me = Client::current().user().await?;
//! # Ok(()) }
//! ```
//!
//! | you want to | read |
//! |---|---|
//! | authenticate an application | [`Marquee::client_credentials`], [`Scope`] |
//! | use a token or a cookie that is there | [`Marquee::token`], [`Marquee::gssso`], [`Marquee::marquee_login`] |
//! | choose where | [`MarqueeEnvironment`], [`Domain`] |
//! | make requests | [`Client`], [`RequestBuilder`], [`Answer`] |
//! | make them without async | [`blocking`] |
//! | know why one failed | [`Failure`], [`Class`] |
//! | get data, coverage, assets, users | [`Client::dataset`], [`Client::assets`], [`Client::user`] |
//! | open one by name or profile | [`MARQUEE`] |
//! | come from `gs_quant` | docs/marquee.md, in the repository |
//!
//! # By configuration
//!
//! ```toml
//! [profiles.marquee]
//! backend = "marquee"
//! environment = "PROD"                           # or a table with `name`, `api` and `auth`
//! client_id = "my-application"                   # or `token`; or `gssso` with `csrf_token`; or `marquee_login`
//! client_secret = { env = "MARQUEE_SECRET" }
//! scopes = ["run_analytics"]
//! ```
//!
//! [`Backend::keys`](session_core::Backend::keys) of [`MARQUEE`] lists all keys. Two kinds of credentials at once are an error.
//!
//! # What it does when
//!
//! - **init** of a client asks for a token as `session-oauth` does, by `client_secret_post`; a token or a cookie that was given is looked
//!   up. With [`activity`](MarqueeBuilder::activity) Marquee is told of it once the session is open; nobody waits for that.
//! - **renewal** of a client's token happens ahead of its expiry, or after a refusal, once for all who need it. A token or cookie
//!   that was refused is looked up again; if it is the same, it is not sent again.
//! - **a request** goes to hosts of the environment only, over TLS (or to this machine), which is always verified.
//! - **close** drops the connections. Marquee has no known address where tokens are revoked, and what was given is its giver's.
//!
//! # Kerberos
//!
//! `gs_quant` leaves Kerberos to a package that is not public. What is public is what it ends in: the cookie `GSSSO`, the cookie
//! `MARQUEE-CSRF-TOKEN`, and the header `X-MARQUEE-CSRF-TOKEN`. That these come from a page of single sign-on which takes a ticket (`Negotiate`)
//! and sets cookies is inferred; where such a page is, must be said. The ticket goes to that page's origin alone. It is tested with
//! tickets of a real realm, but never was with the real page.
//!
//! # Errors
//!
//! As [`session_oauth`] and [`session_http`] have them; an answer that is no success comes with a [`Failure`]. No text has the body of
//! an answer.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `kerberos` | a cookie of single sign-on by a Kerberos ticket, and with it `session-kerberos` |
//! | `websocket` | websockets of Marquee's services |
//! | `counterparts` | this crate's own tests against `gs_quant` and a real provider, which `cargo xtask test` starts |

#![forbid(unsafe_code)]

mod activity;
mod answer;
mod asset;
mod backend;
pub mod blocking;
mod builder;
mod client;
mod cookies;
mod dataset;
mod domain;
mod environment;
mod explanation;
mod failure;
mod finite;
mod given;
mod json;
#[cfg(feature = "kerberos")]
mod login;
mod number;
mod pages;
mod query;
mod query_pages;
mod request;
mod request_id;
mod scope;
mod session;
#[cfg(feature = "kerberos")]
mod set_cookies;
mod settings;
mod target;
mod user;
#[cfg(feature = "websocket")]
mod websocket;
mod written;

pub use answer::Answer;
pub use asset::AssetQuery;
pub use backend::MARQUEE;
pub use builder::MarqueeBuilder;
pub use client::Client;
pub use dataset::{DataQuery, Dataset};
pub use domain::Domain;
pub use environment::MarqueeEnvironment;
pub use failure::{Class, Failure};
pub use pages::Pages;
pub use query::QueryValue;
pub use query_pages::QueryPages;
pub use request::RequestBuilder;
pub use scope::Scope;
pub use session::Marquee;
pub use user::User;
#[cfg(feature = "websocket")]
pub use websocket::WebSocketBuilder;
