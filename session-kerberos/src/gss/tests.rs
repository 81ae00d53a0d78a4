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
    let library = Library::system().unwrap();
    let cache = PrivateCache::new(library);
    let name = cache.name().to_owned();
    let wanted = Wanted {
        principal: None,
        from: Given::Keytab(keytab()),
    };
    let credential = fill(library, &cache, &wanted).unwrap();
    let (principal, _) = credential.inquire().unwrap();
    assert_eq!(principal.display().unwrap(), "svc@EXAMPLE.TEST");
    assert!(from_cache(library, None, &name).is_ok());
    drop(cache);
    let failure = from_cache(library, None, &name).err().unwrap();
    assert!(
        failure.to_string().contains("No credentials cache found"),
        "{failure}"
    );
    // What still refers to them is no danger.
    assert!(credential.inquire().is_err());
}
