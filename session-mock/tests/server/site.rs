//! A site of one's own in place of the API, and what the log keeps of the wire.

use http::{HeaderValue, Method, StatusCode};
use session_mock::{Kind, Outage, Provider, Reply, Request, Site};

use crate::wire::{Wire, ask, get, get_with_token, token};

fn orders(request: &Request<'_>) -> Reply {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method(), &segments[..]) {
        (&Method::GET, ["orders", id]) if request.client_id().is_some() => {
            Reply::json(StatusCode::OK, format!("\"{id}\""))
        }
        (_, ["orders", ..]) => Reply::status(StatusCode::UNAUTHORIZED),
        (_, ["page"]) => Reply::body(
            StatusCode::OK,
            HeaderValue::from_static("text/plain"),
            format!("{:?}", request.parameter("q")),
        ),
        (_, ["close"]) => Outage::close().into(),
        (_, ["cut"]) => Outage::cut_after(StatusCode::CREATED, "{\"a\":").into(),
        _ => Reply::status(StatusCode::NOT_FOUND),
    }
}

#[test]
fn it_answers_all_that_is_not_the_providers_own() {
    let provider = Provider::builder().site(orders).start().unwrap();
    assert_eq!(provider.api().path(), "/");
    let token = token(&provider);
    let answer = ask(&provider, get_with_token("/orders/%C3%A9%2F", &token));
    assert_eq!((answer.status, answer.text()), (200, "\"é/\""));
    assert_eq!(ask(&provider, get("/orders/7", "")).status, 401);
    provider.refuse();
    assert_eq!(
        ask(&provider, get_with_token("/orders/7", &token)).status,
        401
    );
    let page = ask(&provider, get("/page?q=a+b", ""));
    assert_eq!(
        (page.text(), page.header("content-type")),
        ("Some(\"a b\")", Some("text/plain"))
    );
    assert_eq!(ask(&provider, get("/api/orders", "")).status, 404);
    assert_eq!(
        (provider.count(Kind::Token), provider.count(Kind::Api)),
        (1, 5)
    );
    // It is scripted as the provider's own is.
    provider.fail_next(Kind::Api, 1, Outage::status(StatusCode::BAD_GATEWAY));
    assert_eq!(ask(&provider, get("/page", "")).status, 502);
}

#[test]
fn it_fails_in_all_ways_that_an_outage_does() {
    let provider = Provider::builder().site(orders).start().unwrap();
    let mut wire = Wire::to(&provider);
    wire.send(get("/close", ""));
    assert_eq!(wire.rest().unwrap(), b"");
    let mut wire = Wire::to(&provider);
    wire.send(get("/cut", ""));
    let rest = String::from_utf8(wire.rest().unwrap()).unwrap();
    assert!(
        rest.starts_with("HTTP/1.1 201 ") && rest.ends_with("\r\n\r\n{\"a\":"),
        "{rest}"
    );
}

#[test]
fn one_without_a_token_endpoint_is_asked_for_everything() {
    struct All;
    impl Site for All {
        fn token_path(&self) -> Option<&str> {
            None
        }
        fn answer(&self, request: &Request<'_>) -> Reply {
            Reply::json(StatusCode::OK, request.target())
        }
    }
    let provider = Provider::builder().site(All).start().unwrap();
    for target in ["/token?a=b", "/revoke", "/.well-known/openid-configuration"] {
        assert_eq!(ask(&provider, get(target, "")).text(), target);
    }
    assert_eq!(provider.count(Kind::Api), 3);
}

#[test]
fn headers_are_logged_as_they_were_on_the_wire() {
    let provider = Provider::start().unwrap();
    let mut wire = Wire::to(&provider);
    let body = "POST /api/a HTTP/1.1\r\nHost: provider\r\nContent-Length: 4\r\nZ-Last: 1\r\na-first:2\r\n\
        Z-last:  3 \r\n\r\n\r\n\r\n";
    wire.ask(body);
    wire.ask("PUT /api/b HTTP/1.1\r\nhost: provider\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
    wire.ask(get("/api/c", "X-Three: private\r\n"));
    ask(&provider, get("/api/d", ""));
    let log = provider.log();
    let headers = |index: usize| {
        let headers = log[index].headers().into_iter();
        let headers =
            headers.map(|(name, value)| format!("{name}={}", str::from_utf8(value).unwrap()));
        headers.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        headers(0),
        "Host=provider Content-Length=4 Z-Last=1 a-first=2 Z-last=3"
    );
    assert_eq!(headers(1), "host=provider Transfer-Encoding=chunked");
    assert_eq!(headers(2), "host=provider X-Three=private");
    let connections: Vec<_> = log.iter().map(session_mock::Entry::connection).collect();
    assert_eq!(connections, [1, 1, 1, 2]);
    assert!(!format!("{log:?}").contains("private"));
}
