//! Sessions by OAuth 2: a service gets an access token from an authorization server and sends it with every request.
//!
//! ```
//! use session_core::State;
//! use session_http::Client;
//! use session_oauth::OAuth;
//!
//! # let provider = session_mock::Provider::start().unwrap();
//! # let (token_url, api_url) = (provider.token_endpoint(), provider.api().as_str());
//! # let (id, secret) = (provider.client_id(), provider.client_secret());
//! # let rt = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
//! # rt.block_on(async {
//! let session = OAuth::client_credentials(token_url, id, secret)
//!     .scope("read")
//!     .api(api_url)
//!     .open()?; // nothing is sent yet
//!
//! session.init().await?; // gets the token
//! let orders = Client::new(&session).get("orders").send().await?;
//! assert!(orders.status().is_success());
//! session.close().await?;
//! # Ok::<(), session_core::Error>(()) }).unwrap();
//! ```
//!
//! | you want to | read |
//! |---|---|
//! | authenticate a service as itself | [`OAuth::client_credentials`] |
//! | have the endpoints discovered, or tokens revoked | [`AuthorizationServer`] |
//! | choose how the client proves who it is | [`ClientAuth`], [`ClientSecret`] |
//! | choose scopes, audiences, the environment | [`OAuthBuilder`] |
//! | open one by name or profile | [`OAUTH`] |
//!
//! # By configuration
//!
//! ```toml
//! [profiles.orders]
//! backend = "oauth"
//! client_id = "orders-service"
//! client_secret = { env = "ORDERS_SECRET" }
//! scopes = ["read"]
//!
//! [profiles.orders.environment]
//! issuer = "https://idp.example.com"             # or token_endpoint = "…"
//! api = "https://api.example.com/v1/"
//! ca_file = "corporate-ca.pem"
//! ```
//!
//! `client_auth` is `client_secret_basic`, or `client_secret_post`. [`Backend::keys`](session_core::Backend::keys) of
//! [`OAUTH`] lists all keys.
//!
//! # What it does when
//!
//! - **init** asks the token endpoint (RFC 6749 §4.4), after looking it up where an issuer is given (RFC 8414, else OpenID
//!   Connect Discovery). What was looked up is kept until a token could not be got. A secret from a file, a command or the
//!   environment is read anew each time.
//! - **renewal** uses the refresh token if the server gave one, and keeps its successor; without one, or where that is
//!   refused, it asks as `init` does.
//! - **close** revokes what the session holds (RFC 7009), where the revocation endpoint is given or discovered.
//!
//! Answers are taken as servers really write them: `bearer` in any case; `expires_in` as a number, a fraction or a text,
//! where anything but a positive number counts as no expiry; scopes as a text or a list. An answer has at most 64 KiB
//! and 15 seconds, no redirect is followed, and all addresses are `https`, or `http` to this machine.
//!
//! Where an access token is a JWT, its `exp` can have it renewed earlier, and does nothing else. RFC 9068 §6 asks
//! clients not to look into access tokens at all, so nothing relies on it: a token that is opaque, encrypted or says
//! nothing of its end is as good, and an `exp` that is over by the server's own clock does not count.
//!
//! # Errors
//!
//! | kind | when |
//! |---|---|
//! | `Denied` | the client or its secret is wrong; it may not have the grant, scope or resource; 401, 403 |
//! | `Config` | an address is wrong or redirects; the certificate is not trusted; the server does not have the grant |
//! | `Unavailable` | the server cannot be reached, hangs, is busy; 429, 5xx. With its `Retry-After` |
//! | `Interaction` | a person must log in |
//! | `Protocol` | the answer is no token answer: a web page, truncated, too long, without token, of another token type |
//!
//! Errors quote the server's error code and description, unless they repeat part of a secret in some spelling.
//!
//! # Limits
//!
//! - **Memory.** What a session holds, the bodies that it sends and the answers that it reads are wiped when they are done
//!   with. The crate `oauth2`, which writes the requests, takes secret and tokens as plain texts, and so do the HTTP
//!   library's headers: these copies live as long as one request, and are freed without being wiped.
//! - **Time.** An authentication has up to 30 seconds for a secret from a command, and the
//!   [`time_limit`](OAuthBuilder::time_limit) for each request: two at most to look up the endpoints, one for the token. A
//!   renewal whose refresh token is refused starts over once. The engine gives up after a time of its own, 60 seconds by
//!   default ([`SessionBuilder::time_limit`](session_core::SessionBuilder::time_limit)), and does not tell the backend how
//!   much of it is left: a server that uses up every limit is cut off in the middle. If that loses the successor of a
//!   refresh token, the next renewal is refused the old one and uses the client's secret. Where secrets and
//!   servers are that slow, give the engine more time, or the requests less.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `counterparts` | this crate's own tests against real providers, which `cargo xtask test` starts |

#![forbid(unsafe_code)]

mod asked;
mod backend;
mod builder;
mod client;
mod discovery;
mod endpoint;
mod examination;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod grant;
mod issuer;
mod jwt_expiry;
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
