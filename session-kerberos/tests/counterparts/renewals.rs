//! What becomes of tickets before they end.

use std::{process::Command, time::Duration};

use session_core::{ErrorKind, SecretSource, SessionHandle};
use session_kerberos::{Kerberos, KerberosBuilder};
use session_mock::MockClock;

use crate::{
    libraries::{HEIMDAL, MIT},
    realm::{Cache, Realm, request, user},
};

struct Renewable {
    session: SessionHandle,
    clock: MockClock,
}

impl Renewable {
    async fn opened(builder: KerberosBuilder) -> Self {
        let clock = MockClock::new();
        let session = SessionHandle::builder(builder.build().unwrap());
        let session = session.clock(clock.clone()).build();
        session.init().await.unwrap();
        Self { session, clock }
    }

    async fn lifetime(&self) -> Duration {
        self.session.credential().await.unwrap().lifetime().unwrap()
    }

    /// As far as the session knows, its tickets have ended.
    async fn outlive(&self) {
        self.clock.advance(self.lifetime().await);
    }
}

/// For how long the ticket in the cache is good.
async fn left(cache: &Cache) -> Duration {
    let session = Realm::shared().by_cache(&cache.name);
    Renewable::opened(session).await.lifetime().await
}

/// Returns when some of it has passed: for how long it is good by then.
async fn aged(cache: &Cache) -> Duration {
    let whole = left(cache).await;
    loop {
        let left = left(cache).await;
        if left + Duration::from_secs(2) <= whole {
            return left;
        }
    }
}

#[tokio::test]
async fn a_ticket_from_a_cache_is_renewed_and_the_cache_stays_as_it_is() {
    let realm = Realm::shared();
    let with = async |library| {
        let cache = realm.kinit("alice");
        let before = std::fs::read(cache.file()).unwrap();
        let alice = Renewable::opened(realm.by_cache(&cache.name).library(library)).await;
        let left = aged(&cache).await;
        alice.outlive().await;
        assert_eq!(
            user(&alice.session, "api", "").await,
            "alice@EXAMPLE.TEST",
            "{library}"
        );
        assert_eq!(alice.session.status().generation, 2);
        assert!(alice.lifetime().await > left, "{library}");
        assert!(before == std::fs::read(cache.file()).unwrap());
    };
    tokio::join!(with(MIT), with(HEIMDAL));
}

#[tokio::test]
async fn renewing_takes_no_password() {
    let realm = Realm::shared();
    let with = async |library| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, realm.text("/passwords/alice")).unwrap();
        let builder = Kerberos::password("alice", SecretSource::file(&file));
        let builder = builder.environment(realm.environment()).library(library);
        let alice = Renewable::opened(builder).await;
        std::fs::remove_file(&file).unwrap();
        aged(&realm.kinit("alice")).await;
        alice.outlive().await;
        assert_eq!(user(&alice.session, "api", "").await, "alice@EXAMPLE.TEST");
        assert_eq!(alice.session.status().generation, 2);
    };
    tokio::join!(with(MIT), with(HEIMDAL));
}

#[tokio::test]
async fn where_renewing_gains_nothing_a_keytab_serves_again() {
    let realm = Realm::shared();
    for library in [MIT, HEIMDAL] {
        let service = Renewable::opened(realm.by_keytab("svc").library(library)).await;
        for generation in 2..5 {
            service.outlive().await;
            assert_eq!(user(&service.session, "api", "").await, "svc@EXAMPLE.TEST");
            assert_eq!(service.session.status().generation, generation);
        }
    }
}

#[tokio::test]
async fn a_ticket_is_renewed_until_it_cannot_be_any_more() {
    let realm = Realm::shared();
    let with = async |library| {
        let cache = Cache::new();
        realm.kinit_default(&cache.name, "bob", &["-l", "2s", "-r", "4s"]);
        let builder = realm.by_cache(&cache.name).library(library);
        let bob = Renewable::opened(builder).await;
        let error = loop {
            bob.clock.advance(Duration::from_secs(3600));
            if let Err(error) = request(&bob.session, "api", "").await {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
        assert!(error.to_string().contains("kinit"), "{error}");
        // And goes on with what `kinit` leaves.
        realm.kinit_into(&cache.name, "bob");
        bob.clock.advance(Duration::from_secs(3600));
        bob.session.init().await.unwrap();
        assert_eq!(user(&bob.session, "api", "").await, "bob@EXAMPLE.TEST");
    };
    tokio::join!(with(MIT), with(HEIMDAL));
}

#[tokio::test]
async fn a_session_outlives_the_ticket_in_the_cache() {
    let realm = Realm::shared();
    let with = async |library| {
        let cache = realm.kinit("alice");
        let alice = Renewable::opened(realm.by_cache(&cache.name).library(library)).await;
        // There it is a ticket that ends.
        realm.kinit_default(&cache.name, "alice", &["-l", "1s", "-r", "1s"]);
        let expired = realm.by_cache(&cache.name).library(library);
        let expired = expired.open().unwrap();
        while expired.init().await.is_ok() {
            expired.close().await.unwrap();
        }
        aged(&realm.kinit("alice")).await;
        alice.outlive().await;
        assert_eq!(user(&alice.session, "api", "").await, "alice@EXAMPLE.TEST");
        assert_eq!(alice.session.status().generation, 2);
    };
    tokio::join!(with(MIT), with(HEIMDAL));
}

#[tokio::test]
async fn after_the_machine_slept_through_its_ticket_a_keytab_serves_without_a_failed_request() {
    let realm = Realm::shared();
    let with = async |library| {
        let service = Renewable::opened(realm.by_keytab("svcshort").library(library)).await;
        // Its clock stands still: as far as it knows, no time passes.
        while service.session.status().generation == 1 {
            assert_eq!(
                user(&service.session, "api", "").await,
                "svcshort@EXAMPLE.TEST",
                "{library}"
            );
        }
    };
    tokio::join!(with(MIT), with(HEIMDAL));
}

#[tokio::test]
async fn after_kdestroy_nothing_is_renewed() {
    let realm = Realm::shared();
    let with = async |library| {
        let cache = realm.kinit("alice");
        let alice = Renewable::opened(realm.by_cache(&cache.name).library(library)).await;
        assert_eq!(user(&alice.session, "api", "").await, "alice@EXAMPLE.TEST");
        // Renewing would gain something.
        aged(&cache).await;
        std::fs::remove_file(cache.file()).unwrap();
        alice.outlive().await;
        let error = request(&alice.session, "api", "").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    };
    tokio::join!(with(MIT), with(HEIMDAL));
}

#[tokio::test]
async fn a_ticket_in_the_cache_for_a_service_that_has_other_keys_now_is_replaced() {
    const SERVICE: &str = "HTTP/moving.example.test";
    let realm = Realm::shared();
    let caches = [MIT, HEIMDAL].map(|library| (library, realm.kinit("alice")));
    for (_, cache) in &caches {
        let kvno = Command::new("kvno")
            .args(["-q", "-c", &cache.name, SERVICE])
            .status();
        assert!(kvno.unwrap().success());
    }
    realm.give_new_keys(SERVICE, &realm.folder().join("http.keytab"));
    for (library, cache) in &caches {
        let builder = realm.by_cache(&cache.name).library(*library).spn(SERVICE);
        let alice = Renewable::opened(builder).await;
        assert_eq!(
            user(&alice.session, "api", "").await,
            "alice@EXAMPLE.TEST",
            "{library}"
        );
        assert_eq!(alice.session.status().generation, 2);
    }
}
