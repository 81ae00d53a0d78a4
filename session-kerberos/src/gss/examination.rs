//! What people are told who look for what is wrong.

use std::{
    env,
    path::Path,
    time::{Duration, SystemTime},
};

use session_core::{Clock, Error, ErrorKind, Finding, Health, Result, SystemClock};

use super::collection;
use crate::{
    examination::{KDC, no_answer},
    gssapi::{Cache, Failure, Krb5, Library, Terms, describe},
    mechanism::{Given, Initiation, Wanted},
    refusal::{About, by_clock_of_kdc, is_of_kdc, missing, refused},
};

/// A ticket that expires within this is about to.
const SOON: Duration = Duration::from_secs(10 * 60);
/// What the KDC's clock may differ by: Kerberos itself allows for five minutes, and a clock that drifts gets there.
const TOLERANCE: Duration = Duration::from_secs(60);

const LIBRARY: &str = "library";
const CONFIGURATION: &str = "krb5.conf";
const CACHE: &str = "cache";
const KEYTAB: &str = "keytab";
const TICKET: &str = "ticket";
const SERVICE: &str = "service";

/// The library, its configuration, and where credentials are to come from; and whose they are, where that can be asked the KDC about.
pub(super) fn means(
    library: Result<&'static Library>,
    wanted: &Wanted,
) -> (Vec<Finding>, Option<String>) {
    let library = match library {
        Ok(library) => library,
        Err(error) => return (vec![Finding::failed(LIBRARY, &error)], None),
    };
    let mut findings = vec![Finding::ok(LIBRARY, describe(library))];
    let krb5 = match Krb5::new(library) {
        Ok(krb5) => krb5,
        Err(failure) => {
            findings.push(unusable(&failure));
            return (findings, None);
        }
    };
    // Of the other library that is told above.
    if let Err(failure) = krb5.check_configuration() {
        findings.push(unusable(&failure));
        return (findings, None);
    }
    findings.push(files(&krb5));
    findings.push(default_realm(&krb5, wanted));
    let (found, owner) = source(&krb5, wanted);
    findings.extend(found);
    (findings, asked(&krb5, wanted).or(owner))
}

/// Whether the principal's KDC answers.
pub(super) fn kdc(library: Result<&'static Library>, wanted: &Wanted, principal: &str) -> Finding {
    let library = match library {
        Ok(library) => library,
        Err(error) => return Finding::failed(KDC, &error),
    };
    let asked = Krb5::new(library).and_then(|krb5| krb5.ask_realm(&krb5.principal(principal)?));
    let Err(failure) = asked else {
        return Finding::ok(KDC, format!("answers, and knows `{principal}`"));
    };
    let error = refused(&failure, &About::Credential(wanted));
    // With a ticket there is no need for one more, as long as it is good.
    if wanted.is_by_cache() && is_of_kdc(&failure) {
        return Finding::warning(KDC, format!("answers, but gives no new ticket: {error}"));
    }
    no_answer(&error, wanted)
}

fn unusable(failure: &Failure) -> Finding {
    let files = env::var("KRB5_CONFIG").ok();
    let files = files.map(|files| format!(" (`KRB5_CONFIG` is `{files}`)"));
    let text = &failure.text;
    let error = Error::new(
        ErrorKind::Config,
        format!(
            "it cannot be used: {text}{}; correct it, or have `KRB5_CONFIG` name another",
            files.unwrap_or_default()
        ),
    );
    Finding::failed(CONFIGURATION, &error)
}

fn files(krb5: &Krb5) -> Finding {
    let named = krb5.configuration_files();
    if named.is_empty() {
        return Finding::ok(CONFIGURATION, "the library does not say where it is");
    }
    let there: Vec<_> = named
        .iter()
        .filter(|file| Path::new(file).exists())
        .map(String::as_str)
        .collect();
    let by = match env::var_os("KRB5_CONFIG") {
        Some(_) => ", by `KRB5_CONFIG`",
        None => "",
    };
    if there.is_empty() {
        let detail = format!("there is none of {}{by}", named.join(", "));
        return Finding::warning(CONFIGURATION, detail).with_remedy(
            "have the realm's administrator give you one, unless DNS tells all of the realm",
        );
    }
    Finding::ok(CONFIGURATION, format!("{}{by}", there.join(", ")))
}

fn default_realm(krb5: &Krb5, wanted: &Wanted) -> Finding {
    const WHAT: &str = "default realm";
    match krb5.default_realm() {
        Ok(realm) => Finding::ok(WHAT, realm),
        // Who writes realms everywhere needs none.
        Err(_) if wanted.principal.as_deref().is_some_and(has_realm) => {
            Finding::ok(WHAT, "there is none; `principal` has its realm")
        }
        Err(failure) => Finding::warning(WHAT, failure.text)
            .with_remedy("write principals with their realm, or set `default_realm` in krb5.conf"),
    }
}

fn has_realm(principal: &str) -> bool {
    principal.contains('@')
}

/// Where the credential is to come from; and whose it is, where that is known.
fn source(krb5: &Krb5, wanted: &Wanted) -> (Vec<Finding>, Option<String>) {
    match &wanted.from {
        Given::DefaultCache | Given::Ccache(_) => match cache(krb5, wanted) {
            Ok(found) => found,
            Err(failure) => {
                let error = refused(&missing(failure), &About::Credential(wanted));
                (vec![Finding::failed(CACHE, &error)], None)
            }
        },
        Given::Keytab(name) => keytab(krb5, name, wanted),
        Given::Password(_) => (Vec::new(), None),
    }
}

/// The cache that tickets are taken from, found as a session finds it.
fn cache(krb5: &Krb5, wanted: &Wanted) -> Result<(Vec<Finding>, Option<String>), Failure> {
    if let Given::Ccache(name) = &wanted.from {
        krb5.set_default_cache(name)?;
    }
    let first = krb5.default_cache()?;
    let found = wanted.principal.as_deref();
    let found = found.and_then(|principal| collection::cache_of(krb5, principal).ok());
    // The one that is the principal's, where another comes first; else the first, and whether it is will be seen.
    let other = found.filter(|found| found.full_name() != first.full_name());
    let which = match (&wanted.from, &other) {
        (Given::DefaultCache, None) => " (the default one)",
        (Given::DefaultCache, Some(_)) => " (of the default ones)",
        _ => "",
    };
    in_cache(krb5, &other.unwrap_or(first), which, wanted)
}

fn in_cache(
    krb5: &Krb5,
    cache: &Cache<'_>,
    which: &str,
    wanted: &Wanted,
) -> Result<(Vec<Finding>, Option<String>), Failure> {
    let name = cache.full_name();
    let owner = cache.principal()?.name()?;
    let tickets = cache.terms()?;
    let mut findings = match asked(krb5, wanted) {
        Some(asked) if asked != owner => {
            let error = Error::new(
                ErrorKind::Config,
                format!(
                    "`{name}`{which} is that of `{owner}`, and the session is to be `{asked}`; run `kinit {asked}`, or correct `principal`"
                ),
            );
            vec![Finding::failed(CACHE, &error)]
        }
        _ => vec![Finding::ok(CACHE, format!("`{name}`{which} of `{owner}`"))],
    };
    let now = Now::at_kdc(cache.offset().unwrap_or_default());
    findings.extend(tickets.map(|tickets| to_begin_with(&tickets, &owner, &now)));
    Ok((findings, Some(owner)))
}

/// Whether there is one of these tickets to get others with, and until when.
fn to_begin_with(tickets: &[Terms], owner: &str, now: &Now) -> Finding {
    match granting(tickets) {
        Some(ticket) => lifetime(ticket, Some(owner), now),
        None if tickets.is_empty() => {
            let error = Error::new(
                ErrorKind::Interaction,
                format!("there is none of `{owner}`; run `kinit {owner}`"),
            );
            Finding::failed(TICKET, &error)
        }
        None => Finding::warning(
            TICKET,
            "there are some for services, and none to get more with",
        )
        .with_remedy(format!("run `kinit {owner}`")),
    }
}

/// Whom the session is to be, if that is said: with the realm.
fn asked(krb5: &Krb5, wanted: &Wanted) -> Option<String> {
    let asked = wanted.principal.as_deref()?;
    let named = krb5.principal(asked).and_then(|asked| asked.name());
    Some(named.unwrap_or_else(|_| asked.to_owned()))
}

/// The ticket with which others are got.
fn granting(tickets: &[Terms]) -> Option<&Terms> {
    tickets
        .iter()
        .filter(|ticket| ticket.service.starts_with("krbtgt/"))
        .max_by_key(|ticket| ticket.end)
}

/// What the time is where tickets are given out.
struct Now {
    time: SystemTime,
    /// By which clock, where that is not what this machine's says.
    by: &'static str,
}

impl Now {
    /// With a KDC whose clock is so many seconds ahead.
    fn at_kdc(ahead: i64) -> Self {
        Self {
            time: by_clock_of_kdc(ahead),
            by: if ahead.unsigned_abs() < TOLERANCE.as_secs() {
                ""
            } else {
                ", by the KDC's clock"
            },
        }
    }
}

/// For how long a ticket is good; `owner` is who has to log in for another, if somebody has.
fn lifetime(ticket: &Terms, owner: Option<&str>, now: &Now) -> Finding {
    let moment = humantime::format_rfc3339_seconds;
    let renewable = match ticket.renewable_until {
        Some(until) if until > now.time => format!(", can be renewed until {}", moment(until)),
        Some(_) | None => ", cannot be renewed".to_owned(),
    };
    let end = moment(ticket.end);
    let left = ticket.end.duration_since(now.time).unwrap_or_default();
    let detail = if left.is_zero() {
        format!("it has expired at {end}{}", now.by)
    } else {
        format!("good until {end}{renewable}{}", now.by)
    };
    // A session gets another by itself where it has what that takes.
    let Some(owner) = owner else {
        return Finding::ok(TICKET, detail);
    };
    if left.is_zero() {
        let text = format!("{detail}; run `kinit {owner}`");
        return Finding::failed(TICKET, &Error::new(ErrorKind::Interaction, text));
    }
    if left < SOON {
        let remedy = format!("run `kinit {owner}`, or have something renew it");
        return Finding::warning(TICKET, detail).with_remedy(remedy);
    }
    Finding::ok(TICKET, detail)
}

fn keytab(krb5: &Krb5, name: &str, wanted: &Wanted) -> (Vec<Finding>, Option<String>) {
    let failed = |error: &Error| (vec![Finding::failed(KEYTAB, error)], None);
    let principals = match principals(krb5, name) {
        Ok(principals) => principals,
        Err(failure) => return failed(&refused(&missing(failure), &About::Credential(wanted))),
    };
    let asked = asked(krb5, wanted);
    let listed = principals.join("`, `");
    let problem = match (&asked, &principals[..]) {
        (_, []) => format!("`{name}` is empty; export the principal's key"),
        (Some(asked), _) if !principals.contains(asked) => {
            format!(
                "`{name}` has no key of `{asked}`, but of `{listed}`; export one, or correct `principal`"
            )
        }
        _ => {
            let detail = format!("`{name}` has keys of `{listed}`");
            let principal = asked.or_else(|| principals.first().cloned());
            return (vec![Finding::ok(KEYTAB, detail)], principal);
        }
    };
    failed(&Error::new(ErrorKind::Config, problem))
}

/// Whose keys are in a keytab; each principal once.
fn principals(krb5: &Krb5, keytab: &str) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for principal in krb5.keytab(keytab)?.principals()? {
        let name = principal.name()?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// What a session has.
pub(super) struct Held<'a> {
    pub(super) library: &'static Library,
    /// The name of its cache.
    pub(super) cache: &'a str,
    pub(super) owner: &'a str,
    pub(super) is_by_cache: bool,
    /// By how many seconds the KDC's clock is ahead of this machine's.
    pub(super) ahead: i64,
}

/// The tickets that a session holds, and whether there are tokens for these requests; of a ticket that was got just now the KDC's
/// clock too.
pub(super) fn tickets(
    held: &Held<'_>,
    requests: &[Initiation],
    initiate: impl Fn(&Initiation) -> Result<()>,
) -> Vec<Finding> {
    let krb5 = Krb5::new(held.library).ok();
    let look = || krb5.as_ref()?.cache(held.cache).ok()?.terms().ok()?;
    let before = look().unwrap_or_default();
    let now = Now::at_kdc(held.ahead);
    let who = held.is_by_cache.then_some(held.owner);
    let mut findings = Vec::new();
    findings.extend(granting(&before).map(|ticket| {
        let found = lifetime(ticket, who, &now);
        if ticket.is_forwardable || found.health() != Health::Ok {
            return found;
        }
        Finding::ok(TICKET, format!("{}, cannot be delegated", found.detail()))
    }));
    findings.extend(requests.iter().map(|request| match initiate(request) {
        Ok(()) => Finding::ok(
            SERVICE,
            format!(
                "`{}` is known, and there is a token for it",
                request.service
            ),
        ),
        Err(error) => Finding::failed(SERVICE, &error),
    }));
    let after = look().unwrap_or_default();
    let newest = after.iter().find(|ticket| !before.contains(ticket));
    findings.extend(
        newest.map(|ticket| {
            Finding::clock("clock of KDC", ticket.start, SystemClock.wall(), TOLERANCE)
        }),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(service: &str, end: u64, renewable_until: Option<u64>) -> Terms {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Terms {
            service: service.to_owned(),
            start: at(1_000),
            end: at(end),
            renewable_until: renewable_until.map(at),
            is_forwardable: true,
        }
    }

    #[test]
    fn a_ticket_is_judged_by_how_long_it_is_good() {
        let at = |by| Now {
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(10_000),
            by,
        };
        let now = at("");
        let judged =
            |end, renewable| lifetime(&ticket("krbtgt/A@A", end, renewable), Some("alice@A"), &now);
        assert_eq!(
            judged(13_600, Some(86_400)),
            Finding::ok(
                TICKET,
                "good until 1970-01-01T03:46:40Z, can be renewed until 1970-01-02T00:00:00Z"
            )
        );
        let brief = judged(10_100, None);
        assert_eq!(brief.health(), Health::Warning);
        assert!(brief.detail().ends_with("cannot be renewed"), "{brief}");
        let over = judged(10_000, Some(86_400));
        assert_eq!(over.kind(), Some(ErrorKind::Interaction));
        assert!(over.detail().contains("kinit alice@A"), "{over}");
        // What a time says is of use with the clock that it is by.
        let theirs = at(", by the KDC's clock");
        let found = lifetime(&ticket("krbtgt/A@A", 13_600, None), None, &theirs);
        assert!(found.detail().ends_with(theirs.by), "{found}");
        // Who has a keytab or a password need not log in.
        for end in [10_100, 10_000] {
            let found = lifetime(&ticket("krbtgt/A@A", end, None), None, &now);
            assert_eq!(found.health(), Health::Ok, "{found}");
        }
    }

    #[test]
    fn the_last_ticket_to_get_others_with_counts() {
        let last = ticket("krbtgt/A@A", 3_000, None);
        let tickets = [
            ticket("HTTP/x@A", 9_000, None),
            ticket("krbtgt/A@A", 2_000, None),
            last.clone(),
        ];
        assert_eq!(granting(&tickets), Some(&last));
        assert_eq!(granting(&tickets[..1]), None);
    }
}
