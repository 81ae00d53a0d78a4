//! Tokens by MIT's GSSAPI library with as little around its functions as there can be: what session-kerberos is measured against.
//!
//! It does as session-kerberos does (a cache in memory, a credential for each thread, SPNEGO that offers Kerberos alone, proof
//! from the server asked for) and nothing else: no checks, no errors in words.

#![expect(unsafe_code, reason = "the library is written in C")]
#![deny(clippy::undocumented_unsafe_blocks)]

mod functions;
mod tokens;

pub use tokens::Tokens;
