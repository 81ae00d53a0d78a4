//! The client for programs without async.
//!
//! [`Client`] is that of [the crate](crate::Client), with calls that block the thread until they are done: what happens to
//! a request is the same. It works outside of a runtime and inside of one, whose worker it then blocks; nothing that it
//! waits for needs that worker.
//!
//! ```no_run
//! # fn example(session: session_core::SessionHandle) -> session_core::Result<()> {
//! use session_http::blocking::Client;
//!
//! session.blocking().enter(|| {
//!     let me: serde_json::Value = Client::current()
//!         .get("/users/self")
//!         .send()?
//!         .error_for_status()?
//!         .json()?;
//!     Ok::<_, session_core::Error>(me)
//! })??;
//! # Ok(()) }
//! ```

mod client;
mod reading;
mod request;
mod response;
mod runtime;

pub use client::Client;
pub use request::RequestBuilder;
pub use response::Response;
pub use runtime::wait;
