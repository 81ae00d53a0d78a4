//! Websockets whose handshake a session authorizes (RFC 6455).
//!
//! The handshake is a request like any other: to hosts of the environment only, with its certificate authorities and proxies, over a
//! connection of its own; it has the credential and what it is given, and no other headers, but an `Accept: */*` and what else the HTTP client says of
//! itself where the handshake is left to it: where that is made by a builder of one's own, where the session binds to the peer (as Kerberos does), and
//! where it logs in to the proxy. A credential that is refused is renewed once, and the handshake repeated. What speaks the protocol afterwards ([`tungstenite`]) never sees the headers, so its logs have no
//! credential; the messages they have, at `TRACE`.
//!
//! When the session closes, so do its websockets. A credential that is renewed meanwhile changes nothing for them: whether
//! a server cuts one off whose credential has expired is up to the server.
//!
//! ```no_run
//! # async fn example(session: session_core::SessionHandle) -> session_core::Result<()> {
//! use session_http::{Client, websocket::Message};
//!
//! let mut feed = Client::new(&session).websocket("/feed").connect().await?;
//! feed.send(Message::text(r#"{"subscribe": "prices"}"#)).await?;
//! while let Some(message) = feed.receive().await? {
//!     println!("{message}");
//! }
//! # Ok(()) }
//! ```

mod bare;
mod handshake;
mod line;
mod lines;
mod socket;

pub(crate) use bare::Interception;
pub(crate) use handshake::Upgrade;
pub use handshake::WebSocketBuilder;
pub(crate) use lines::Lines;
pub use socket::WebSocket;
/// The crate that speaks the protocol.
pub use tokio_tungstenite::tungstenite;
pub use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};
