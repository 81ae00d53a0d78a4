//! Caches that a daemon keeps (KCM).

use std::{os::unix::fs::MetadataExt, process::Command, time::Duration};

use session_core::{ErrorKind, Health, SessionHandle};
use session_mock::MockClock;

use crate::{
    libraries::{HEIMDAL, MIT},
    realm::{Realm, request, user},
};

/// What starts a program that finds the daemon where libraries look for one; none where the machine allows no daemon of our own.
fn enter() -> Option<Vec<&'static str>> {
    let enter = Realm::shared().value("/kcm").get("enter")?.as_array()?;
    Some(enter.iter().filter_map(|it| it.as_str()).collect())
}

/// A cache of this user's that no other test has.
fn named(name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let user = std::fs::metadata(folder.path()).unwrap().uid();
    format!("KCM:{user}:{name}-{}", std::process::id())
}

#[tokio::test]
async fn in_a_daemons_collection_the_principals_is_found() {
    if enter().is_none() {
        return;
    }
    let realm = Realm::shared();
    for name in ["alice", "bob"] {
        realm.kinit_default("KCM:", name, &[]);
    }
    let by = || realm.by_cache("KCM:").library(MIT);
    for (builder, name) in [
        (by(), "bob"),
        (by().principal("alice"), "alice"),
        (by().principal("bob@EXAMPLE.TEST"), "bob"),
    ] {
        let session = builder.open().unwrap();
        // People are told which one it is.
        let found = session.examine().await;
        let cache = found.iter().find(|it| it.what() == "cache").unwrap();
        let name = format!("{name}@EXAMPLE.TEST");
        assert_eq!(cache.health(), Health::Ok, "{cache}");
        assert!(cache.detail().contains("`KCM:"), "{cache}");
        assert!(cache.detail().contains(&name), "{cache}");
        session.init().await.unwrap();
        assert_eq!(user(&session, "api", "").await, name);
    }
    let session = by().principal("carol").open().unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    assert!(error.to_string().contains("kinit"), "{error}");
}

#[tokio::test]
async fn what_kinit_leaves_with_a_daemon_is_taken_up_and_what_kdestroy_takes_is_gone() {
    if enter().is_some() {
        follows(MIT, &named("mit")).await;
    }
}

#[tokio::test]
async fn heimdals_library_follows_kinit_and_kdestroy_at_a_daemon_too() {
    const INSIDE: &str = "SESSION_TEST_BESIDE_DAEMON";
    let Some(enter) = enter() else {
        return;
    };
    if enter.is_empty() || std::env::var_os(INSIDE).is_some() {
        return follows(HEIMDAL, &named("heimdal")).await;
    }
    let again = Command::new(enter[0])
        .args(&enter[1..])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "daemon::heimdals_library_follows_kinit_and_kdestroy_at_a_daemon_too",
        ])
        .env(INSIDE, "")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{again:?}");
    assert!(said.contains("1 passed"), "{said}");
}

/// A session in step with a cache.
async fn follows(library: &str, cache: &str) {
    let realm = Realm::shared();
    realm.kinit_into(cache, "bob");
    let clock = MockClock::new();
    let session = realm.by_cache(cache).library(library).build().unwrap();
    let session = SessionHandle::builder(session).clock(clock.clone()).build();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "bob@EXAMPLE.TEST");
    let lifetime = async || session.credential().await.unwrap().lifetime().unwrap();

    // The realm renews a ticket for as long as it gave it at first: for an hour.
    realm.kinit_default(cache, "bob", &["-l", "3h"]);
    clock.advance(lifetime().await);
    assert_eq!(user(&session, "api", "").await, "bob@EXAMPLE.TEST");
    assert_eq!(session.status().generation, 2);
    let hours = lifetime().await.as_secs_f64() / 3600.0;
    assert!((2.0..=3.0).contains(&hours), "{library}: {hours} h");

    let ended = Command::new("kdestroy").args(["-q", "-c", cache]).status();
    assert!(ended.unwrap().success());
    clock.advance(lifetime().await + Duration::from_secs(1));
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    assert!(error.to_string().contains("kinit"), "{error}");
}
