//! Against the realm that `cargo xtask test` starts.

use super::*;

fn keytab() -> String {
    let path = std::env::var("SESSION_TEST_KERBEROS").unwrap();
    let line = std::fs::read(path).unwrap();
    let ready: serde_json::Value = serde_json::from_slice(&line).unwrap();
    format!("FILE:{}", ready["keytabs"]["svc"].as_str().unwrap())
}

#[test]
fn tickets_are_there_as_long_as_somebody_has_them_and_no_longer() {
    for library in [None, Some("libgssapi.so.3")] {
        let library = Library::find(library).unwrap();
        let krb5 = Krb5::new(library).unwrap();
        let wanted = Wanted {
            principal: None,
            from: Given::Keytab(keytab()),
        };
        let cache = by_keytab(&krb5, &wanted, &keytab()).ok().unwrap();
        let theirs = Wanted {
            principal: None,
            from: Given::Ccache(cache.name().to_owned()),
        };
        let credential = cache.credential().ok().unwrap();
        let principal = credential.name().ok().unwrap();
        assert_eq!(principal.display().unwrap(), "svc@EXAMPLE.TEST");
        assert!(from_cache(&krb5, &theirs).is_ok());
        drop(cache);
        assert!(from_cache(&krb5, &theirs).is_err());
        // What still refers to them is no danger.
        let _ = (credential.lifetime(), credential.name().ok());
    }
}

#[test]
fn what_is_of_one_library_is_not_handed_to_the_other() {
    let [mit, heimdal] = ["libgssapi_krb5.so.2", "libgssapi.so.3"]
        .map(|name| Krb5::new(Library::find(Some(name)).unwrap()).unwrap());
    let wanted = Wanted {
        principal: None,
        from: Given::Keytab(keytab()),
    };
    let of_mit = by_keytab(&mit, &wanted, &keytab()).ok().unwrap();
    let of_heimdal = by_keytab(&heimdal, &wanted, &keytab()).ok().unwrap();
    assert!(of_mit.open(&heimdal).is_err() && of_heimdal.open(&mit).is_err());
    let theirs = of_heimdal.open(&heimdal).unwrap();
    assert!(mit.renewed(&theirs).is_err());
    let (alice, her_double) = (mit.principal("alice").unwrap(), heimdal.principal("alice"));
    assert!(!alice.is_same(&her_double.unwrap()));
    let keys = mit.keytab(&keytab()).unwrap();
    assert!(heimdal.ticket_by_keytab(&alice, &keys).is_err());
    assert!(heimdal.ticket_by_password(&alice, c"x").is_err());
}
