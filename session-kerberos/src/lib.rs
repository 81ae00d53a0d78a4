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
//! is MIT's, `libgssapi_krb5.so.2`, else, where pointers have 64 bits, Heimdal's since 7.0, `libgssapi.so.3`; or the one that
//! [`library`](KerberosBuilder::library) names. Each comes with its own libkrb5, and sessions with one do not disturb sessions with
//! the other. Where there is none that can be used, `init` fails with `Config` and the name of the package to install. The realm's
//! configuration is that of the library: krb5.conf, and `KRB5_CONFIG`.
//!
//! | library | tested |
//! |---|---|
//! | MIT's 1.20, Linux | yes, against MIT's KDC |
//! | Heimdal's 7.8, Linux | yes, against the same; it takes a realm that is not configured for one whose KDC does not answer; of collections of caches it finds those of `DIR:`, and of a daemon's each cache by its own name (`KCM:1000`) |
//! | MIT's or Apple's, macOS | **never run**: nobody has built or run this crate on a Mac. The code looks for Apple's framework first, and takes it only if that shows that it is Heimdal's of version 7 or later: by its sources it comes of an older one, and is refused. Then it looks for MIT's, also where Homebrew leaves it; what structures are like is from the headers of MIT and Heimdal |
//! | SSPI, Windows | **never run, and not written**: nobody has built or run this crate on Windows. There is no library to be found, so that `init` fails; SSPI would be one more implementation of the crate's trait `Mechanism` |
//! | any other | is an error that says so, for what its structures are like is not known |
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
//! - **renewal** takes what `kinit` has left in a cache meanwhile, if that is good for longer. Else it has the
//!   realm renew the ticket, into the session's own cache: that takes no password, and a session so outlives the ticket in a cache
//!   that is never written to. Where that gains nothing, it begins anew, by password, keytab or cache. The services in use get new
//!   tickets after it, which nobody waits for: until then the ticket from before does, as long as it lasts. After a
//!   refusal a session begins anew at once, with nothing from before, and after `kdestroy` it fails. Where no `principal` is named, a session stays whoever it was at first: a cache that has
//!   become somebody else's is an error, until the session is closed and opened anew.
//! - **a request** gets a token of its own, by Kerberos alone (no NTLM), for the service that the URL's host, or `spn`, names.
//!   The first for a service is made on a thread of the session, never on the caller's, within a time limit, for it may wait for a
//!   KDC and for DNS; those that come meanwhile wait for that one. While that service's ticket is good, others are computed where they are needed,:
//!   nobody is asked, except where `delegation` is on, for then the KDC is each time. The library makes Kerberos's token, this crate
//!   SPNEGO's around it: the libraries' own do so too, but with whoever is in the default cache.
//! - **a proxy** of the environment with [`session_login`](session_core::Proxy::with_session_login) gets a token of its own with each
//!   connection.
//! - **an answer** must prove that it is the server's, as [`Mutual`] says; and that the library has sent who it was to.
//! - **close** drops the tickets: the cache is removed as soon as no request uses it any more.
//!
//! # Errors
//!
//! | what is wrong | kind | what the error says, beside the library's words and codes |
//! |---|---|---|
//! | there is no cache | `Interaction` | run `kinit`, or give a keytab: `keytab` |
//! | the cache is another principal's | `Interaction` | run `kinit bob`, or give a keytab: `keytab` |
//! | the default cache is another principal's | `Interaction` | run `kinit bob`, or give a keytab: `keytab` |
//! | the cache is empty | `Interaction` | run `kinit`, or give a keytab: `keytab` |
//! | the cache is damaged | `Interaction` | run `kinit`, or give a keytab: `keytab` |
//! | the default cache is empty or damaged | `Interaction` | run `kinit`, or give a keytab: `keytab` |
//! | no daemon keeps the cache | `Config` | the daemon that keeps such caches does not answer; start it, or correct `ccache` |
//! | the ticket has expired | `Interaction` | has expired; run |
//! | there is no keytab | `Config` | check the path, that this process may read it |
//! | the keytab does not have the principal | `Config` | `klist -k` lists the principal |
//! | the keytab is stale | `Denied` | the keytab's key is not the realm's; export it anew |
//! | the password is wrong | `Denied` | it is not tried again, for failures may lock the account |
//! | the realm does not know the principal | `Denied` | check how it is written, or ask the realm's administrator |
//! | the password has expired | `Denied` | change it with `kpasswd`, or ask the realm's administrator |
//! | the principal is locked | `Denied` | the principal is locked; ask the realm's administrator |
//! | the principal has expired | `Denied` | the principal has expired; ask the realm's administrator |
//! | the KDC is down | `Unavailable` | no KDC of the realm answers; check the network, and the realm's `kdc` in krb5.conf |
//! | the KDC is silent | `Unavailable` | or allow more: `kdc_timeout` |
//! | the KDC has a problem | `Unavailable` | its log tells which |
//! | the KDC is none | `Protocol` | correct the realm's `kdc` in krb5.conf |
//! | the realm is unknown, by MIT's library | `Config` | add the realm to krb5.conf, or correct it |
//! | the realm is unknown, by Heimdal's library | `Unavailable` | no KDC of the realm answers; check the network, and the realm's `kdc` in krb5.conf |
//! | krb5.conf is damaged | `Config` | correct it, or have `KRB5_CONFIG` name another |
//! | the realm is empty | `Config` | the realm is empty; write it behind the `@` |
//! | there is no default realm | `Config` | write the principal with its realm, or set `default_realm` in krb5.conf |
//! | the realm does not know the service | `Config` | correct the URL's host, or say what the service is called: `spn` |
//! | clocks differ | `Config` | this machine's clock says |
//! | the ticket cannot be delegated | `Config` | get a forwardable one (`kinit -f`, `forwardable = true` in krb5.conf) |
//! | the server's keytab is stale | `Denied` | ask those who run it to export it anew |
//! | the server has no key | `Denied` | ask those who run it to export it anew |
//! | the server does not prove who it is | `Protocol` | set `mutual` to `if-present`, or `off` |
//! | the proof is not the server's | `Protocol` | do not trust it |
//! | there is no library | `Config` | install MIT's: package `libgssapi-krb5-2` on Debian and Ubuntu |
//!
//! A KDC that is down or silent is no matter as long as the tickets last: the session renews ahead, pauses after failures, and goes
//! on when the KDC is back.
//!
//! # Limits
//!
//! - **Time.** A library that waits for a KDC cannot be interrupted: beyond [`kdc_timeout`](KerberosBuilder::kdc_timeout) it goes
//!   on in its thread, of which a session has eight at most, one of them not for requests. What waits for one of them is given up after as long; and when
//!   thousands wait, more are `Unavailable` at once. A token for a service whose ticket is there needs none of them, and waits for no
//!   KDC, however many others do; unless it delegates, or the ticket ends within seconds.
//! - **Clocks.** A KDC's clock that differs from this machine's is followed, also in when a ticket ends. Where one has ended before its
//!   time all the same, for a clock was set or the machine slept, they are renewed once for all requests that find that. By a clock that is
//!   further ahead than tickets live MIT's library makes no token, and by one that is as far behind Heimdal's gets no ticket: that is
//!   `Config`, and the error says what both clocks say.
//! - **The caller's thread.** A token that needs nobody is computed there. MIT's library then looks whether the files of its configuration
//!   have changed, and reads those that have; Heimdal's reads them once for each thread. No KDC and no DNS is asked, and nothing is waited
//!   for that somebody holds while a KDC is.
//! - **Names of hosts.** Which principal a host is, the library finds by its configuration, and by DNS if that says so. What it has found is
//!   kept until the ticket for it ends, a day at most, or the session gets others: a name that DNS moves is followed then, and if the
//!   server refuses what it gets, at once. To look more often would have requests wait for DNS, and in line behind those that wait for a KDC.
//! - **Processes.** A child made by `fork` has none of the session's threads; make its sessions there. A program that ends while
//!   a session's tickets are still being let go of can be aborted by MIT's library: await [`close`](session_core::SessionHandle::close) first.
//! - **Connections and cookies.** Each request has a token, also to a server that authenticates a connection once, or goes on by
//!   cookie. Apache proves who it is each time. For a server that does not, [`Mutual::IfPresent`] is right.
//! - **HTTP/2.** A token is a request's, so that this works by HTTP/2 too. A server that has to know the connection refuses that
//!   (`HTTP_1_1_REQUIRED`): the error then says to set the environment's `http1_only`.
//! - **Memory.** Tokens are wiped when they are done with. Tickets, keys, and the password while it is used, are in the library's
//!   memory, which it wipes as it sees fit.
//! - **Tickets.** The realm renews one for as long as it said at first, and not one that has ended: a session that is not used for so
//!   long, or is not kept warm, needs a new `kinit`.
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
mod examination;
#[cfg(test)]
mod fake;
mod gss;
#[expect(unsafe_code, reason = "the library is written in C")]
mod gssapi;
mod kerberos_token;
mod mechanism;
mod mutual;
mod negotiation;
mod openings;
mod refusal;
mod service_names;
mod session;
mod source;
mod spnego;
mod state;
mod workers;

pub use backend::KERBEROS;
pub use builder::KerberosBuilder;
pub use channel_bindings::ChannelBindings;
pub use delegation::Delegation;
pub use mutual::Mutual;
pub use session::Kerberos;
