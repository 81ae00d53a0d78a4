//! `session request`, by each way to a ticket.

use serde_json::{Value, json};

use crate::realm::Realm;

#[test]
fn a_cache_a_keytab_and_a_password_each_lead_to_a_200() {
    for (profile, user) in [
        ("ccache", "alice@EXAMPLE.TEST"),
        ("keytab", "svc@EXAMPLE.TEST"),
        ("password", "alice@EXAMPLE.TEST"),
    ] {
        let realm = Realm::new();
        realm.configure(profile, "", &[]);
        let ended = realm.run("request -p p GET /api/");
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{ended:?}"
        );
        let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(answer, json!({ "user": user }), "{profile}");
    }
}

#[test]
fn the_profiles_that_up_writes_are_all_of_them() {
    let realm = Realm::new();
    for key in ["ccache", "keytab", "password"] {
        assert_eq!(realm.text(&format!("/profiles/{key}/backend")), "kerberos");
    }
}

#[test]
fn each_header_that_is_printed_is_for_one_request() {
    let realm = Realm::new();
    realm.configure("keytab", "", &[]);
    let [first, second] = [0, 1].map(|_| realm.run("header").stdout);
    assert!(first.starts_with("Authorization: Negotiate "), "{first}");
    assert_ne!(first, second);
}

#[test]
fn there_is_no_bearer_token_to_print() {
    let realm = Realm::new();
    realm.configure("keytab", "", &[]);
    let ended = realm.run("token");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("session header"), "{ended:?}");
}
