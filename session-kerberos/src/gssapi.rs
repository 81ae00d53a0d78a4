//! GSSAPI (RFC 2743, RFC 2744) and libkrb5, by the library that the machine has.
//!
//! All `unsafe` code is in here. What leaves this module is safe to use in any order and from any thread: handles own what
//! they stand for, and give it back when they are dropped.
//!
//! What was checked, by the headers and sources of MIT's 1.10 to 1.22 and of Heimdal's 7.0 to 7.8:
//!
//! - **Types.** Each function's against both headers. Where the two differ, in how wide a time is, there is a table for each maker
//!   (`functions`). No function is given one of ours to call, so that no panic crosses C.
//! - **Structures.** The places in `layout` are those that a C compiler gives: MIT's for 64 bits, for 32, and packed as on Apple's
//!   x86-64; Heimdal's for 64 bits, and there is no other. What the library fills has more than twice the room that it takes. By both
//!   libraries a cache reads the same.
//! - **Whose it is.** A library that is neither's is refused, and so is one that lacks a function, or is Heimdal's of before 7.0, which
//!   does not lock caches in memory (`library`). Whatever one library has
//!   made goes to that one alone: each handle that meets another compares theirs.
//! - **Ownership.** A handle is made only where a call has succeeded, and then gives back what it owns, once; what is begun is ended on
//!   each way out. Where a call fails, libraries have freed what they had begun: then nothing is. Valgrind runs all of it.
//! - **Null.** No pointer is followed that may be null: of contexts and caches success says that they are not, of what is inside of
//!   structures it is looked at.
//! - **NUL.** A name that has one in it is refused, in whichever form it goes: a library would take what is before it for all of it.
//! - **Texts.** GSSAPI's are kept by thread, and fetched by the thread that made the call, before it makes another; libkrb5's are kept
//!   by its context, which is one thread's.
//! - **Threads.** A `Krb5`, and whatever borrows one, stays in its thread. Each `Send` and `Sync` says what it relies on. Heimdal's GSSAPI has
//!   a clock for each thread: it is set for a call, and then set to what it was (`thread_clock`).
//! - **What servers send.** Only a reply of Kerberos gets to the library: of anything else Heimdal's makes a crash (`Context::step`).
//! - **Unloading.** There is none: a library that is taken stays.

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
mod thread_clock;
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
