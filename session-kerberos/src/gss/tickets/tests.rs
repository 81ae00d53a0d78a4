//! Against the realm that `cargo xtask test` starts.

use super::*;
use crate::gss::acquire;

/// Those of somebody, by either library.
fn tickets(library: &str, name: &str) -> Tickets {
    let path = std::env::var("SESSION_TEST_KERBEROS").unwrap();
    let realm: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let wanted = Wanted {
        principal: Some(name.to_owned()),
        from: Given::Password(realm["passwords"][name].as_str().unwrap().into()),
    };
    let library = Library::find(Some(library)).unwrap();
    acquire(library, &wanted, Taken::All).unwrap().0
}

fn request(is_mutual: bool, delegation: Delegation) -> Initiation {
    Initiation {
        service: "HTTP@localhost".to_owned(),
        is_mutual,
        delegation,
        channel_bindings: None,
    }
}

/// What is made of a context that a library has begun for one principal, where it was to be for another, or as it was asked for, where
/// it was to be otherwise.
fn begun(asked: (&Tickets, Initiation), wanted: (&Tickets, Initiation)) -> Result<()> {
    let ((by, asked), (of, wanted)) = (asked, wanted);
    let (context, token) = by.0.begin(0, &asked).ok().unwrap();
    of.begun(context, &token, &wanted).map(drop)
}

#[test]
fn a_token_that_the_library_has_made_as_somebody_else_is_not_given_out() {
    for library in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        let [alice, bob] = ["alice", "bob"].map(|name| tickets(library, name));
        // What is complete at once; of all others, who we are is known with the server's answer.
        let one_sided = || request(false, Delegation::Off);
        begun((&alice, one_sided()), (&alice, one_sided())).unwrap();
        let error = begun((&alice, one_sided()), (&bob, one_sided())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{library}: {error}");
        let text = error.to_string();
        for words in [
            "`alice@EXAMPLE.TEST`",
            "`bob@EXAMPLE.TEST`",
            "not to be trusted",
        ] {
            assert!(text.contains(words), "{library}: {text}");
        }
    }
}

#[test]
fn a_token_that_delegates_what_nobody_has_asked_for_is_not_given_out() {
    for library in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        let alice = tickets(library, "alice");
        for is_mutual in [true, false] {
            let delegating = || request(is_mutual, Delegation::On);
            begun((&alice, delegating()), (&alice, delegating())).unwrap();
            let wanted = request(is_mutual, Delegation::Off);
            let error = begun((&alice, delegating()), (&alice, wanted)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{library}: {error}");
            let text = error.to_string();
            assert!(text.contains("its token is not sent"), "{library}: {text}");
        }
    }
}
