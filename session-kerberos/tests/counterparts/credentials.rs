//! Where credentials come from, and whose they are.

use std::time::Duration;

use session_core::{ErrorKind, SessionHandle};
use session_kerberos::Kerberos;
use session_mock::MockClock;

use crate::realm::{Cache, Realm, request, user};

#[tokio::test]
async fn a_keytab() {
    let realm = Realm::shared();
    let session = realm.by_keytab("svc").open().unwrap();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "svc@EXAMPLE.TEST");
    session.close().await.unwrap();
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_password() {
    let session = Realm::shared().by_password("alice").open().unwrap();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "alice@EXAMPLE.TEST");
}

#[tokio::test]
async fn a_cache() {
    let realm = Realm::shared();
    let cache = realm.kinit("bob");
    let before = std::fs::read(cache.name.strip_prefix("FILE:").unwrap()).unwrap();
    let session = realm.by_cache(&cache.name).open().unwrap();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "bob@EXAMPLE.TEST");
    let after = std::fs::read(cache.name.strip_prefix("FILE:").unwrap()).unwrap();
    assert!(before == after, "somebody else's cache was written to");
}

#[tokio::test]
async fn the_default_cache() {
    let realm = Realm::shared();
    realm.log_alice_in();
    let session = Kerberos::default_cache().environment(realm.environment());
    let session = session.open().unwrap();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "alice@EXAMPLE.TEST");
}

#[tokio::test]
async fn the_profile_that_it_prints() {
    let session = Realm::shared().profile();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "api/").await, "svc@EXAMPLE.TEST");
    session.close().await.unwrap();
}

#[tokio::test]
async fn whoever_is_in_the_default_cache_a_session_is_who_it_is_to_be() {
    let realm = Realm::shared();
    realm.log_alice_in();
    let cache = realm.kinit("bob");
    for builder in [
        realm.by_password("bob"),
        realm.by_cache(&cache.name),
        realm.by_cache(&cache.name).principal("bob@EXAMPLE.TEST"),
    ] {
        let session = builder.open().unwrap();
        session.init().await.unwrap();
        assert_eq!(user(&session, "api", "").await, "bob@EXAMPLE.TEST");
    }
    let service = realm.by_keytab("svc").principal("svc").open().unwrap();
    service.init().await.unwrap();
    assert_eq!(user(&service, "api", "").await, "svc@EXAMPLE.TEST");
}

#[tokio::test]
async fn a_cache_of_somebody_else_is_an_error() {
    let realm = Realm::shared();
    let cache = realm.kinit("alice");
    let session = realm.by_cache(&cache.name).principal("bob").open().unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    assert!(error.to_string().contains("`bob`"), "{error}");

    realm.log_alice_in();
    let session = Kerberos::default_cache().principal("bob");
    let session = session.environment(realm.environment()).open().unwrap();
    let error = session.init().await.unwrap_err();
    assert!(error.to_string().contains("`bob`"), "{error}");
}

#[tokio::test]
async fn caches_that_are_missing_empty_or_damaged_ask_for_kinit() {
    let realm = Realm::shared();
    let whole = realm.kinit("alice");
    let whole = std::fs::read(whole.name.strip_prefix("FILE:").unwrap()).unwrap();
    let mut caches = vec![
        Cache::new(),
        Cache::holding(b""),
        Cache::holding(b"x"),
        Cache::holding(b"\x05\x04"),
        Cache::holding(b"\x05\x04\xff\xff\xff\xff\xff\xff\xff\xff"),
    ];
    // Each tenth: within the head, the principal, the ticket.
    caches.extend((0..10).map(|tenth| Cache::holding(&whole[..whole.len() * tenth / 10])));
    for cache in &caches {
        for builder in [
            realm.by_cache(&cache.name),
            realm.by_cache(&cache.name).principal("alice"),
        ] {
            let error = builder.open().unwrap().init().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
            assert!(error.to_string().contains("kinit"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_session_stays_whoever_it_was_when_its_cache_becomes_somebody_elses() {
    let realm = Realm::shared();
    let cache = realm.kinit("alice");
    let clock = MockClock::new();
    let session = realm.by_cache(&cache.name).build().unwrap();
    let session = SessionHandle::builder(session).clock(clock.clone()).build();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "alice@EXAMPLE.TEST");
    realm.kinit_into(&cache.name, "bob");
    clock.advance(session.credential().await.unwrap().lifetime().unwrap());
    let error = request(&session, "api", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    let text = error.to_string();
    for words in ["`alice@EXAMPLE.TEST`", "`bob@EXAMPLE.TEST`", "close it"] {
        assert!(text.contains(words), "{text}");
    }
    session.close().await.unwrap();
    session.init().await.unwrap();
    assert_eq!(user(&session, "api", "").await, "bob@EXAMPLE.TEST");
}

#[tokio::test]
async fn a_short_lifetime_is_honoured() {
    let realm = Realm::shared();
    let clock = MockClock::new();
    let session = realm.by_keytab("svcshort").build().unwrap();
    let session = SessionHandle::builder(session).clock(clock.clone()).build();
    session.init().await.unwrap();
    let lifetime = session.credential().await.unwrap().lifetime().unwrap();
    assert!(
        lifetime <= Duration::from_secs(realm.short_lifetime()),
        "{lifetime:?}"
    );
    clock.advance(lifetime);
    assert_eq!(user(&session, "api", "").await, "svcshort@EXAMPLE.TEST");
    assert_eq!(session.status().generation, 2);
}
