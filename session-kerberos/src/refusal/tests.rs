use session_core::Secret;

use super::*;

fn wanted(from: Given) -> Wanted {
    Wanted {
        principal: Some("alice".into()),
        from,
    }
}

fn failure(major: u32, minor: i32) -> Failure {
    Failure {
        major: major << 16,
        minor,
        text: "words".into(),
    }
}

/// What MIT's library 1.20, or Heimdal's 7.8, was seen to fail with.
#[test]
fn every_code_that_was_seen_has_a_remedy() {
    use ErrorKind::{Config, Denied, Interaction, Protocol, Unavailable};
    let cache = wanted(Given::Ccache("FILE:/x".into()));
    let keytab = wanted(Given::Keytab("/k".into()));
    let password = wanted(Given::Password(Secret::new("hunter2")));
    let token = About::Token {
        principal: "alice",
        service: "HTTP@x",
    };
    let answer = About::Refusal {
        principal: "alice",
        service: "HTTP@x",
    };
    let [cache, keytab, password] = [&cache, &keytab, &password].map(About::Credential);
    for (about, minor, kind, words) in [
        (&cache, -1_765_328_243, Interaction, "`kinit alice`"),
        (&cache, -1_765_328_244, Config, "kind of cache"),
        (&cache, -1_750_600_181, Config, "daemon"),
        (&cache, -1_765_328_137, Config, "daemon"),
        (&cache, -1_765_328_189, Interaction, "kinit"),
        (&cache, -1_765_328_185, Interaction, "kinit"),
        (&cache, -1_765_328_172, Interaction, "kinit"),
        (&keytab, -1_765_328_189, Config, "klist -k"),
        (&keytab, -1_765_328_203, Config, "klist -k"),
        (&keytab, -1_765_328_360, Denied, "export it anew"),
        (&password, -1_765_328_360, Denied, "password is wrong"),
        (
            &password,
            -1_765_328_378,
            Denied,
            "does not know this principal",
        ),
        (&password, -1_765_328_361, Denied, "kpasswd"),
        (&password, -1_765_328_366, Denied, "locked"),
        (&password, -1_765_328_383, Denied, "has expired"),
        (&password, -1_765_328_228, Unavailable, "no KDC"),
        (&password, -1_765_328_355, Unavailable, "its log"),
        (&keytab, -1_765_328_324, Unavailable, "its log"),
        (&token, -1_765_328_344, Protocol, "no KDC"),
        (&answer, -1_765_328_344, Protocol, "look the code up"),
        (&password, 1_859_794_434, Protocol, "no KDC"),
        (&answer, 1_859_794_434, Protocol, "look the code up"),
        (&password, -1_765_328_230, Config, "krb5.conf"),
        (&password, -1_765_328_160, Config, "default_realm"),
        (&password, -1_765_328_167, Config, "default_realm"),
        (&token, -1_765_328_167, Config, "`[domain_realm]`"),
        (&cache, -1_765_328_249, Config, "`KRB5_CONFIG`"),
        (&cache, -1_765_328_248, Config, "`KRB5_CONFIG`"),
        (&password, -1_765_328_164, Config, "realm is empty"),
        (&token, -1_765_328_377, Config, "`spn`"),
        (&token, -1_765_328_352, Interaction, "kinit"),
        (&token, -1_765_328_347, Config, "this machine's says"),
        (&token, -1_765_328_351, Config, "this machine's says"),
        (&answer, -1_765_328_347, Config, "clocks"),
        (&answer, -1_765_328_349, Denied, "keytab is stale"),
        (&answer, -1_765_328_340, Denied, "keytab is stale"),
        (&answer, -1_765_328_350, Denied, "seen this token"),
    ] {
        let error = refused(&failure(13, minor), about);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn numbers_that_spnego_makes_up_are_known_by_their_words() {
    let about = About::Refusal {
        principal: "alice",
        service: "HTTP@x",
    };
    let failure = Failure {
        text: "Unspecified GSS failure: Key version is not available".into(),
        ..failure(13, 100_005)
    };
    let error = refused(&failure, &about);
    assert!(error.to_string().contains("keytab is stale"), "{error}");
}

#[test]
fn where_there_is_no_code_the_status_tells() {
    let about = About::Refusal {
        principal: "alice",
        service: "HTTP@x",
    };
    let bindings = refused(&failure(4, 0), &about);
    assert_eq!(bindings.kind(), ErrorKind::Denied);
    assert!(bindings.to_string().contains("ends TLS"), "{bindings}");
    for expired in [11, 12] {
        let error = refused(&failure(expired, 0), &about);
        assert_eq!(error.kind(), ErrorKind::Interaction);
    }
    let unexplained = refused(&failure(15, 0), &about);
    assert_eq!(unexplained.kind(), ErrorKind::Denied);
    assert!(unexplained.to_string().contains("log"), "{unexplained}");
    assert_eq!(refused(&failure(3, 0), &about).kind(), ErrorKind::Protocol);
}

#[test]
fn a_proof_that_is_wrong_says_nothing_about_anybodys_keytab() {
    let about = About::Proof { service: "HTTP@x" };
    for failure in [failure(13, -1_765_328_353), failure(9, 0)] {
        let error = refused(&failure, &about);
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains("do not trust it"), "{error}");
    }
}
