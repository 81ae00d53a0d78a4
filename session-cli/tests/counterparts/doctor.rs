//! `session doctor`, where all is well and where it is not.

use crate::realm::{Ended, Realm, run};

/// What a profile says to have this library or that.
const MIT: &str = "library = \"libgssapi_krb5.so.2\"";
const HEIMDAL: &str = "library = \"libgssapi.so.3\"";
const LIBRARIES: [&str; 2] = [MIT, HEIMDAL];

#[test]
fn a_keytab_that_is_well() {
    let realm = Realm::new();
    for (library, maker) in [("", "MIT krb5 1"), (HEIMDAL, "Heimdal 7")] {
        realm.configure("keytab", library, &[]);
        let ended = realm.run("doctor /api/");
        assert!(ended.stdout.contains(maker), "{ended:?}");
        assert_eq!(
            realm.told(&ended),
            "\
HEALTH  WHAT            FOUND
ok      profile         `p` (backend kerberos) in DIR/sessions.toml, named by `--config`
ok      environment     `loopback`, 1 service, authorities of REALM/ca.pem
ok      api             HTTPS answers (HTTP/1.1), and its certificate is trusted
ok      clock of api    CLOCK
ok      library         LIBRARY
ok      krb5.conf       CONFIGURATION, by `KRB5_CONFIG`
ok      default realm   EXAMPLE.TEST
ok      keytab          `FILE:REALM/svc.keytab` has keys of `svc@EXAMPLE.TEST`
ok      KDC             answers, and knows `svc@EXAMPLE.TEST`
ok      authentication  succeeds; the credential expires at TIME
ok      ticket          good until TIME, can be renewed until TIME
ok      service         `HTTP@localhost` is known, and there is a token for it
ok      clock of KDC    CLOCK
ok      request         `localhost` answers 200 OK

all is well
"
        );
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_keytab_by_its_name_with_kerberos_is_well() {
    for library in LIBRARIES {
        let realm = Realm::new();
        let path = realm.text("/profiles/keytab/keytab").to_owned();
        realm.configure("keytab", library, &[(&path, &format!("FILE:{path}"))]);
        let line = "ok      keytab          `FILE:REALM/svc.keytab` has keys of `svc@EXAMPLE.TEST`";
        is_well(&realm, &realm.run("doctor /api/"), &[line]);
    }
}

#[test]
fn a_cache_that_is_well() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure("ccache", library, &[]);
        let ended = realm.run("doctor /api/");
        is_well(
            &realm,
            &ended,
            &[
                "ok      cache           `FILE:REALM/alice.ccache` of `alice@EXAMPLE.TEST`",
                "ok      ticket          good until TIME, can be renewed until TIME",
                "ok      KDC             answers, and knows `alice@EXAMPLE.TEST`",
                "ok      request         `localhost` answers 200 OK",
            ],
        );
    }
}

#[test]
fn a_password_that_is_well() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure("password", library, &[]);
        let ended = realm.run("doctor /api/");
        is_well(
            &realm,
            &ended,
            &[
                "ok      password        secret file `REALM/alice.password`",
                "ok      KDC             answers, and knows `alice@EXAMPLE.TEST`",
                "ok      request         `localhost` answers 200 OK",
            ],
        );
        let password = realm.text("/passwords/alice");
        assert!(!ended.stdout.contains(password));
    }
}

#[track_caller]
fn is_well(realm: &Realm, ended: &Ended, lines: &[&str]) {
    let told = realm.told(ended);
    for line in lines {
        assert!(told.lines().any(|found| found == *line), "{line}: {told}");
    }
    assert!(told.ends_with("\nall is well\n"), "{told}");
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

/// The lines that are not `ok`, without the library's own words and codes, are these; and it ends so.
#[track_caller]
fn complains(realm: &Realm, ended: &Ended, code: i32, expected: &[(&str, &str)]) {
    let told = realm.told(ended);
    let complaints: Vec<_> = told
        .lines()
        .skip(1)
        .filter(|line| line.starts_with("problem") || line.starts_with("warning"))
        .collect();
    assert_eq!(complaints.len(), expected.len(), "{told}");
    for (line, (start, words)) in complaints.iter().zip(expected) {
        let spaced = line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(spaced.starts_with(start), "{start}: {told}");
        assert!(spaced.contains(words), "{words}: {told}");
    }
    assert_eq!(ended.code, Some(code), "{told}");
}

#[test]
fn no_library() {
    let realm = Realm::new();
    realm.configure("keytab", "", &[]);
    let mut command = realm.session("doctor /api/");
    command.env("LD_LIBRARY_PATH", realm.folder_without_libraries());
    complains(
        &realm,
        &run(command),
        2,
        &[
            ("problem library", "package `libgssapi-krb5-2` on Debian"),
            ("problem authentication", "for the reason given for library"),
        ],
    );
}

#[test]
fn a_configuration_that_is_missing() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure("keytab", library, &[]);
        let mut command = realm.session("doctor /api/");
        command.env("KRB5_CONFIG", realm.path("nowhere.conf"));
        let ended = run(command);
        let told = realm.told(&ended);
        assert!(told.contains("krb5.conf"), "{told}");
        assert!(told.contains("nowhere.conf"), "{told}");
        assert_eq!(ended.code, Some(2), "{told}");
    }
}

#[test]
fn a_configuration_that_is_damaged() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure("keytab", library, &[]);
        let damaged = realm.path("damaged.conf");
        std::fs::write(&damaged, "[libdefaults\n").unwrap();
        let mut command = realm.session("doctor /api/");
        command.env("KRB5_CONFIG", &damaged);
        complains(
            &realm,
            &run(command),
            2,
            &[
                ("problem krb5.conf", "`KRB5_CONFIG` is"),
                ("problem authentication", "krb5.conf cannot be used"),
            ],
        );
    }
}

#[test]
fn no_kdc() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure("password", library, &[("\"alice\"", "\"alice@DOWN.TEST\"")]);
        complains(
            &realm,
            &realm.run("doctor /api/"),
            4,
            &[
                ("problem KDC", "check the network"),
                ("problem authentication", "for the reason given for KDC"),
            ],
        );
    }
}

#[test]
fn a_kdc_that_says_nothing() {
    // Heimdal's asks by UDP, where nobody listens, and so need not wait.
    for (library, words) in [(MIT, "took longer than 1s"), (HEIMDAL, "check the network")] {
        let realm = Realm::new();
        let silent = [("\"alice\"", "\"alice@SILENT.TEST\"")];
        realm.configure(
            "password",
            &format!("kdc_timeout = \"1s\"\n{library}"),
            &silent,
        );
        complains(
            &realm,
            &realm.run("doctor /api/"),
            4,
            &[
                ("problem KDC", words),
                ("problem authentication", "for the reason given for KDC"),
            ],
        );
    }
}

#[test]
fn a_cache_that_is_missing_or_damaged() {
    for library in LIBRARIES {
        let realm = Realm::new();
        let own = realm.text("/profiles/ccache/ccache").to_owned();
        let missing = format!("FILE:{}", realm.path("missing").display());
        realm.configure("ccache", library, &[(&own, &missing)]);
        let expected = [
            ("problem cache", "run `kinit`"),
            ("problem authentication", "for the reason given for cache"),
        ];
        complains(&realm, &realm.run("doctor /api/"), 3, &expected);
        for content in ["", "x", "\u{5}\u{4}"] {
            std::fs::write(realm.path("missing"), content).unwrap();
            complains(&realm, &realm.run("doctor /api/"), 3, &expected);
        }
    }
}

#[test]
fn a_cache_whose_ticket_has_expired() {
    for library in LIBRARIES {
        let realm = Realm::new();
        let own = realm.text("/profiles/ccache/ccache").to_owned();
        realm.configure("ccache", library, &[(&own, &realm.expired_cache())]);
        complains(
            &realm,
            &realm.run("doctor /api/"),
            3,
            &[
                (
                    "problem ticket",
                    "has expired at TIME; run `kinit alice@EXAMPLE.TEST`",
                ),
                ("problem authentication", "run `kinit"),
            ],
        );
    }
}

#[test]
fn a_collection_of_caches_in_which_somebody_else_comes_first() {
    for (library, kind) in [(MIT, "DIR::"), (HEIMDAL, "FILE:")] {
        let realm = Realm::new();
        let own = realm.text("/profiles/ccache/ccache").to_owned();
        let folder = realm.path("caches");
        std::fs::create_dir(&folder).unwrap();
        let collection = format!("DIR:{}", folder.display());
        let [alices, bobs] = ["tkt-alice", "tkt-bob"].map(|file| folder.join(file));
        std::fs::copy(own.strip_prefix("FILE:").unwrap(), &alices).unwrap();
        realm.kinit(&format!("FILE:{}", bobs.display()), "bob");
        std::fs::write(folder.join("primary"), "tkt-bob\n").unwrap();
        let (named, unnamed) = (format!("\"{collection}\""), format!("ccache = \"{own}\""));
        for (replaced, which) in [
            ((format!("\"{own}\""), named.as_str()), ""),
            ((unnamed, ""), " (of the default ones)"),
        ] {
            let replaced = [(replaced.0.as_str(), replaced.1)];
            realm.configure(
                "ccache",
                &format!("principal = \"alice\"\n{library}"),
                &replaced,
            );
            let mut command = realm.session("doctor /api/");
            command.env("KRB5CCNAME", &collection);
            let line = format!(
                "ok      cache           `{kind}DIR/caches/tkt-alice`{which} of `alice@EXAMPLE.TEST`"
            );
            is_well(&realm, &run(command), &[&line]);
        }
    }
}

#[test]
fn a_cache_of_somebody_else() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure("ccache", &format!("principal = \"bob\"\n{library}"), &[]);
        complains(
            &realm,
            &realm.run("doctor /api/"),
            2,
            &[
                (
                    "problem cache",
                    "is to be `bob@EXAMPLE.TEST`; run `kinit bob@EXAMPLE.TEST`",
                ),
                ("problem authentication", "`bob`"),
            ],
        );
    }
}

#[test]
fn a_keytab_without_the_principal() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure("keytab", library, &[("\"svc\"", "\"other\"")]);
        complains(
            &realm,
            &realm.run("doctor /api/"),
            2,
            &[
                (
                    "problem keytab",
                    "no key of `other@EXAMPLE.TEST`, but of `svc@EXAMPLE.TEST`",
                ),
                (
                    "problem KDC",
                    "not found in Kerberos database (0xd0000, -1765328378); the realm does not know this principal",
                ),
                ("problem authentication", "klist -k"),
            ],
        );
    }
}

#[test]
fn a_keytab_that_is_empty() {
    for library in LIBRARIES {
        let realm = Realm::new();
        let own = realm.text("/profiles/keytab/keytab").to_owned();
        let empty = realm.path("empty.keytab");
        std::fs::write(&empty, b"\x05\x02").unwrap();
        realm.configure("keytab", library, &[(&own, empty.to_str().unwrap())]);
        complains(
            &realm,
            &realm.run("doctor /api/"),
            2,
            &[
                ("problem keytab", "is empty; export the principal's key"),
                ("problem authentication", "klist -k"),
            ],
        );
    }
}

#[test]
fn a_password_that_is_wrong_is_tried_once() {
    for library in LIBRARIES {
        let realm = Realm::new();
        let file = realm.text("/profiles/password/password/file").to_owned();
        let wrong = realm.path("wrong");
        std::fs::write(&wrong, "not the password").unwrap();
        realm.configure("password", library, &[(&file, wrong.to_str().unwrap())]);
        let ended = realm.run("doctor /api/");
        complains(
            &realm,
            &ended,
            3,
            &[("problem authentication", "the password is wrong")],
        );
        assert!(!ended.stdout.contains("not the password"));
    }
}

#[test]
fn a_service_that_the_realm_does_not_know() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure(
            "keytab",
            &format!("spn = \"HTTP@nowhere.example.test\"\n{library}"),
            &[],
        );
        complains(
            &realm,
            &realm.run("doctor /api/"),
            2,
            &[
                ("problem service", "the realm does not know this service"),
                ("problem request", "for the reason given for service"),
            ],
        );
    }
}

#[test]
fn a_server_whose_keytab_is_stale() {
    for library in LIBRARIES {
        let realm = Realm::new();
        realm.configure(
            "keytab",
            &format!("spn = \"HTTP@stale.example.test\"\n{library}"),
            &[],
        );
        complains(
            &realm,
            &realm.run("doctor /api/"),
            3,
            &[("problem request", "the server's keytab is stale")],
        );
    }
}

#[test]
fn a_certificate_of_another_authority() {
    let realm = Realm::new();
    let ca = realm.text("/ca_pem").to_owned();
    let other = format!("{}/server.pem", realm.text("/dir"));
    realm.configure("keytab", "", &[(&ca, &other)]);
    complains(
        &realm,
        &realm.run("doctor /api/"),
        2,
        &[
            ("problem api", "`ca_file`"),
            ("problem request", "for the reason given for api"),
        ],
    );
}
