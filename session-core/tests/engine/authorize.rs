//! What a request gets, and where it may go.

use std::time::Duration;

use crate::support::{API, authorize, authorize_with, parts, text};
use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use session_core::{
    BasicEnvironment, Credential, Environment, ErrorKind, Exchange, Incoming, Outgoing, Result,
    Secret, Session, SessionHandle, Verdict,
};
use session_mock::{MockClock, MockSession, Step};
use url::Url;

async fn open(credential: Credential) -> SessionHandle {
    let session = MockSession::scripted([Step::credential(credential)]).handle();
    session.init().await.unwrap();
    session
}

#[tokio::test]
async fn headers_replace_the_callers_and_are_marked_sensitive() {
    let session = open(Credential::headers([
        (header::AUTHORIZATION, Secret::new("Bearer t")),
        (HeaderName::from_static("x-csrf-token"), Secret::new("c")),
    ]))
    .await;
    let mut callers = HeaderMap::new();
    callers.append(header::AUTHORIZATION, HeaderValue::from_static("Basic x"));
    callers.append(header::AUTHORIZATION, HeaderValue::from_static("Basic y"));
    callers.append(header::ACCEPT, HeaderValue::from_static("text/plain"));
    let (headers, receipt) = authorize_with(&session, API, callers).await.unwrap();

    assert_eq!(headers.get_all(header::AUTHORIZATION).iter().count(), 1);
    assert_eq!(text(&headers, "authorization"), "Bearer t");
    assert_eq!(text(&headers, "x-csrf-token"), "c");
    assert_eq!(text(&headers, "accept"), "text/plain");
    assert!(headers[header::AUTHORIZATION].is_sensitive());
    assert!(headers["x-csrf-token"].is_sensitive());
    assert_eq!(receipt.generation(), 1);
}

#[tokio::test]
async fn cookies_merge_and_the_sessions_win() {
    let session = open(Credential::headers([(
        header::COOKIE,
        Secret::new("sid=new; csrf=1"),
    )]))
    .await;
    let mut callers = HeaderMap::new();
    callers.append(
        header::COOKIE,
        HeaderValue::from_static("theme=dark;sid=old; "),
    );
    callers.append(header::COOKIE, HeaderValue::from_static("flag; sidx=keep"));
    let (headers, _) = authorize_with(&session, API, callers).await.unwrap();
    assert_eq!(headers.get_all(header::COOKIE).iter().count(), 1);
    assert_eq!(
        text(&headers, "cookie"),
        "theme=dark; sid=new; flag; sidx=keep; csrf=1",
        "in the caller's order, with the session's value"
    );
    assert!(headers[header::COOKIE].is_sensitive());

    let (headers, _) = authorize(&session, API).await.unwrap();
    assert_eq!(text(&headers, "cookie"), "sid=new; csrf=1");

    // Those of the caller's are its own where the session has none.
    let session = open(Credential::bearer("t")).await;
    let mut callers = HeaderMap::new();
    callers.append(header::COOKIE, HeaderValue::from_static("theme=dark"));
    let (headers, _) = authorize_with(&session, API, callers).await.unwrap();
    assert_eq!(text(&headers, "cookie"), "theme=dark");
    assert_eq!(text(&headers, "authorization"), "Bearer t");
}

#[tokio::test]
async fn a_credential_goes_only_where_it_belongs() {
    let environment = BasicEnvironment::new("qa")
        .service("api", "https://api.example.com/v1/")
        .and_then(|qa| qa.service("stream", "wss://stream.example.com"))
        .and_then(|qa| qa.service("local", "http://127.0.0.1:8080/"))
        .and_then(|qa| qa.service("odd", "https://odd.example.com:8443/"))
        .unwrap();
    let session = MockSession::bearer("t")
        .in_environment(environment)
        .handle();
    session.init().await.unwrap();
    for allowed in [
        "https://api.example.com",
        "https://API.example.com:443/v2/x?y#z",
        "wss://api.example.com/socket",
        "https://stream.example.com/",
        "http://127.0.0.1:8080/x",
        "ws://127.0.0.1:8080/x",
        "https://odd.example.com:8443/",
    ] {
        let (headers, _) = authorize(&session, allowed).await.expect(allowed);
        assert_eq!(text(&headers, "authorization"), "Bearer t");
    }
    for (forbidden, why) in [
        (
            "https://evil.example.com/",
            "none of the environment's services",
        ),
        (
            "https://api.example.com.evil.com/",
            "none of the environment's services",
        ),
        (
            "https://api.example.com:8443/",
            "none of the environment's services",
        ),
        (
            "https://odd.example.com/",
            "none of the environment's services",
        ),
        (
            "https://127.0.0.1:8080/",
            "none of the environment's services",
        ),
        (
            "http://127.0.0.1:8081/",
            "none of the environment's services",
        ),
        (
            "http://localhost:8080/",
            "none of the environment's services",
        ),
        ("http://api.example.com/", "not encrypted"),
        ("ws://stream.example.com/", "not encrypted"),
        ("ftp://api.example.com/", "not encrypted"),
        ("data:text/plain,x", "not encrypted"),
        ("https://user@api.example.com/", "a user or a password"),
        ("https://:pass@api.example.com/", "a user or a password"),
        (
            "https://api.example.com@evil.example.com/",
            "a user or a password",
        ),
    ] {
        let error = authorize(&session, forbidden).await.expect_err(forbidden);
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{forbidden}");
        assert!(error.to_string().contains(why), "{forbidden}: {error}");
        assert!(error.to_string().contains("`mock` (qa)"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_url_is_not_repeated_in_full() {
    let session = open(Credential::bearer("t")).await;
    let error = authorize(
        &session,
        "https://me:hunter2@evil.test/reset/abc123?key=s3cret",
    )
    .await;
    let text = format!("{:?}", error.unwrap_err());
    assert!(text.contains("https://evil.test"), "{text}");
    for secret in ["hunter2", "abc123", "s3cret", "me:"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn even_an_environment_that_allows_all_sends_nothing_unencrypted() {
    #[derive(Debug)]
    struct Everywhere(BasicEnvironment);
    impl Environment for Everywhere {
        fn name(&self) -> &'static str {
            "everywhere"
        }
        fn services(&self) -> &session_core::Services {
            self.0.services()
        }
        fn allows(&self, _target: &Url) -> bool {
            true
        }
    }
    #[derive(Debug)]
    struct Careless(Everywhere);
    #[async_trait]
    impl Session for Careless {
        fn scheme(&self) -> &'static str {
            "careless"
        }
        fn environment(&self) -> &dyn Environment {
            &self.0
        }
        async fn init(&self) -> Result<Credential> {
            Ok(Credential::bearer("t"))
        }
    }
    let session = SessionHandle::new(Careless(Everywhere(BasicEnvironment::new("all"))));
    session.init().await.unwrap();
    assert!(
        authorize(&session, "https://anywhere.example/")
            .await
            .is_ok()
    );
    let error = authorize(&session, "http://anywhere.example/")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    session.close().await.unwrap();
}

#[tokio::test]
async fn what_needs_no_waiting_is_put_on_at_once_or_not_at_all() {
    let clock = MockClock::new();
    let minute = Duration::from_secs(60);
    let steps = [Step::bearer("t").expires_in(minute), Step::per_request()];
    let mock = MockSession::scripted(steps).by_clock(&clock);
    let session = mock.handle();
    let (url, evil): (Url, Url) = (
        API.parse().unwrap(),
        "https://evil.example/".parse().unwrap(),
    );
    let mut headers = HeaderMap::new();
    let mut now = |url| session.authorize_now(url, &mut headers);
    assert!(now(&url).unwrap().is_none(), "it is closed");
    session.init().await.unwrap();
    assert_eq!(now(&evil).unwrap_err().kind(), ErrorKind::Forbidden);
    let receipt = now(&url).unwrap().unwrap();
    assert_eq!(receipt.generation(), 1);
    assert!(!receipt.is_of_one_request());
    assert_eq!(text(&headers, "authorization"), "Bearer t");

    clock.advance(2 * minute);
    let mut headers = HeaderMap::new();
    let mut now = |url| session.authorize_now(url, &mut headers);
    assert!(now(&url).unwrap().is_none(), "it has expired");
    let (_, receipt) = authorize(&session, API).await.unwrap();
    assert!(receipt.is_of_one_request());
    assert!(
        now(&url).unwrap().is_none(),
        "each request gets its own authorization"
    );
    assert!(headers.is_empty());
}

/// Each request gets its own header, and a dialogue of two legs.
#[derive(Debug)]
struct PerRequest(BasicEnvironment);

struct Dialogue;

#[async_trait]
impl Session for PerRequest {
    fn scheme(&self) -> &'static str {
        "per-request"
    }
    fn environment(&self) -> &dyn Environment {
        &self.0
    }
    async fn init(&self) -> Result<Credential> {
        Ok(Credential::per_request(17_u8))
    }
    async fn authorize(
        &self,
        credential: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let key = credential.state::<u8>().expect("the state that init gave");
        let peer = request.peer_certificate.map_or(0, <[u8]>::len);
        let value = format!("Proof {key}-{}-{peer}", request.url.path());
        let value = HeaderValue::try_from(value).expect("a path is a valid header value");
        request.request.headers.insert(header::AUTHORIZATION, value);
        Ok(Some(Box::new(Dialogue)))
    }
}

#[async_trait]
impl Exchange for Dialogue {
    async fn received(
        &mut self,
        answer: Incoming<'_>,
        next: &mut http::request::Parts,
    ) -> Result<Verdict> {
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(Verdict::Done);
        }
        let peer = answer.peer_certificate.map_or(0, <[u8]>::len);
        next.headers.insert("x-leg", HeaderValue::from(peer));
        Ok(Verdict::Resend)
    }
}

#[tokio::test]
async fn a_scheme_may_authorize_each_request_and_hear_the_answers() {
    let environment = BasicEnvironment::new("qa")
        .service("api", "https://api.test/")
        .unwrap();
    let session = SessionHandle::new(PerRequest(environment));
    session.init().await.unwrap();
    let url = Url::parse("https://api.test/orders").unwrap();
    let mut head = parts();
    let outgoing = Outgoing::new(&url, &mut head).with_peer_certificate(b"abc");
    let mut receipt = session.authorize(outgoing).await.unwrap();
    assert_eq!(text(&head.headers, "authorization"), "Proof 17-/orders-3");
    assert!(format!("{receipt:?}").contains("exchange: true"));

    let (exchange, none) = (receipt.exchange().unwrap(), HeaderMap::new());
    let answer = Incoming::new(StatusCode::UNAUTHORIZED, &none).with_peer_certificate(b"ab");
    let verdict = exchange.received(answer, &mut head).await.unwrap();
    assert_eq!(
        (verdict, text(&head.headers, "x-leg").as_str()),
        (Verdict::Resend, "2")
    );
    let verdict = exchange
        .received(Incoming::new(StatusCode::OK, &none), &mut head)
        .await
        .unwrap();
    assert_eq!(verdict, Verdict::Done);
}

#[tokio::test]
async fn a_scheme_with_headers_is_not_asked_for_each_request() {
    let session = open(Credential::bearer("t")).await;
    let (_, mut receipt) = authorize(&session, API).await.unwrap();
    assert!(receipt.exchange().is_none());
}

#[tokio::test]
async fn the_credential_is_there_for_programs_that_send_by_themselves() {
    let kept = Credential::bearer("t")
        .keep("refresh_token", Secret::new("r"))
        .scopes(["read"]);
    let credential = open(kept).await.credential().await.unwrap();
    assert_eq!(
        credential.header(&header::AUTHORIZATION).unwrap().expose(),
        b"Bearer t"
    );
    assert_eq!(credential.kept("refresh_token").unwrap().expose(), b"r");
    assert_eq!(credential.granted_scopes(), ["read"]);
}
