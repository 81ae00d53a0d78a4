//! Redirects: what of a session arrives where they lead.

use session_core::ErrorKind;

use crate::{
    nginx::{Arrival, Nginx, Token, mark},
    support::block_on,
    visit::By,
};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// The method of the next request.
fn method(status: u16, method: &'static str) -> &'static str {
    match (status, method) {
        (301 | 302, "POST") | (303, _) => "GET",
        _ => method,
    }
}

#[test]
fn within_the_origin_the_session_goes_along() {
    let nginx = Nginx::here();
    for server in ["api", "api_http1", "api_plain"] {
        let (session, _) = block_on(nginx.session(nginx.environment(server), &[Token::Valid]));
        for (status, by) in STATUSES.into_iter().zip(By::ALL.into_iter().cycle()) {
            for sent in ["GET", "POST"] {
                let mark = mark();
                let target = format!("/redirect/{status}/same?{mark}");
                let body = (sent == "POST").then(|| "hello".into());
                let (seen, echo) = by.send(&session, sent, &target, body);
                let told = format!("{server} {status} {sent} {by:?}: {echo:?}");
                assert_eq!(seen, Some(200), "{told}");
                let echo: serde_json::Value = serde_json::from_slice(&echo.unwrap()).unwrap();
                let kept = method(status, sent);
                assert_eq!(echo["method"], kept, "{told}");
                let body = if kept == "POST" { "hello" } else { "" };
                assert_eq!(echo["body"], body, "{told}");
                let arrived = block_on(nginx.arrived(&mark));
                let brought: Vec<_> = arrived.iter().map(Arrival::brought).collect();
                assert_eq!(
                    brought,
                    [("api", sent, [true; 3]), ("api", kept, [true; 3])],
                    "{told}"
                );
            }
        }
    }
}

#[test]
fn to_another_origin_nothing_of_the_session_goes_along() {
    let nginx = Nginx::here();
    let mut credentials = 0;
    for server in ["api", "api_http1", "api_plain"] {
        let (session, _) = block_on(nginx.session(nginx.environment(server), &[Token::Valid]));
        for (status, by) in STATUSES.into_iter().zip(By::ALL.into_iter().cycle()) {
            for place in ["port", "host", "plain"] {
                for sent in ["GET", "POST"] {
                    let mark = mark();
                    let target = format!("/redirect/{status}/{place}?{mark}");
                    let body = (sent == "POST").then(|| "hello".into());
                    let (seen, landed) = by.send(&session, sent, &target, body);
                    let told = format!("{server} {status} {place} {sent} {by:?}: {landed:?}");
                    let arrived = block_on(nginx.arrived(&mark));
                    let there: Vec<_> = arrived.iter().map(Arrival::brought).collect();
                    assert_eq!(there[0], ("api", sent, [true; 3]), "{told}");
                    let there = &there[1..];
                    credentials += there.iter().filter(|it| it.2.contains(&true)).count();
                    let is_less_safe = place == "plain" && server != "api_plain";
                    if is_less_safe || method(status, sent) == "POST" {
                        assert_eq!(seen, None, "{told}");
                        assert_eq!(landed.unwrap_err().kind(), ErrorKind::Forbidden, "{told}");
                        assert_eq!(there, [], "{told}");
                    } else {
                        assert_eq!(landed.as_deref().unwrap(), b"landed", "{told}");
                        assert_eq!(there, [("evil", "GET", [false; 3])], "{told}");
                    }
                }
            }
        }
    }
    assert_eq!(credentials, 0);

    // It would have been seen.
    let (session, _) = block_on(nginx.session(nginx.environment("evil"), &[Token::Valid]));
    let mark = mark();
    By::Async
        .get(&session, &format!("/landed?{mark}"))
        .1
        .unwrap();
    let arrived = block_on(nginx.arrived(&mark));
    assert_eq!(arrived[0].brought(), ("evil", "GET", [true; 3]));
    assert_eq!(arrived.len(), 1);
}

#[test]
fn one_without_end_is_given_up() {
    let nginx = Nginx::here();
    let (session, _) = block_on(nginx.session(nginx.environment("api"), &[Token::Valid]));
    for by in By::ALL {
        let mark = mark();
        let (status, body) = by.get(&session, &format!("/redirect/302/round?{mark}"));
        assert_eq!(status, None);
        assert_eq!(body.unwrap_err().kind(), ErrorKind::Protocol);
        assert_eq!(block_on(nginx.arrived(&mark)).len(), 11);
    }
}
