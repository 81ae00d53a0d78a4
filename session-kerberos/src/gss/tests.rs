//! Against the realm that `cargo xtask test` starts.

use std::sync::Arc;

use super::*;
use crate::{
    Delegation,
    der::{
        ENUMERATED, GENERAL_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE,
        application, context, wrap,
    },
    gssapi::{Context, Flags, Name},
    mechanism::{Initiation, Progress},
    refusal::FIRST_CODE,
    spnego,
};

const GENERALIZED_TIME: u8 = 0x18;
/// `KDC_ERR_SERVICE_EXP` (RFC 4120 §7.5.9).
const KEY_EXPIRED: i32 = 2;

fn realm() -> serde_json::Value {
    let path = std::env::var("SESSION_TEST_KERBEROS").unwrap();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn keytab() -> String {
    format!("FILE:{}", realm()["keytabs"]["svc"].as_str().unwrap())
}

fn initiation(service: &str) -> Initiation {
    Initiation {
        service: service.to_owned(),
        is_mutual: true,
        delegation: Delegation::Off,
        channel_bindings: None,
    }
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
        let principal = credential.name().ok().flatten().unwrap();
        assert_eq!(principal.display().unwrap(), "svc@EXAMPLE.TEST");
        let code = FIRST_CODE + KEY_EXPIRED;
        let words = cache.failure_of_server(code);
        assert_eq!(words, Failure::kerberos(library, code));
        assert!(from_cache(&krb5, &theirs, Taken::All).is_ok());
        drop(cache);
        assert!(from_cache(&krb5, &theirs, Taken::All).is_err());
        // What still refers to them is no danger.
        let _ = (credential.lifetime(), credential.name().ok());
    }
}

#[test]
fn what_a_server_says_has_words_whether_or_not_it_was_heard_before() {
    for library in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        let library = Library::find(Some(library)).unwrap();
        // That of a service that must change its key, which happens to nobody here.
        let failure = Failure::kerberos(library, FIRST_CODE + KEY_EXPIRED);
        assert!(failure.text.contains("expired"), "{library:?}: {failure}");
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

/// A context that waits for the reply of a server.
fn begun(library: &'static Library) -> Context {
    let krb5 = Krb5::new(library).unwrap();
    let wanted = Wanted {
        principal: None,
        from: Given::Keytab(keytab()),
    };
    let cache = by_keytab(&krb5, &wanted, &keytab()).ok().unwrap();
    let credential = Arc::new(cache.credential().unwrap());
    let server = Name::service(library, "HTTP@localhost").unwrap();
    let mut context = Context::new(credential, server, Flags::MUTUAL, None);
    assert!(!context.begin().unwrap().is_empty());
    context
}

#[test]
fn a_context_takes_nothing_but_a_reply_from_whoever_asks_it() {
    for library in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        let library = Library::find(Some(library)).unwrap();
        for token in [
            b"".to_vec(),
            b"NTLMSSP".to_vec(),
            error_token(44),
            error_token(37), // about clocks
            of_kerberos(b"\x01\x00", b"?"),
            of_kerberos(b"\x02", b""),
            wrap(application(0), &[&wrap(OBJECT_IDENTIFIER, &[b"\x2a"])]).to_vec(),
        ] {
            let mut context = begun(library);
            assert!(context.step(&token).is_err(), "{library:?}: {token:?}");
            let again = context.step(&token).unwrap_err();
            assert!(again.text.contains("no token of the server is due"));
        }
    }
}

#[test]
fn a_name_with_a_nul_is_not_that_of_what_is_before_it() {
    for library in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        let library = Library::find(Some(library)).unwrap();
        for name in ["HTTP@localhost\0.example.org", "alice\0", "\0"] {
            assert!(Name::service(library, name).is_err(), "{library:?}");
            assert!(Name::principal(library, name).is_err(), "{library:?}");
            let krb5 = Krb5::new(library).unwrap();
            assert!(krb5.principal(name).is_err(), "{library:?}");
            assert!(krb5.cache(name).is_err(), "{library:?}");
            assert!(krb5.keytab(name).is_err(), "{library:?}");
            assert!(krb5.set_default_cache(name).is_err(), "{library:?}");
        }
    }
}

#[test]
fn the_kdc_is_asked_once_for_all_tokens_of_a_service() {
    // Nobody else in these tests asks for such a ticket.
    let tickets = "carol@EXAMPLE.TEST for HTTP/api.example.test@EXAMPLE.TEST";
    let realm = realm();
    let asked = || {
        let log = format!("{}/kdc.log", realm["dir"].as_str().unwrap());
        let log = std::fs::read_to_string(log).unwrap();
        log.lines().filter(|line| line.contains(tickets)).count()
    };
    let password = realm["passwords"]["carol"].as_str().unwrap();
    let wanted = Wanted {
        principal: Some("carol".to_owned()),
        from: Given::Password(password.into()),
    };
    for library in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        let before = asked();
        let library = Some(library.to_owned());
        let principal = Gss { library }.acquire(&wanted).unwrap().principal;
        for service in [
            "HTTP@api.example.test",
            "HTTP/api.example.test",
            "HTTP/api.example.test@EXAMPLE.TEST",
        ] {
            let request = initiation(service);
            assert!(principal.initiate_now(&request).is_none());
            principal.initiate(0, &request).unwrap();
            for _ in 0..3 {
                let begun = principal.initiate_now(&request).unwrap();
                assert!(!begun.token.is_empty());
            }
            // Nor does a thread that has had none so far ask, or wait for one that does.
            std::thread::scope(|scope| {
                let thread = scope.spawn(|| principal.initiate_now(&request).is_some());
                assert!(thread.join().unwrap(), "{service}");
            });
            assert_eq!(asked() - before, 1, "{service}");
        }
        // What is delegated is made by the KDC.
        let delegating = Initiation {
            delegation: Delegation::On,
            ..initiation("HTTP@api.example.test")
        };
        assert!(principal.initiate_now(&delegating).is_none());
    }
}

/// Begins with a server, and has it answer: what comes of each answer.
fn answered(library: &str, is_mutual: bool, answers: &[Vec<u8>]) -> Vec<String> {
    let gss = Gss {
        library: Some(library.to_owned()),
    };
    let wanted = Wanted {
        principal: None,
        from: Given::Keytab(keytab()),
    };
    let request = Initiation {
        is_mutual,
        ..initiation("HTTP@localhost")
    };
    let acquired = gss.acquire(&wanted).unwrap();
    let mut begun = acquired.principal.initiate(0, &request).unwrap();
    let outcome = |answer: &Vec<u8>| match begun.initiator.step(answer) {
        Ok(Progress::Continues(_)) => "continues".to_owned(),
        Ok(Progress::Complete { is_mutual }) => format!("complete, {is_mutual}"),
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    answers.iter().map(outcome).collect()
}

/// An acceptor's `NegTokenResp`.
fn response(state: u8, token: &[u8], code: &[u8]) -> Vec<u8> {
    let state = wrap(context(0), &[&wrap(ENUMERATED, &[&[state]])]);
    let octets = |number, bytes: &[u8]| match bytes {
        [] => Vec::new().into(),
        bytes => wrap(context(number), &[&wrap(OCTET_STRING, &[bytes])]),
    };
    let (token, code) = (octets(2, token), octets(3, code));
    wrap(context(1), &[&wrap(SEQUENCE, &[&state, &token, &code])]).to_vec()
}

/// A token of Kerberos.
fn of_kerberos(kind: &[u8], message: &[u8]) -> Vec<u8> {
    let mechanism = wrap(OBJECT_IDENTIFIER, &[spnego::KRB5]);
    wrap(application(0), &[&mechanism, kind, message]).to_vec()
}

/// An error of a server, as RFC 4120 §5.9.1 wants it.
fn error_token(code: u8) -> Vec<u8> {
    let text = |tag, text: &[u8]| wrap(tag, &[text]);
    let field = |number, value: &[u8]| wrap(context(number), &[value]);
    let name = [
        field(0, &text(INTEGER, &[2])),
        field(1, &wrap(SEQUENCE, &[&text(GENERAL_STRING, b"HTTP")])),
    ];
    let fields = [
        field(0, &text(INTEGER, &[5])),
        field(1, &text(INTEGER, &[30])),
        field(4, &text(GENERALIZED_TIME, b"20200101000000Z")),
        field(5, &text(INTEGER, &[0])),
        field(6, &text(INTEGER, &[code])),
        field(9, &text(GENERAL_STRING, b"EXAMPLE.TEST")),
        field(10, &wrap(SEQUENCE, &[&name[0], &name[1]])),
    ];
    let fields: Vec<&[u8]> = fields.iter().map(|field| &field[..]).collect();
    of_kerberos(
        b"\x03\x00",
        &wrap(application(30), &[&wrap(SEQUENCE, &fields)]),
    )
}

fn stale_key() -> Vec<u8> {
    error_token(44)
}

#[test]
fn what_a_server_answers_that_proves_nothing_is_refused() {
    const COMPLETED: u8 = 0;
    const INCOMPLETE: u8 = 1;
    const REJECTED: u8 = 2;
    const CODE_REQUESTED: u8 = 3;
    for library in ["libgssapi_krb5.so.2", "libgssapi.so.3"] {
        for (answer, words) in [
            (response(COMPLETED, b"", b""), "without the proof"),
            (response(INCOMPLETE, b"", b""), "without the proof"),
            (response(CODE_REQUESTED, b"", b""), "without the proof"),
            (response(REJECTED, b"", b""), "Denied: "),
            (response(REJECTED, &stale_key(), b""), "keytab is stale"),
            (response(COMPLETED, &stale_key(), b""), "keytab is stale"),
            (response(COMPLETED, b"NTLMSSP", b""), "none of Kerberos"),
            (b"NTLMSSP".to_vec(), "does not answer an offer"),
            (stale_key(), "does not answer an offer"),
            (
                response(COMPLETED, &of_kerberos(b"\x02\x00", b"?"), b""),
                "HTTP@localhost",
            ),
        ] {
            let outcomes = answered(library, true, &[answer.clone(), answer]);
            assert!(outcomes[0].contains(words), "{library}: {}", outcomes[0]);
            assert!(!outcomes[1].contains("complete"), "{library}");
            assert!(!outcomes[1].contains("continues"), "{library}");
        }
        for (answers, expected) in [
            (&[response(COMPLETED, b"", b"")][..], "complete, false"),
            (&[response(CODE_REQUESTED, b"", b"")], "continues"),
            (
                &[
                    response(CODE_REQUESTED, b"", b""),
                    response(COMPLETED, b"", b""),
                ],
                "has changed what was offered",
            ),
            (
                &[
                    response(CODE_REQUESTED, b"", b""),
                    response(CODE_REQUESTED, b"", b""),
                ],
                "waits for more",
            ),
            (&[response(INCOMPLETE, b"", b"")], "waits for more"),
            (&[response(COMPLETED, b"", b"forged")], "HTTP@localhost"),
            (
                &[response(COMPLETED, &of_kerberos(b"\x02\x00", b"?"), b"")],
                "no token of the server is due",
            ),
        ] {
            let outcomes = answered(library, false, answers);
            let last = outcomes.last().unwrap();
            assert!(last.contains(expected), "{library}: {last}");
        }
    }
}
