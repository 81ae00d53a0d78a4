//! GSSAPI (RFC 2743, RFC 2744) by the library that the machine has.
//!
//! All `unsafe` code is in here. What leaves this module is safe to use in any order and from any thread: handles own what
//! they stand for, and give it back when they are dropped.

mod buffer;
mod cache;
mod context;
mod credential;
mod functions;
mod library;
mod name;
mod oid;
mod status;
mod store;

pub(crate) use cache::{PrivateCache, default_cache};
pub(crate) use context::{Context, Flags};
pub(crate) use credential::{Credential, INDEFINITE};
pub(crate) use library::Library;
pub(crate) use name::Name;
pub(crate) use oid::Oid;
pub(crate) use status::Failure;
pub(crate) use store::KeyValues;
