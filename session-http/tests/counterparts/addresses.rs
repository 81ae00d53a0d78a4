//! Addresses that look like the API's, or would like to be a host.

use session_core::{ErrorKind, SessionHandle};
use session_http::Client;

use crate::{
    nginx::{Nginx, Token, mark},
    support::block_on,
    visit::By,
};

/// With the hosts and ports of the API and of evil's servers for their names.
const ADDRESSES: &[&str] = &[
    "https://EVIL/",
    "HTTPS://EVIL/",
    "http://PLAIN/",
    "wss://EVIL/",
    "https:EVIL/",
    "https:/EVIL/",
    "https:\\\\EVIL/",
    "https:///EVIL/",
    "https://API@EVIL/",
    "https://API:x@EVIL/",
    "https://API%2f@EVIL/",
    "https://API\\@EVIL/",
    "https://EVIL\\@API/",
    "https://EVIL#@API/",
    "ht\ttps://EVIL/",
    "https://\nEVIL/",
    " https://EVIL/",
    "//EVIL/",
    "///EVIL/",
    "\\\\EVIL/",
    "/\\EVIL/",
    "\\/EVIL/",
    "/\t/EVIL/",
    "\t//EVIL/",
    "@EVIL/",
    ".EVIL/",
    ":443@EVIL/",
    "/..//EVIL/",
    "/../../EVIL/",
    "/%2e%2e//EVIL/",
    "/.//EVIL/",
    "?@EVIL/",
];

/// How many credentials came to evil's servers, whoever asks for it.
fn lost(nginx: &Nginx, session: &SessionHandle, address: &str) -> usize {
    let mark = mark();
    let target = format!("{address}?{mark}");
    for by in By::ALL {
        // Where it is not refused, it is a path of the API.
        let (status, body) = by.get(session, &target);
        let kind = body.err().map(|error| error.kind());
        let is_refused = matches!(kind, Some(ErrorKind::Forbidden | ErrorKind::Config));
        assert!(status.is_some() != is_refused, "{address}: {kind:?}");
    }
    let client = Client::new(session);
    let opened = block_on(async { client.websocket(&target).connect().await });
    assert!(opened.is_err(), "{address}");
    let arrived = block_on(nginx.arrived(&mark));
    let there = arrived.iter().filter(|it| it.text("server") == "evil");
    there.filter(|it| it.brought().2.contains(&true)).count()
}

#[test]
fn none_takes_a_credential_to_another_server() {
    let nginx = Nginx::here();
    let host = |server| nginx.url(server).split_once("//").unwrap().1.to_owned();
    for server in ["api", "api_http1"] {
        let (session, _) = block_on(nginx.session(nginx.environment(server), &[Token::Valid]));
        for address in ADDRESSES {
            let address = address.replace("EVIL", &host("evil"));
            let address = address.replace("PLAIN", &host("evil_plain"));
            let address = address.replace("API", &host(server));
            assert_eq!(lost(&nginx, &session, &address), 0, "{address}");
        }
    }

    // One for each who asks, where it is the session's own API.
    let (session, _) = block_on(nginx.session(nginx.environment("evil"), &[Token::Valid]));
    assert_eq!(lost(&nginx, &session, "/"), 3);
}
