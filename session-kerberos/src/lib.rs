//! Sessions by Kerberos 5: each request is authenticated by a token of its own (SPNEGO, RFC 4559, RFC 4178, RFC 4121).
//!
//! ```no_run
//! use session_http::Client;
//! use session_kerberos::Kerberos;
//!
//! # async fn example() -> session_core::Result<()> {
//! let session = Kerberos::default_cache() // as `kinit` leaves it
//!     .api("https://api.example.com/v1/")
//!     .open()?; // nothing is sent yet
//!
//! session.init().await?; // finds the tickets
//! let orders = Client::new(&session).get("orders").send().await?;
//! # Ok(()) }
//! ```
//!
//! | you want to | read |
//! |---|---|
//! | be whoever is logged in | [`Kerberos::default_cache`], [`Kerberos::ccache`] |
//! | authenticate a service as itself | [`Kerberos::keytab`] |
//! | authenticate by a password | [`Kerberos::password`] |
//! | say what a server is called | [`KerberosBuilder::spn`], [`KerberosBuilder::spn_of`] |
//! | choose what servers must and may do | [`Mutual`], [`Delegation`], [`ChannelBindings`] |
//! | open one by name or profile | [`KERBEROS`] |
//!
//! # The library
//!
//! Nothing of Kerberos is needed to build this crate: it loads the machine's library when a session first authenticates. That
//! is MIT's, `libgssapi_krb5.so.2` with `libkrb5.so.3`, else Heimdal's, `libgssapi.so.3` with `libkrb5.so.26`. Where there is
//! none that can be used, `init` fails with `Config` and the name of the package to install. The realm's configuration is that of the library:
//! krb5.conf, and `KRB5_CONFIG`.
//!
//! It must be one that can be told, call by call, which cache or keytab to use (`gss_acquire_cred_from` and its like). MIT's can;
//! Heimdal's cannot up to 7.8, and counts as none. A later Heimdal, and Apple's framework on macOS, are looked for by the same code,
//! but that was never run. Windows is not supported.
//!
//! # By configuration
//!
//! ```toml
//! [profiles.orders]
//! backend = "kerberos"
//! keytab = "/etc/orders.keytab"                  # or ccache = "FILE:…", or principal and password; or none of them
//! principal = "orders@EXAMPLE.COM"
//!
//! [profiles.orders.environment]
//! api = "https://api.example.com/v1/"
//! ca_file = "corporate-ca.pem"
//! ```
//!
//! [`Backend::keys`](session_core::Backend::keys) of [`KERBEROS`] lists all keys.
//!
//! # What it does when
//!
//! - **init** gets tickets into a cache in memory that belongs to the session alone, and checks whose they are. No
//!   environment variable is set, and no cache of anybody else is written to.
//! - **renewal** does the same anew: by keytab and password it asks the realm; a cache is read again, as `kinit` has
//!   left it meanwhile.
//! - **a request** gets a token of its own, by Kerberos alone (no NTLM), for the service that the URL's host, or `spn`, names.
//!   It is made on a thread of the session, never on the caller's, within a time limit.
//! - **an answer** must prove that it is the server's, as [`Mutual`] says; and that the library has sent who it was to.
//! - **close** drops the tickets: the cache is removed as soon as no request uses it any more.
//!
//! # Errors
//!
//! | kind | when |
//! |---|---|
//! | `Interaction` | there is no ticket, or it has expired: somebody must run `kinit` |
//! | `Denied` | the password or key is wrong; the principal is unknown, locked or expired; the server's keytab is stale |
//! | `Config` | there is no library, no keytab, no such realm, no such service; clocks differ; the ticket cannot be delegated |
//! | `Unavailable` | no KDC answers, or not in time |
//! | `Protocol` | a server does not prove who it is, or sends what is no token |
//!
//! They have the words of the library, its codes, and what to do.
//!
//! # Limits
//!
//! - **Time.** A library that waits for a KDC cannot be interrupted: beyond [`kdc_timeout`](KerberosBuilder::kdc_timeout) it goes
//!   on in its thread, of which a session has eight at most.
//! - **Memory.** Tokens are wiped when they are done with. Tickets, keys, and the password while it is used, are in the library's
//!   memory, which it wipes as it sees fit.
//! - **Tickets.** Those in a cache that can be renewed are not renewed by this crate: something like `kinit -R` or `k5start` has to.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `counterparts` | this crate's own tests against a real realm, which `cargo xtask test` starts |

#![deny(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    clippy::undocumented_unsafe_blocks
)]

mod backend;
mod builder;
mod channel_bindings;
mod delegation;
mod der;
#[cfg(test)]
mod fake;
mod gss;
#[expect(unsafe_code, reason = "the library is written in C")]
mod gssapi;
mod kerberos_token;
mod mechanism;
mod mutual;
mod negotiation;
mod refusal;
mod service_names;
mod session;
mod source;
mod spnego;
mod workers;

pub use backend::KERBEROS;
pub use builder::KerberosBuilder;
pub use channel_bindings::ChannelBindings;
pub use delegation::Delegation;
pub use mutual::Mutual;
pub use session::Kerberos;
