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
        let (principal, _) = credential.inquire().ok().unwrap();
        assert_eq!(principal.display().unwrap(), "svc@EXAMPLE.TEST");
        assert!(from_cache(&krb5, &theirs).is_ok());
        drop(cache);
        assert!(from_cache(&krb5, &theirs).is_err());
        // What still refers to them is no danger.
        let _ = credential.inquire();
    }
}
