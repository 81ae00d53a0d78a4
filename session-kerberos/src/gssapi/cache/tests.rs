//! With caches of the realm that `cargo xtask test` starts.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::*;
use crate::gssapi::Library;

const LIBRARIES: [&str; 2] = ["libgssapi_krb5.so.2", "libgssapi.so.3"];

fn realm() -> serde_json::Value {
    let path = std::env::var("SESSION_TEST_KERBEROS").unwrap();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What `klist` says of a cache, notes too.
fn listed(cache: &str) -> String {
    let listed = Command::new("klist").args(["-C", "-c", cache]).output();
    String::from_utf8(listed.unwrap().stdout).unwrap()
}

#[test]
fn the_note_by_which_tickets_would_be_got_by_a_keytab_is_not_taken_over() {
    let realm = realm();
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
    for library in LIBRARIES {
        let ours = file(library);
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

/// Leaves a ticket of `alice` there that is like this, and not renewable unless that is said.
fn kinit(folder: &Path, cache: &str, options: &[&str]) {
    let realm = realm();
    let configuration = realm["environment"]["KRB5_CONFIG"].as_str().unwrap();
    let configuration = configuration.split(':').next().unwrap();
    let lines = std::fs::read_to_string(configuration).unwrap();
    let lines = lines
        .lines()
        .filter(|line| !line.contains("renew_lifetime"));
    let own = folder.join("krb5.conf");
    std::fs::write(&own, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let mut kinit = Command::new("kinit")
        .args(options)
        .args(["-c", cache, "alice"])
        .env("KRB5_CONFIG", &own)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let password = realm["passwords"]["alice"].as_str().unwrap();
    writeln!(kinit.stdin.take().unwrap(), "{password}").unwrap();
    assert!(kinit.wait().unwrap().success());
}

#[test]
fn what_a_ticket_says_of_itself_is_read_where_each_library_has_it() {
    const MINUTE: Duration = Duration::from_secs(60);
    let folder = tempfile::tempdir().unwrap();
    let cache = format!("FILE:{}", folder.path().join("cache").display());
    for (options, is_forwardable, renewable) in [
        (&["-f", "-l", "10m", "-r", "20m"][..], true, Some(20)),
        (&["-F", "-l", "10m", "-r", "20m"], false, Some(20)),
        (&["-f", "-l", "30m"], true, None),
    ] {
        kinit(folder.path(), &cache, options);
        let [mit, heimdal] = LIBRARIES.map(|library| {
            let krb5 = Krb5::new(Library::find(Some(library)).unwrap()).unwrap();
            krb5.cache(&cache).unwrap().terms().unwrap().unwrap()
        });
        assert_eq!(mit, heimdal, "{options:?}");
        let [ticket] = &mit[..] else {
            panic!("there is one ticket: {mit:?}");
        };
        assert_eq!(ticket.service, "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST");
        assert_eq!(ticket.is_forwardable, is_forwardable, "{options:?}");
        let minutes = if renewable.is_some() { 10 } else { 30 };
        assert_eq!(ticket.end, ticket.start + minutes * MINUTE, "{options:?}");
        let renewable = renewable.map(|minutes| ticket.start + minutes * MINUTE);
        assert_eq!(ticket.renewable_until, renewable, "{options:?}");
    }
}
