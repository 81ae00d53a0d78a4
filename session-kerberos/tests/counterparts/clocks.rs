//! Clocks that differ: those of a server, or of a KDC, are twenty minutes ahead of ours.

use std::time::Duration;

use session_core::{BasicEnvironment, ErrorKind, SessionHandle};
use session_kerberos::{Kerberos, KerberosBuilder};

use crate::{
    libraries::{HEIMDAL, MIT},
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
    let by_cache = Kerberos::ccache(&cache.name).spn(realm.text("/ahead/spn"));
    for builder in [ahead_by_keytab(), by_cache] {
        let session = opened(builder).await;
        assert_eq!(user(&session, "ahead", "").await, "svc@AHEAD.TEST");
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
