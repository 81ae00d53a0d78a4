//! The client for programs without async: `sync` of `gs_quant`.
//!
//! [`Client`] is that of [the crate](crate::Client), with calls that block the thread until they are done: what happens to a
//! request is the same. It works outside of a runtime and inside of one, whose worker it then blocks.
//!
//! ```no_run
//! # fn example(session: session_core::SessionHandle) -> session_core::Result<()> {
//! use session_marquee::blocking::Client;
//!
//! session.blocking().enter(|| {
//!     let me = Client::current().user()?;
//!     println!("{}", me.guid());
//!     Ok::<_, session_core::Error>(())
//! })??;
//! # Ok(()) }
//! ```

mod answer;
mod client;
mod data;
mod request;

pub use answer::Answer;
pub use client::Client;
pub use data::{Dataset, Pages, QueryPages};
pub use request::RequestBuilder;
