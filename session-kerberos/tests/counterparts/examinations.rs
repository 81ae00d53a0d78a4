//! What an examination finds, with either library.

use session_core::{Finding, Health};
use session_kerberos::{Kerberos, KerberosBuilder};

use crate::{
    libraries::{HEIMDAL, MIT},
    realm::{Cache, Realm},
};

/// What a session finds before it has authenticated, and after.
async fn examined(builder: KerberosBuilder, library: &str) -> [Vec<Finding>; 2] {
    let session = builder.library(library).open().unwrap();
    let before = session.examine().await;
    session.init().await.unwrap();
    let after = session.examine().await;
    session.close().await.unwrap();
    [before, after]
}

fn whats(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(Finding::what).collect()
}

#[tokio::test]
async fn either_library_tells_of_all_that_a_credential_takes() {
    let realm = Realm::shared();
    let cache = realm.kinit("bob");
    for library in [MIT, HEIMDAL] {
        for (builder, from) in [
            (realm.by_keytab("svc"), &["keytab"][..]),
            (realm.by_keytab("svc").principal("svc"), &["keytab"]),
            (realm.by_cache(&cache.name), &["cache", "ticket"]),
            (
                realm.by_cache(&cache.name).principal("bob"),
                &["cache", "ticket"],
            ),
        ] {
            let [before, after] = examined(builder, library).await;
            let means = ["library", "krb5.conf", "default realm"];
            assert_eq!(whats(&before), [&means, from, &["KDC"]].concat());
            assert_eq!(whats(&after)[..2], ["ticket", "service"], "{after:?}");
            for finding in before.iter().chain(&after) {
                // Clocks are as they are.
                let is_well = finding.health() == Health::Ok || finding.what() == "clock of KDC";
                assert!(is_well, "{library}: {finding}");
            }
        }
        let [before, _] = examined(realm.by_password("bob"), library).await;
        let kdc = before.last().unwrap();
        assert_eq!(kdc.detail(), "answers, and knows `bob@EXAMPLE.TEST`");
    }
}

#[tokio::test]
async fn either_library_tells_what_is_wrong() {
    let realm = Realm::shared();
    let whole = realm.kinit("alice");
    let whole = std::fs::read(whole.file()).unwrap();
    let damaged = Cache::holding(&whole[..whole.len() / 2]);
    let (empty, missing) = (Cache::holding(b""), Cache::new());
    let keys = Cache::holding(b"\x05\x02");
    let keys = keys.file().display().to_string();
    for library in [MIT, HEIMDAL] {
        for (builder, what, words) in [
            // MIT's takes the damage for its end.
            (realm.by_cache(&damaged.name), "cache, ticket", "kinit"),
            (realm.by_cache(&empty.name), "cache", "kinit"),
            (realm.by_cache(&missing.name), "cache", "kinit"),
            (Kerberos::keytab(&keys), "keytab", "is empty"),
            (
                Kerberos::keytab("/nonexistent/x.keytab"),
                "keytab",
                "klist -k",
            ),
            (
                realm.by_keytab("svc").principal("alice"),
                "keytab",
                "has no key of `alice@EXAMPLE.TEST`",
            ),
            (
                realm.by_keytab("svc").principal("nobody"),
                "KDC",
                "does not know this principal",
            ),
            (
                realm.by_keytab("svc").principal("svc@DOWN.TEST"),
                "KDC",
                "no KDC of the realm answers",
            ),
        ] {
            let session = builder.library(library).open().unwrap();
            let findings = session.examine().await;
            let is_told = findings.iter().any(|finding| {
                finding.health() == Health::Problem
                    && what.contains(finding.what())
                    && finding.detail().contains(words)
            });
            assert!(is_told, "{library}: {what}: {findings:?}");
        }
    }
}
