//! What a Kerberos library says no with, and what is to be done.

mod code;

use std::{
    fmt,
    ops::Range,
    time::{Duration, SystemTime},
};

use httpdate::fmt_http_date;
use session_core::{Clock, Error, ErrorKind, SystemClock};

use crate::{
    gssapi::Failure,
    mechanism::{Given, Wanted},
};

/// What was to be done.
pub(crate) enum About<'a> {
    /// Get a credential.
    Credential(&'a Wanted),
    /// Renew tickets.
    Renewal { principal: &'a str },
    /// Make a token for a service.
    Token {
        principal: &'a str,
        service: &'a str,
    },
    /// Make sense of a service's refusal.
    Refusal {
        principal: &'a str,
        service: &'a str,
    },
    /// Believe that a service is who it says.
    Proof { service: &'a str },
}

/// The failure as an error that says what to do about it.
pub(crate) fn refused(failure: &Failure, about: &About<'_>) -> Error {
    let (kind, remedy) = remedy(failure, about);
    let remedy = match about.principal() {
        Some(principal) => remedy.replace("`kinit`", &format!("`kinit {principal}`")),
        None => remedy.to_owned(),
    };
    // What a server's clock says is in its answer.
    if is_about_clocks(failure) && !about.is_answer() {
        let ours = fmt_http_date(SystemClock.wall());
        let clocks = format!("this machine's says {ours}, and the KDC's something else");
        return Error::new(kind, format!("{about}: {failure}; {remedy}: {clocks}"));
    }
    Error::new(kind, format!("{about}: {failure}; {remedy}"))
}

/// What is wrong where clocks differ, and the KDC's is so many seconds ahead.
pub(crate) fn clocks(ahead: i64) -> String {
    let [ours, theirs] = [SystemClock.wall(), by_clock_of_kdc(ahead)].map(fmt_http_date);
    format!(
        "the clocks differ; set the one that is wrong: this machine's says {ours}, the KDC's {theirs}"
    )
}

/// What the KDC's clock says if it is so many seconds ahead.
pub(crate) fn by_clock_of_kdc(ahead: i64) -> SystemTime {
    let ours = SystemClock.wall();
    let seconds = Duration::from_secs(ahead.unsigned_abs());
    let theirs = if ahead < 0 {
        ours.checked_sub(seconds)
    } else {
        ours.checked_add(seconds)
    };
    let theirs = theirs.filter(|theirs| *theirs >= SystemTime::UNIX_EPOCH);
    theirs.unwrap_or(ours)
}

/// The first of the codes in MIT's and Heimdal's table `krb5`: those of RFC 4120 §7.5.9, and then the library's own.
const KRB5: i32 = -1_765_328_384;
const MOST_CODES: i32 = 256;
/// A server's codes (RFC 4120 §7.5.9) begin there.
pub(crate) const FIRST_CODE: i32 = KRB5;
/// The codes that a KDC, or a server, answers with.
const ANSWERS: Range<i32> = KRB5..KRB5 + 128;

/// Whether a failure is an answer of the KDC, where a ticket was asked for.
pub(crate) fn is_of_kdc(failure: &Failure) -> bool {
    ANSWERS.contains(&failure.minor)
}

/// Whether a failure may come of a configuration that does not say what it is to: where a realm's KDC is, or which realm a host is in.
pub(crate) fn is_of_configuration(failure: &Failure) -> bool {
    code(failure).is_some_and(|code| {
        [
            code::REALM_UNKNOWN,
            code::REALM_UNREACHABLE,
            code::REALM_OF_HOST_UNKNOWN,
            code::NO_DEFAULT_REALM,
        ]
        .contains(&code)
    })
}

/// There is no cache of this principal.
pub(crate) const NO_CACHE: i32 = KRB5 + code::CACHE_NOT_FOUND;

/// The codes of libraries that cannot decode what is to be a message of Kerberos (`asn1`). MIT's says the like as a KDC would.
const ASN1: Range<i32> = 1_859_794_432..1_859_794_432 + 128;

/// No daemon keeps caches, as MIT's library has it. Heimdal's says that the cache is not supported.
const NO_DAEMON: i32 = -1_750_600_181;

/// SPNEGO passes codes on under numbers that the process makes up. Then only MIT's words tell them.
const WORDS: &[(&str, i32)] = &[
    (
        "Server not found in Kerberos database",
        code::SERVICE_UNKNOWN,
    ),
    ("Decrypt integrity check failed", code::BAD_INTEGRITY),
    ("Ticket expired", code::TICKET_EXPIRED),
    ("Ticket not yet valid", code::NOT_YET_VALID),
    ("Request is a replay", code::REPLAY),
    ("The ticket isn't for us", code::NOT_US),
    ("Clock skew too great", code::CLOCK_SKEW),
    ("Message stream modified", code::MODIFIED),
    ("Key version is not available", code::BAD_KEY_VERSION),
    ("Service key not available", code::NO_KEY),
];

/// What a server says no with that gives no reason.
pub(crate) fn rejection() -> Failure {
    Failure {
        major: UNAUTHORIZED,
        minor: 0,
        text: "it rejects Kerberos without a reason".to_owned(),
    }
}

/// The failure, as that of something that is not there or cannot be read, unless its code says more.
pub(crate) fn missing(failure: Failure) -> Failure {
    Failure {
        major: NO_CREDENTIAL,
        ..failure
    }
}

fn code(failure: &Failure) -> Option<i32> {
    let number = failure.minor.checked_sub(KRB5);
    let number = number.filter(|number| (0..MOST_CODES).contains(number));
    let by_words = || WORDS.iter().find(|(words, _)| failure.text.contains(words));
    number.or_else(|| by_words().map(|(_, code)| *code))
}

fn is_about_clocks(failure: &Failure) -> bool {
    let code = code(failure);
    code.is_some_and(|code| [code::CLOCK_SKEW, code::NOT_YET_VALID].contains(&code))
}

/// Major codes of GSSAPI (RFC 2744 §3.9.1).
const BAD_BINDINGS: u32 = 4 << 16;
const NO_CREDENTIAL: u32 = 7 << 16;
const CREDENTIALS_EXPIRED: u32 = 11 << 16;
const CONTEXT_EXPIRED: u32 = 12 << 16;
const UNAUTHORIZED: u32 = 15 << 16;

fn remedy(failure: &Failure, about: &About<'_>) -> (ErrorKind, &'static str) {
    use ErrorKind::{Config, Denied, Interaction, Protocol, Unavailable};

    if let (Some(remedy), About::Credential(_)) = (of_cache(failure), about) {
        return (Config, remedy);
    }
    if let About::Proof { .. } = about {
        return (
            Protocol,
            "its proof is wrong: who answered has not the key of that service, or answered another request; do not trust it",
        );
    }
    if let Some(remedy) = code(failure).and_then(of_principal) {
        return (Denied, remedy);
    }
    if let Some(remedy) = code(failure).and_then(of_configuration) {
        return (Config, remedy);
    }
    // Heimdal's looks for the default realm by this machine's name, where the configuration has none.
    if code(failure) == Some(code::REALM_OF_HOST_UNKNOWN) && !about.is_by_service() {
        return (Config, NO_DEFAULT_REALM);
    }
    match code(failure) {
        Some(code::PREAUTHENTICATION_FAILED | code::BAD_INTEGRITY) if about.is_by_password() => (
            Denied,
            "the password is wrong; it is not tried again, for failures may lock the account",
        ),
        Some(code::PREAUTHENTICATION_FAILED | code::BAD_INTEGRITY) if about.is_by_keytab() => (
            Denied,
            "the keytab's key is not the realm's; export it anew",
        ),
        Some(code::REALM_UNREACHABLE) => (
            Unavailable,
            "no KDC of the realm answers; check the network, and the realm's `kdc` in krb5.conf; of one by https also its `http_anchors`, and \
             that the library's TLS is installed (package `krb5-k5tls` on Debian)",
        ),
        Some(code::SERVICE_UNAVAILABLE | code::GENERIC) if !about.is_answer() => (
            Unavailable,
            "the KDC has a problem of its own; its log tells which",
        ),
        Some(code::BAD_VERSION | code::BAD_MESSAGE) if !about.is_answer() => (Protocol, NO_KDC),
        Some(code::SERVICE_UNKNOWN) => (
            Config,
            "the realm does not know this service; correct the URL's host, or say what the service is called: `spn`",
        ),
        Some(code::REALM_OF_HOST_UNKNOWN) => (
            Config,
            "nothing says which realm the server is in; add its host to `[domain_realm]` in krb5.conf, or write `spn` with the realm",
        ),
        Some(code::CLOCK_SKEW | code::NOT_YET_VALID) => (
            Config,
            "the clocks differ too much; set those of this machine, the server and the KDC",
        ),
        Some(
            code::NOT_US
            | code::BAD_KEY_VERSION
            | code::NO_KEY
            | code::MODIFIED
            | code::BAD_INTEGRITY,
        ) => (
            Denied,
            "the server's keytab is stale or lacks this service; ask those who run it to export it anew",
        ),
        Some(code::REPLAY) => (
            Denied,
            "the server has seen this token before; something on the way sends requests twice",
        ),
        Some(code::TICKET_EXPIRED) => (Interaction, "the ticket has expired; run `kinit`"),
        Some(
            code::CACHE_NOT_FOUND
            | code::CACHE_FILE_MISSING
            | code::CACHE_TRUNCATED
            | code::CACHE_DAMAGED
            | code::KEY_NOT_FOUND,
        ) => about.missing(),
        _ if ASN1.contains(&failure.minor) && !about.is_answer() => (Protocol, NO_KDC),
        _ => match failure.major {
            BAD_BINDINGS => (
                Denied,
                "the token is bound to another TLS connection than the server's; something on the way ends TLS",
            ),
            NO_CREDENTIAL if !about.is_by_password() => about.missing(),
            CREDENTIALS_EXPIRED | CONTEXT_EXPIRED => {
                (Interaction, "the ticket has expired; run `kinit`")
            }
            UNAUTHORIZED => (Denied, "ask those who run the server, whose log tells why"),
            _ if failure.has_no_code() => (
                Protocol,
                "ask those who run the server; or correct the URL, if it is another's",
            ),
            _ => (
                Protocol,
                "look the code up in the documentation of the Kerberos library",
            ),
        },
    }
}

/// What to do about a kind of cache that nobody keeps.
fn of_cache(failure: &Failure) -> Option<&'static str> {
    match code(failure) {
        Some(code::CACHE_KIND_UNKNOWN) => {
            Some("this Kerberos library knows no such kind of cache; correct `ccache`")
        }
        code if code == Some(code::CACHE_NOT_SUPPORTED) || failure.minor == NO_DAEMON => {
            Some("the daemon that keeps such caches does not answer; start it, or correct `ccache`")
        }
        _ => None,
    }
}

/// What to do about a principal to which the realm gives nothing.
fn of_principal(code: i32) -> Option<&'static str> {
    Some(match code {
        code::CLIENT_UNKNOWN => {
            "the realm does not know this principal; check how it is written, or ask the realm's administrator"
        }
        code::PASSWORD_EXPIRED => {
            "the password has expired; change it with `kpasswd`, or ask the realm's administrator"
        }
        code::CLIENT_REVOKED => "the principal is locked; ask the realm's administrator",
        code::CLIENT_EXPIRED => "the principal has expired; ask the realm's administrator",
        _ => return None,
    })
}

const NO_DEFAULT_REALM: &str =
    "write the principal with its realm, or set `default_realm` in krb5.conf";

const NO_KDC: &str = "what answers is no KDC; correct the realm's `kdc` in krb5.conf";

/// What to do about a configuration that is of no use, or a name that needs one that it does not have.
fn of_configuration(code: i32) -> Option<&'static str> {
    Some(match code {
        code::CONFIGURATION_MISSING | code::CONFIGURATION_BAD => {
            "krb5.conf cannot be used; correct it, or have `KRB5_CONFIG` name another"
        }
        code::REALM_EMPTY => {
            "a name's realm is empty; write it behind the `@`, or leave that out too"
        }
        code::REALM_UNKNOWN => {
            "nothing says where the realm's KDC is; add the realm to krb5.conf, or correct it"
        }
        code::NO_DEFAULT_REALM => NO_DEFAULT_REALM,
        _ => return None,
    })
}

impl About<'_> {
    fn is_by_password(&self) -> bool {
        matches!(self, Self::Credential(wanted) if matches!(wanted.from, Given::Password(_)))
    }

    fn is_by_keytab(&self) -> bool {
        matches!(self, Self::Credential(wanted) if matches!(wanted.from, Given::Keytab(_)))
    }

    /// Who is to log in, where that is known.
    fn principal(&self) -> Option<&str> {
        match self {
            Self::Credential(wanted) => wanted.principal.as_deref(),
            Self::Renewal { principal }
            | Self::Token { principal, .. }
            | Self::Refusal { principal, .. } => Some(principal),
            Self::Proof { .. } => None,
        }
    }

    fn is_by_service(&self) -> bool {
        !matches!(self, Self::Credential(_) | Self::Renewal { .. })
    }

    fn is_answer(&self) -> bool {
        matches!(self, Self::Refusal { .. } | Self::Proof { .. })
    }

    /// What to do where there is no credential.
    fn missing(&self) -> (ErrorKind, &'static str) {
        if self.is_by_keytab() {
            return (
                ErrorKind::Config,
                "check the path, that this process may read it, and that `klist -k` lists the principal",
            );
        }
        (
            ErrorKind::Interaction,
            "run `kinit`, or give a keytab: `keytab`",
        )
    }
}

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(wanted) => {
                f.write_str("no Kerberos credential")?;
                if let Some(principal) = &wanted.principal {
                    write!(f, " of `{principal}`")?;
                }
                match &wanted.from {
                    Given::DefaultCache => f.write_str(" in the default cache"),
                    Given::Ccache(cache) => write!(f, " in cache `{cache}`"),
                    Given::Keytab(keytab) => write!(f, " by keytab `{keytab}`"),
                    Given::Password(_) => f.write_str(" by password"),
                }
            }
            Self::Renewal { principal } => {
                write!(f, "the Kerberos ticket of `{principal}` is not renewed")
            }
            Self::Token { principal, service } => {
                write!(f, "`{principal}` has no Kerberos token for `{service}`")
            }
            Self::Refusal { principal, service } => {
                write!(f, "`{service}` does not authenticate `{principal}`")
            }
            Self::Proof { service } => write!(f, "`{service}` does not prove who it is"),
        }
    }
}

#[cfg(test)]
mod tests;
