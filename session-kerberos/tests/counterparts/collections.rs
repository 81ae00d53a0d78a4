//! Collections of caches, for whoever is several people.

use std::process::Command;

use session_core::ErrorKind;
use session_kerberos::{Kerberos, KerberosBuilder};

use crate::{
    libraries::{HEIMDAL, MIT},
    realm::{Realm, user},
};

async fn is(builder: KerberosBuilder, library: &str, name: &str) {
    let session = builder.library(library).open().unwrap();
    session.init().await.unwrap();
    let found = user(&session, "api", "").await;
    assert_eq!(found, format!("{name}@EXAMPLE.TEST"), "{library}");
}

async fn is_nobody(builder: KerberosBuilder, library: &str) {
    let session = builder.library(library).open().unwrap();
    let error = session.init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interaction, "{error}");
    assert!(error.to_string().contains("kinit"), "{error}");
}

#[tokio::test]
async fn in_a_folder_of_caches_the_principals_is_found() {
    let realm = Realm::shared();
    let folder = tempfile::tempdir().unwrap();
    let collection = format!("DIR:{}", folder.path().display());
    for name in ["alice", "bob"] {
        realm.kinit_default(&collection, name, &[]);
    }
    // There is a cache of carol in the process, but not in the collection.
    let carol = realm.by_password("carol").open().unwrap();
    carol.init().await.unwrap();
    for library in [MIT, HEIMDAL] {
        let by = || realm.by_cache(&collection);
        is(by(), library, "bob").await;
        is(by().principal("alice"), library, "alice").await;
        is(by().principal("alice@EXAMPLE.TEST"), library, "alice").await;
        is(by().principal("bob"), library, "bob").await;
        is_nobody(by().principal("carol"), library).await;
    }
    // By its own name a cache is what it is.
    let primary = std::fs::read_to_string(folder.path().join("primary")).unwrap();
    let single = format!("DIR::{}/{}", folder.path().display(), primary.trim());
    for library in [MIT, HEIMDAL] {
        is(realm.by_cache(&single), library, "bob").await;
        is_nobody(realm.by_cache(&single).principal("alice"), library).await;
    }
}

#[tokio::test]
async fn a_folder_without_caches_asks_for_kinit() {
    let folder = tempfile::tempdir().unwrap();
    let collection = format!("DIR:{}", folder.path().display());
    for library in [MIT, HEIMDAL] {
        let by = || Realm::shared().by_cache(&collection);
        is_nobody(by(), library).await;
        is_nobody(by().principal("alice"), library).await;
    }
}

#[tokio::test]
async fn in_a_keyring_of_the_kernel_the_principals_is_found() {
    let realm = Realm::shared();
    let collection = format!("KEYRING:session:session-kit-{}", std::process::id());
    // Some containers have no keyrings: then not even `kinit` gets there.
    if !realm.has_kinit_in(&collection, "alice", &[]) {
        return;
    }
    realm.kinit_default(&collection, "bob", &[]);
    let by = || realm.by_cache(&collection);
    is(by(), MIT, "bob").await;
    is(by().principal("alice"), MIT, "alice").await;
    is_nobody(by().principal("carol"), MIT).await;
    let ended = Command::new("kdestroy")
        .arg("-A")
        .env("KRB5CCNAME", &collection)
        .status();
    assert!(ended.unwrap().success());
    is_nobody(by(), MIT).await;
}

#[tokio::test]
async fn a_kind_of_cache_that_the_library_does_not_know_is_an_error_that_says_so() {
    // Heimdal's knows no keyrings.
    for (library, name) in [
        (MIT, "CLOUD:x"),
        (HEIMDAL, "CLOUD:x"),
        (HEIMDAL, "KEYRING:session:x"),
    ] {
        for builder in [
            Realm::shared().by_cache(name),
            Realm::shared().by_cache(name).principal("alice"),
        ] {
            let session = builder.library(library).open().unwrap();
            let error = session.init().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{library}: {error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[tokio::test]
async fn the_default_cache_may_be_a_collection() {
    let realm = Realm::shared();
    if std::env::var("KRB5CCNAME").is_ok_and(|name| name.starts_with("DIR:")) {
        for library in [MIT, HEIMDAL] {
            let by = || Kerberos::default_cache().environment(realm.environment());
            is(by(), library, "bob").await;
            is(by().principal("alice"), library, "alice").await;
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let collection = format!("DIR:{}", folder.path().display());
    for name in ["alice", "bob"] {
        realm.kinit_default(&collection, name, &[]);
    }
    // What is in the environment is the process's: so it is another's.
    let own = std::env::current_exe().unwrap();
    let again = Command::new(own)
        .args([
            "--exact",
            "collections::the_default_cache_may_be_a_collection",
        ])
        .env("KRB5CCNAME", &collection)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}
