//! Negotiations that take the client a second token.
//!
//! The server speaks SPNEGO by itself: no acceptor of MIT's or Heimdal's wants such a token of a client that offers Kerberos alone.

use session_core::{BasicEnvironment, ErrorKind, SessionHandle};
use session_kerberos::Mutual;

use crate::{
    libraries::{HEIMDAL, MIT},
    realm::{Realm, request, user},
};

async fn opened(library: &str, mutual: Mutual) -> SessionHandle {
    let realm = Realm::shared();
    let legs = format!("{}/", realm.text("/legs"));
    let environment = BasicEnvironment::new("loopback").service("legs", &legs);
    let builder = realm.by_keytab("svc").environment(environment.unwrap());
    let session = builder.library(library).mutual(mutual).open().unwrap();
    session.init().await.unwrap();
    session
}

#[tokio::test]
async fn a_server_that_wants_to_know_that_nobody_has_changed_the_offer_is_shown() {
    for library in [MIT, HEIMDAL] {
        for mutual in [Mutual::Required, Mutual::IfPresent, Mutual::Off] {
            let session = opened(library, mutual).await;
            for path in ["shown", "requested"] {
                // Twice, for the connection is kept.
                for _ in 0..2 {
                    let found = user(&session, "legs", path).await;
                    assert_eq!(found, "svc@EXAMPLE.TEST", "{library} {path}");
                }
            }
            assert_eq!(session.status().generation, 1);
        }
    }
}

#[tokio::test]
async fn a_server_that_got_another_offer_or_does_not_show_which_is_not_trusted() {
    for library in [MIT, HEIMDAL] {
        let session = opened(library, Mutual::Required).await;
        for path in ["changed", "unshown"] {
            let error = request(&session, "legs", path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{library}: {error}");
            let text = error.to_string();
            assert!(text.contains("do not trust it"), "{library} {path}: {text}");
        }
    }
}
