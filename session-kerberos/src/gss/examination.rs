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
    gssapi::{Failure, Inspection, Krb5, Library, Ticket, describe, is_of_kdc},
    mechanism::{Given, Initiation, Wanted},
    refusal::{About, refused},
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
    let inspection = match Inspection::new(library) {
        Some(Ok(inspection)) => inspection,
        Some(Err(failure)) => {
            findings.push(unusable(&failure));
            return (findings, None);
        }
        None => {
            let detail = "nothing is known of the configuration and the tickets: only MIT's library is asked for them";
            findings.push(Finding::ok(CONFIGURATION, detail));
            return (findings, None);
        }
    };
    findings.push(files(&inspection));
    findings.push(default_realm(&inspection, wanted));
    let (found, owner) = source(library, &inspection, wanted);
    findings.extend(found);
    (findings, wanted.principal.clone().or(owner))
}

/// Whether the principal's KDC answers.
pub(super) fn kdc(library: Result<&'static Library>, wanted: &Wanted, principal: &str) -> Finding {
    let asked = library.map(|library| match Inspection::new(library)? {
        Ok(inspection) => inspection.ask_kdc(principal).err(),
        Err(failure) => Some(failure),
    });
    let failure = match asked {
        Ok(Some(failure)) => failure,
        Ok(None) => return Finding::ok(KDC, format!("answers, and knows `{principal}`")),
        Err(error) => return Finding::failed(KDC, &error),
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

fn files(inspection: &Inspection) -> Finding {
    let named = inspection.configuration_files();
    let there: Vec<_> = named
        .iter()
        .filter(|file| Path::new(file).exists())
        .map(String::as_str)
        .collect();
    if there.is_empty() {
        let detail = format!("there is none of {}", named.join(", "));
        return Finding::warning(CONFIGURATION, detail).with_remedy(
            "have the realm's administrator give you one, unless DNS tells all of the realm",
        );
    }
    let by = match env::var_os("KRB5_CONFIG") {
        Some(_) => ", by `KRB5_CONFIG`",
        None => "",
    };
    Finding::ok(CONFIGURATION, format!("{}{by}", there.join(", ")))
}

fn default_realm(inspection: &Inspection, wanted: &Wanted) -> Finding {
    const WHAT: &str = "default realm";
    match inspection.default_realm() {
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
fn source(
    library: &'static Library,
    inspection: &Inspection,
    wanted: &Wanted,
) -> (Vec<Finding>, Option<String>) {
    let in_collection = || of_collection(library, wanted).ok().flatten();
    match &wanted.from {
        Given::DefaultCache => {
            if let Some(name) = in_collection() {
                return cache(inspection, &name, " (of the default ones)", wanted);
            }
            let Some(name) = inspection.default_cache() else {
                let detail = "the library does not say which is the default one";
                let finding = Finding::problem(CACHE, detail).with_remedy("name it: `ccache`");
                return (vec![finding], None);
            };
            cache(inspection, &name, " (the default one)", wanted)
        }
        Given::Ccache(name) => {
            let found = in_collection();
            cache(inspection, found.as_ref().unwrap_or(name), "", wanted)
        }
        Given::Keytab(name) => keytab(inspection, name, wanted),
        Given::Password(_) => (Vec::new(), None),
    }
}

/// The principal's cache, where the one that is named, or the default one, is a collection in which another comes first.
fn of_collection(library: &'static Library, wanted: &Wanted) -> Result<Option<String>, Failure> {
    let Some(principal) = &wanted.principal else {
        return Ok(None);
    };
    let krb5 = Krb5::new(library)?;
    if let Given::Ccache(name) = &wanted.from {
        krb5.set_default_cache(name)?;
    }
    let found = collection::cache_of(&krb5, principal)?;
    let is_first = krb5.default_cache()?.full_name() == found.full_name();
    Ok((!is_first).then(|| found.full_name()))
}

fn cache(
    inspection: &Inspection,
    name: &str,
    which: &str,
    wanted: &Wanted,
) -> (Vec<Finding>, Option<String>) {
    let found = match inspection.tickets(name) {
        Ok(found) => found,
        Err(failure) => {
            let error = refused(&failure, &About::Credential(wanted));
            return (vec![Finding::failed(CACHE, &error)], None);
        }
    };
    let owner = found.owner;
    let mut findings = match other_than_asked(inspection, &owner, wanted) {
        Some(asked) => {
            let error = Error::new(
                ErrorKind::Config,
                format!(
                    "`{name}`{which} is that of `{owner}`, and the session is to be `{asked}`; run `kinit {asked}`, or correct `principal`"
                ),
            );
            vec![Finding::failed(CACHE, &error)]
        }
        None => vec![Finding::ok(CACHE, format!("`{name}`{which} of `{owner}`"))],
    };
    findings.push(match granting(&found.tickets) {
        Some(ticket) => lifetime(ticket, &owner, SystemClock.wall()),
        None if found.tickets.is_empty() => {
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
    });
    (findings, Some(owner))
}

/// Whom the session is to be, if that is somebody else.
fn other_than_asked(inspection: &Inspection, owner: &str, wanted: &Wanted) -> Option<String> {
    let asked = wanted.principal.as_deref()?;
    let asked = inspection
        .full_name(asked)
        .unwrap_or_else(|_| asked.to_owned());
    (asked != owner).then_some(asked)
}

/// The ticket with which others are got.
fn granting(tickets: &[Ticket]) -> Option<&Ticket> {
    tickets
        .iter()
        .filter(|ticket| ticket.service.starts_with("krbtgt/"))
        .max_by_key(|ticket| ticket.end)
}

fn lifetime(ticket: &Ticket, owner: &str, now: SystemTime) -> Finding {
    let moment = humantime::format_rfc3339_seconds;
    let renewable = match ticket.renewable_until {
        Some(until) if until > now => format!(", can be renewed until {}", moment(until)),
        Some(_) | None => ", cannot be renewed".to_owned(),
    };
    let end = moment(ticket.end);
    let left = ticket.end.duration_since(now).unwrap_or_default();
    if left.is_zero() {
        let error = Error::new(
            ErrorKind::Interaction,
            format!("it has expired at {end}; run `kinit {owner}`"),
        );
        return Finding::failed(TICKET, &error);
    }
    let detail = format!("good until {end}{renewable}");
    if left < SOON {
        let remedy = format!("run `kinit {owner}`, or have something renew it");
        return Finding::warning(TICKET, detail).with_remedy(remedy);
    }
    Finding::ok(TICKET, detail)
}

fn keytab(inspection: &Inspection, name: &str, wanted: &Wanted) -> (Vec<Finding>, Option<String>) {
    let failed = |error: &Error| (vec![Finding::failed(KEYTAB, error)], None);
    let principals = match inspection.principals(name) {
        Ok(principals) => principals,
        Err(failure) => return failed(&refused(&failure, &About::Credential(wanted))),
    };
    let asked = wanted.principal.as_deref();
    let asked = asked.map(|asked| {
        inspection
            .full_name(asked)
            .unwrap_or_else(|_| asked.to_owned())
    });
    let listed = principals.join("`, `");
    let problem = match (&asked, &principals[..]) {
        (Some(asked), _) if !principals.contains(asked) => {
            format!(
                "`{name}` has no key of `{asked}`, but of `{listed}`; export one, or correct `principal`"
            )
        }
        (None, []) => format!("`{name}` is empty; export the principal's key"),
        _ => {
            let detail = format!("`{name}` has keys of `{listed}`");
            let principal = asked.or_else(|| principals.first().cloned());
            return (vec![Finding::ok(KEYTAB, detail)], principal);
        }
    };
    failed(&Error::new(ErrorKind::Config, problem))
}

/// What a session has.
pub(super) struct Held<'a> {
    pub(super) library: &'static Library,
    /// The name of its cache.
    pub(super) cache: &'a str,
    pub(super) owner: &'a str,
}

/// The tickets that a session holds, and whether there are tokens for these requests; of a ticket that was got just now the KDC's
/// clock too.
pub(super) fn tickets(
    held: &Held<'_>,
    requests: &[Initiation],
    initiate: impl Fn(&Initiation) -> Result<()>,
) -> Vec<Finding> {
    let inspection = Inspection::new(held.library).and_then(Result::ok);
    let look = || {
        let found = inspection.as_ref()?.tickets(held.cache).ok()?;
        Some(found.tickets)
    };
    let before = look().unwrap_or_default();
    let now = SystemClock.wall();
    let mut findings = Vec::new();
    findings.extend(granting(&before).map(|ticket| {
        let found = lifetime(ticket, held.owner, now);
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

    fn ticket(service: &str, end: u64, renewable_until: Option<u64>) -> Ticket {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Ticket {
            service: service.to_owned(),
            start: at(1_000),
            end: at(end),
            renewable_until: renewable_until.map(at),
            is_forwardable: true,
        }
    }

    #[test]
    fn a_ticket_is_judged_by_how_long_it_is_good() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000);
        let judged =
            |end, renewable| lifetime(&ticket("krbtgt/A@A", end, renewable), "alice@A", now);
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
