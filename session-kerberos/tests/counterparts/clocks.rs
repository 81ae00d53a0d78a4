//! Clocks that differ: those of a server, or of a KDC, are twenty minutes ahead of ours; or ours is that of a process of its own, and
//! wrong.

use std::{error::Error as _, process::Command, thread, time::Duration};

use session_core::{BasicEnvironment, Error, ErrorKind, SessionHandle};
use session_kerberos::{Kerberos, KerberosBuilder};

use crate::{
    gate::{Conduct, Gate},
    libraries::{HEIMDAL, MIT},
    outages::{self, authorize, is_authorized_at_once},
    realm::{Cache, Realm, request, user},
};

async fn opened(builder: KerberosBuilder) -> SessionHandle {
    let realm = Realm::shared();
    let environment = BasicEnvironment::new("loopback")
        .service("ahead", &format!("{}/", realm.text("/ahead/bound")))
        .and_then(|it| it.service("api", &format!("{}/api/", realm.text("/https"))))
        .unwrap()
        .ca_file(realm.text("/ca_pem"));
    let session = builder.environment(environment).open().unwrap();
    session.init().await.unwrap();
    session
}

/// A client of the realm whose KDC is ahead.
fn ahead_by_keytab() -> KerberosBuilder {
    let realm = Realm::shared();
    Kerberos::keytab(realm.text("/ahead/keytab")).spn(realm.text("/ahead/spn"))
}

#[tokio::test]
async fn a_server_that_is_ahead_refuses_and_the_error_names_both_clocks() {
    let realm = Realm::shared();
    let session = opened(Kerberos::keytab(realm.text("/keytabs/svc"))).await;
    assert_eq!(user(&session, "api", "").await, "svc@EXAMPLE.TEST");
    let error = request(&session, "ahead", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let text = error.to_string();
    let clocks = text.split_once("this machine's clock says ").unwrap().1;
    let (ours, theirs) = clocks.split_once(", the server's ").unwrap();
    let [ours, theirs] = [ours, theirs].map(|it| httpdate::parse_http_date(it).unwrap());
    let ahead = theirs.duration_since(ours).unwrap().as_secs();
    // The time that passed between the two is in it.
    let seconds = realm.value("/ahead/seconds").as_u64().unwrap();
    assert!((seconds - 120..=seconds).contains(&ahead), "{text}");
    // Other tickets were tried, once.
    assert_eq!(session.status().generation, 2);
}

#[tokio::test]
async fn a_kdc_that_is_ahead_is_followed() {
    let realm = Realm::shared();
    let cache = Cache::new();
    Realm::kinit_with_password(
        &cache.name,
        realm.text("/ahead/principal"),
        realm.text("/ahead/password"),
    );
    for library in [MIT, HEIMDAL] {
        let by_cache = Kerberos::ccache(&cache.name).spn(realm.text("/ahead/spn"));
        for builder in [ahead_by_keytab(), by_cache] {
            let session = opened(builder.library(library)).await;
            // The first token is a worker's, the others are this thread's.
            for _ in 0..4 {
                assert_eq!(user(&session, "ahead", "").await, "svc@AHEAD.TEST");
            }
            assert_eq!(session.status().generation, 1, "{library}");
        }
    }
}

#[tokio::test]
async fn two_kdcs_whose_clocks_differ_are_both_followed_on_one_thread() {
    let realm = Realm::shared();
    for library in [MIT, HEIMDAL] {
        let ahead = opened(ahead_by_keytab().library(library)).await;
        let other = opened(Kerberos::keytab(realm.text("/keytabs/svc")).library(library)).await;
        for _ in 0..3 {
            assert_eq!(user(&ahead, "ahead", "").await, "svc@AHEAD.TEST");
            assert_eq!(user(&other, "api", "").await, "svc@EXAMPLE.TEST");
        }
        assert_eq!(ahead.status().generation, 1, "{library}");
        assert_eq!(other.status().generation, 1, "{library}");
    }
}

#[tokio::test]
async fn a_ticket_of_a_kdc_that_is_ahead_is_good_for_as_long_as_the_kdc_says() {
    let realm = Realm::shared();
    let cache = Cache::new();
    Realm::kinit_with_password(
        &cache.name,
        realm.text("/ahead/principal"),
        realm.text("/ahead/password"),
    );
    let hour = Duration::from_secs(3600);
    for library in [MIT, HEIMDAL] {
        let by_cache = Kerberos::ccache(&cache.name).spn(realm.text("/ahead/spn"));
        for builder in [ahead_by_keytab(), by_cache] {
            let session = opened(builder.library(library)).await;
            let lifetime = session.credential().await.unwrap().lifetime().unwrap();
            assert!(lifetime <= hour, "{library}: {lifetime:?}");
        }
    }
}

#[tokio::test]
async fn tickets_of_a_kdc_that_is_ahead_are_none_yet_for_a_server_that_is_not() {
    let session = opened(ahead_by_keytab()).await;
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("clocks differ"), "{error}");
}

/// What a test has in its environment that runs once more, by a clock that is off by this.
const OFF_BY: &str = "SESSION_TEST_CLOCK_OFF_BY";

/// The number of the gate that it has then.
const GATE: &str = "SESSION_TEST_GATE";

/// Runs a test of this file once more, by that clock.
fn off_by(clock: &str, test: &str) {
    off_by_with(clock, test, None);
}

fn off_by_with(clock: &str, test: &str, gate: Option<&Gate>) {
    let again = Command::new("faketime")
        .envs(gate.map(|gate| (GATE, gate.number().to_string())))
        .args(["-m", "-f", clock])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("clocks::{test}")])
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env(OFF_BY, clock)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{clock}: {said}");
    assert!(said.contains("1 passed"), "{clock}: {said}");
}

/// By http, for there are certificates that are not valid yet, or not any more.
async fn by_wrong_clock(builder: KerberosBuilder) -> Result<(SessionHandle, String), Error> {
    let api = format!("{}/api/", Realm::shared().text("/http"));
    let environment = BasicEnvironment::new("loopback").service("api", &api);
    let session = builder.environment(environment.unwrap()).open().unwrap();
    session.init().await?;
    let answer = request(&session, "api", "").await?;
    let answer = answer.error_for_status()?.text().await?;
    Ok((session, answer))
}

#[tokio::test]
async fn where_this_machines_clock_is_hours_off_both_are_named_and_nobody_is_told_to_log_in() {
    let Ok(clock) = std::env::var(OFF_BY) else {
        let test =
            "where_this_machines_clock_is_hours_off_both_are_named_and_nobody_is_told_to_log_in";
        return ["+20h", "-20h"]
            .into_iter()
            .for_each(|clock| off_by(clock, test));
    };
    let realm = Realm::shared();
    // Who logs in by that clock has a cache that knows of the difference.
    let cache = realm.kinit("alice");
    let is_ahead = clock.starts_with('+');
    for library in [MIT, HEIMDAL] {
        for (builder, name) in [
            (realm.by_keytab("svc"), "svc"),
            (realm.by_password("bob"), "bob"),
            (realm.by_cache(&cache.name), "alice"),
        ] {
            let outcome = by_wrong_clock(builder.library(library)).await;
            // MIT's makes no token where tickets have ended by this clock; and Heimdal's gets none that have not by the KDC's.
            let is_followed = match library {
                MIT => !is_ahead,
                _ => is_ahead || name == "alice",
            };
            if is_followed {
                let (_, answer) = outcome.unwrap();
                assert!(
                    answer.contains(&format!("\"{name}@EXAMPLE.TEST\"")),
                    "{answer}"
                );
                continue;
            }
            let Err(error) = outcome else {
                panic!("{library} follows a clock by {clock} for {name}");
            };
            assert_eq!(error.kind(), ErrorKind::Config, "{library}: {error}");
            let text = error.to_string();
            assert!(!text.contains("kinit"), "{library}: {text}");
            assert!(error.source().is_none(), "{library}: {error:?}");
            let clocks = text.split_once("this machine's says ").unwrap().1;
            let clocks = clocks.split_once(", the KDC's ").unwrap();
            let [ours, theirs] =
                [clocks.0, clocks.1].map(|it| httpdate::parse_http_date(it).unwrap());
            let difference = if is_ahead {
                ours.duration_since(theirs)
            } else {
                theirs.duration_since(ours)
            };
            let hours = difference.unwrap().as_secs_f64() / 3600.0;
            assert!((19.9..20.1).contains(&hours), "{library}: {text}");
        }
    }
}

#[tokio::test]
async fn where_clocks_are_hours_apart_a_service_that_is_ready_waits_for_no_kdc_on_any_thread() {
    let Ok(clock) = std::env::var(OFF_BY) else {
        let test =
            "where_clocks_are_hours_apart_a_service_that_is_ready_waits_for_no_kdc_on_any_thread";
        let gate = Gate::take();
        gate.take_down();
        return ["+20h", "-20h"]
            .into_iter()
            .for_each(|clock| off_by_with(clock, test, Some(&gate)));
    };
    let gate = std::env::var(GATE).unwrap();
    let gate = Gate::lent(gate.parse().unwrap());
    // The one that follows such a clock.
    let library = if clock.starts_with('+') { HEIMDAL } else { MIT };
    let (session, _) = outages::opened(gate.by_keytab().library(library)).await;
    authorize(&session).await.unwrap();
    let asked = gate.asked();
    gate.set(Conduct::Silent);
    let is_ready_on_another_thread = || {
        let session = session.clone();
        let thread = thread::spawn(move || is_authorized_at_once(&session));
        thread.join().unwrap()
    };
    for _ in 0..2 {
        assert!(is_authorized_at_once(&session), "{library}");
        assert!(is_ready_on_another_thread(), "{library}");
    }
    gate.take_down();
    assert!(is_ready_on_another_thread(), "{library}");
    assert_eq!(gate.asked(), asked, "{library}");
    // This process ends now. MIT's library aborts one in which a thread gives tickets back, or ends, after its own end.
    std::mem::forget(session);
}

#[tokio::test]
async fn where_this_machines_clock_is_behind_tickets_of_seconds_are_renewed_in_time() {
    if std::env::var(OFF_BY).is_err() {
        return off_by(
            "-20s",
            "where_this_machines_clock_is_behind_tickets_of_seconds_are_renewed_in_time",
        );
    }
    let realm = Realm::shared();
    let hour = Duration::from_secs(3600);
    let cache = realm.kinit("alice");
    let goes_on = async |builder: KerberosBuilder| {
        let (session, _) = by_wrong_clock(builder).await.unwrap();
        let lifetime = session.credential().await.unwrap().lifetime().unwrap();
        assert!(lifetime.as_secs() <= realm.short_lifetime(), "{lifetime:?}");
        // By then the first have ended, by anybody's clock, and so have the second.
        while session.status().generation < 3 {
            let answer = request(&session, "api", "").await.unwrap();
            answer.error_for_status().unwrap();
        }
    };
    for library in [MIT, HEIMDAL] {
        tokio::join!(
            goes_on(realm.by_keytab("svcshort").library(library)),
            goes_on(realm.by_password("shorty").library(library))
        );
        let by_cache = realm.by_cache(&cache.name).library(library);
        let (session, _) = by_wrong_clock(by_cache).await.unwrap();
        let lifetime = session.credential().await.unwrap().lifetime().unwrap();
        assert!(lifetime <= hour, "{library}: {lifetime:?}");
    }
}
