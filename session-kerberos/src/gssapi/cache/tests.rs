//! With caches of the realm that `cargo xtask test` starts.

use std::process::Command;

use super::*;
use crate::gssapi::Library;

/// What `klist` says of a cache, notes too.
fn listed(cache: &str) -> String {
    let listed = Command::new("klist").args(["-C", "-c", cache]).output();
    String::from_utf8(listed.unwrap().stdout).unwrap()
}

#[test]
fn the_note_by_which_tickets_would_be_got_by_a_keytab_is_not_taken_over() {
    let path = std::env::var("SESSION_TEST_KERBEROS").unwrap();
    let realm: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| format!("FILE:{}", folder.path().join(name).display());
    let theirs = file("theirs");
    // Programs of GSSAPI that are started with a keytab leave such caches.
    let store = serde_json::json!({ "ccache": theirs, "client_keytab": realm["keytabs"]["svc"] });
    let program =
        format!("import gssapi; print(gssapi.Credentials(usage='initiate', store={store}).name)");
    let made = Command::new("/usr/bin/python3")
        .args(["-c", &program])
        .status();
    assert!(made.unwrap().success());
    assert!(listed(&theirs).contains("refresh_time"));
    for (library, ours) in [
        ("libgssapi_krb5.so.2", file("mit")),
        ("libgssapi.so.3", file("heimdal")),
    ] {
        let krb5 = Krb5::new(Library::find(Some(library)).unwrap()).unwrap();
        let copy = krb5.cache(&ours).unwrap();
        copy.copy(&krb5.cache(&theirs).unwrap(), Taken::All)
            .unwrap();
        let listed = listed(&ours);
        assert!(
            listed.contains("krbtgt/EXAMPLE.TEST"),
            "{library}: {listed}"
        );
        assert!(!listed.contains("refresh_time"), "{library}: {listed}");
    }
}
