//! GSSAPI (RFC 2743, RFC 2744) and libkrb5, by the library that the machine has.
//!
//! All `unsafe` code is in here. What leaves this module is safe to use in any order and from any thread: handles own what
//! they stand for, and give it back when they are dropped.

mod buffer;
mod cache;
mod context;
mod credential;
mod functions;
mod keytab;
mod krb5;
mod layout;
mod library;
mod name;
mod oid;
mod principal;
mod private_cache;
mod status;
mod ticket;
mod version;

pub(crate) use cache::{Cache, Taken};
pub(crate) use context::{Context, Flags};
pub(crate) use credential::{Credential, INDEFINITE};
pub(crate) use krb5::Krb5;
pub(crate) use library::Library;
pub(crate) use name::Name;
pub(crate) use private_cache::PrivateCache;
pub(crate) use status::Failure;
pub(crate) use ticket::Terms;
pub(crate) use version::describe;
