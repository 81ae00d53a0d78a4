//! What a session has to say about a request and its answers, without any server: each row of the table of `Dialogue`.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use session_core::{
    BasicEnvironment, Cause, Challenge, Credential, Environment, Error, ErrorKind, Exchange,
    Incoming, Outgoing, Result, Session, SessionHandle, Verdict,
};
use session_http::{Dialogue, Next, Refusal, StepUp};
use session_mock::{Call, MockClock, MockSession, Search, Step, Turn};
use url::Url;

const API: &str = "https://api.mock.test/orders";

/// An answer: its status, its `WWW-Authenticate`, and the certificate of who sent it.
#[derive(Clone, Copy)]
struct Answer {
    status: u16,
    challenge: &'static str,
    certificate: Option<&'static [u8]>,
}

const fn answer(status: u16, challenge: &'static str) -> Answer {
    Answer {
        status,
        challenge,
        certificate: None,
    }
}

const OK: Answer = answer(200, "");
const REFUSED: Answer = answer(401, "Bearer error=\"invalid_token\"");

fn head() -> Parts {
    http::Request::new(()).into_parts().0
}

fn url() -> Url {
    API.parse().unwrap()
}

/// What becomes of a request: the `Authorization` headers that were sent, and how it ended, all these answers having
/// been asked for and no more.
async fn play(
    mut dialogue: Dialogue<'_>,
    certificate: Option<&[u8]>,
    answers: &[Answer],
) -> (Vec<String>, Result<()>) {
    let mut sent = Vec::new();
    let mut answers = answers.iter();
    let mut outcome = dialogue.authorize(certificate).await.map(Next::Resend);
    while let Ok(Next::Resend(headers)) = outcome {
        sent.push(headers[header::AUTHORIZATION].to_str().unwrap().to_owned());
        let answer = answers.next().expect("no more requests are made than that");
        let status = StatusCode::from_u16(answer.status).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(answer.challenge),
        );
        let mut incoming = Incoming::new(status, &headers);
        incoming.peer_certificate = answer.certificate;
        outcome = dialogue.received(incoming).await;
    }
    assert_eq!(answers.len(), 0, "no fewer requests are made");
    (sent, outcome.map(drop))
}

/// As [`play`], with this session and a body that can be sent again, or cannot.
async fn request(
    session: &SessionHandle,
    is_repeatable: bool,
    answers: &[Answer],
) -> (Vec<String>, Result<()>) {
    let (url, head) = (url(), head());
    let dialogue = Dialogue::new(session, &url, &head).repeatable(is_repeatable);
    play(dialogue, None, answers).await
}

fn tokens() -> MockSession {
    MockSession::scripted([Step::bearer("a"), Step::bearer("b"), Step::bearer("c")])
}

async fn open(mock: &MockSession) -> SessionHandle {
    let session = mock.handle();
    session.init().await.unwrap();
    session
}

#[tokio::test]
async fn any_answer_but_a_401_is_the_callers() {
    let mock = tokens();
    let session = open(&mock).await;
    for status in [200, 204, 302, 400, 403, 404, 407, 500, 503] {
        let answers = [answer(status, REFUSED.challenge)];
        let (sent, outcome) = request(&session, true, &answers).await;
        outcome.unwrap();
        assert_eq!(sent, ["Bearer a"]);
    }
    assert_eq!(mock.calls(), [Call::Init]);
}

#[tokio::test]
async fn a_renewal_brings_no_more_scope_and_is_not_tried() {
    let mock = tokens();
    let session = open(&mock).await;
    let answers = [answer(403, "Bearer error=insufficient_scope, scope=\"x\"")];
    let (sent, outcome) = request(&session, true, &answers).await;
    outcome.unwrap();
    assert_eq!((sent.len(), mock.calls()), (1, vec![Call::Init]));
}

#[tokio::test]
async fn a_401_renews_and_repeats_once_whatever_it_says() {
    for challenge in [
        REFUSED.challenge,
        "Bearer",
        "",
        "Unheard-of x=1",
        "=\"malformed",
        "Bearer error=insufficient_user_authentication, acr_values=mfa",
    ] {
        let refused = answer(401, challenge);
        for last in [OK, refused] {
            let mock = tokens();
            let session = open(&mock).await;
            let (sent, outcome) = request(&session, true, &[refused, last]).await;
            outcome.unwrap();
            assert_eq!(sent, ["Bearer a", "Bearer b"], "{challenge}");
            assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
        }
    }
}

#[tokio::test]
async fn a_renewal_that_fails_is_the_error_unless_the_body_is_gone() {
    for is_repeatable in [true, false] {
        let mock = MockSession::scripted([Step::bearer("a"), Step::fail(ErrorKind::Denied)]);
        let session = open(&mock).await;
        let (_, outcome) = request(&session, is_repeatable, &[REFUSED]).await;
        let failure = outcome.err().map(|error| error.kind());
        assert_eq!(failure, is_repeatable.then_some(ErrorKind::Denied));
        assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_sent_again_is_not_and_the_next_request_is_fine() {
    let mock = tokens();
    let session = open(&mock).await;
    let (sent, outcome) = request(&session, false, &[REFUSED]).await;
    outcome.unwrap();
    assert_eq!(sent, ["Bearer a"]);
    let (sent, _) = request(&session, false, &[OK]).await;
    assert_eq!(sent, ["Bearer b"]);

    for turn in [Turn::resend(Step::bearer("second")), Turn::refused()] {
        let mock = MockSession::scripted([Step::per_request()]);
        mock.then_authorize(Step::bearer("first"), [turn]);
        let session = open(&mock).await;
        let (sent, outcome) = request(&session, false, &[REFUSED]).await;
        outcome.unwrap();
        assert_eq!(sent, ["Bearer first"]);
    }
}

#[tokio::test]
async fn what_was_replaced_meanwhile_is_not_renewed_again() {
    let mock = tokens();
    let session = open(&mock).await;
    let (url, head) = (url(), head());
    let mut late = Dialogue::new(&session, &url, &head);
    late.authorize(None).await.unwrap();
    request(&session, true, &[REFUSED, OK]).await.1.unwrap();
    let none = HeaderMap::new();
    let refusal = Incoming::new(StatusCode::UNAUTHORIZED, &none);
    let Next::Resend(headers) = late.received(refusal).await.unwrap() else {
        panic!("the next token may be good");
    };
    assert_eq!(headers[header::AUTHORIZATION], "Bearer b");
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
}

#[tokio::test]
async fn a_hop_after_a_renewal_renews_nothing() {
    let mock = tokens();
    let session = open(&mock).await;
    let (url, head) = (url(), head());
    let mut first = Dialogue::new(&session, &url, &head);
    assert!(!first.has_renewed());
    first.authorize(None).await.unwrap();
    let none = HeaderMap::new();
    let refusal = Incoming::new(StatusCode::UNAUTHORIZED, &none);
    let _ = first.received(refusal).await.unwrap();
    assert!(first.has_renewed());
    let next = Dialogue::new(&session, &url, &head).without_renewal();
    let (sent, outcome) = play(next, None, &[REFUSED]).await;
    outcome.unwrap();
    assert_eq!(sent, ["Bearer b"]);
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
}

#[tokio::test]
async fn each_attempt_begins_with_the_callers_own_headers() {
    let credential = Credential::bearer("a");
    let name = HeaderName::from_static("x-csrf");
    let both = [
        (header::AUTHORIZATION, "Bearer a".into()),
        (name.clone(), "old".into()),
    ];
    let mock = MockSession::scripted([
        Step::credential(Credential::headers(both)),
        Step::credential(credential),
    ]);
    let session = open(&mock).await;
    let (url, mut head) = (url(), head());
    head.headers
        .insert(header::AUTHORIZATION, HeaderValue::from_static("Basic own"));
    head.headers
        .insert(header::ACCEPT, HeaderValue::from_static("text/plain"));
    let mut dialogue = Dialogue::new(&session, &url, &head);
    let first = dialogue.authorize(None).await.unwrap();
    assert_eq!(
        (&first[header::AUTHORIZATION], &first[&name]),
        (
            &HeaderValue::from_static("Bearer a"),
            &HeaderValue::from_static("old")
        )
    );
    let none = HeaderMap::new();
    let refusal = Incoming::new(StatusCode::UNAUTHORIZED, &none);
    let Next::Resend(second) = dialogue.received(refusal).await.unwrap() else {
        panic!("it can be sent again");
    };
    assert!(second[header::AUTHORIZATION].is_sensitive());
    assert_eq!(second.len(), 2);
    assert_eq!(second[header::ACCEPT], "text/plain");
}

#[tokio::test]
async fn an_exchange_sees_every_answer_also_after_its_credential_expired() {
    let clock = MockClock::new();
    let minute = std::time::Duration::from_secs(60);
    let mock = MockSession::scripted([Step::per_request().expires_in(minute)]).by_clock(&clock);
    let turns = [
        Turn::resend(Step::bearer("second")),
        Turn::resend(Step::bearer("third")),
        Turn::done(),
    ];
    mock.then_authorize(Step::bearer("first"), turns);
    let session = open(&mock).await;
    let (url, head) = (url(), head());
    let mut dialogue = Dialogue::new(&session, &url, &head);
    let mut sent = vec![dialogue.authorize(None).await.unwrap()];
    for status in [401, 403, 200] {
        clock.advance(minute);
        let none = HeaderMap::new();
        let incoming = Incoming::new(StatusCode::from_u16(status).unwrap(), &none);
        if let Next::Resend(headers) = dialogue.received(incoming).await.unwrap() {
            sent.push(headers);
        }
    }
    let sent: Vec<_> = sent.iter().map(|it| &it[header::AUTHORIZATION]).collect();
    assert_eq!(sent, ["Bearer first", "Bearer second", "Bearer third"]);
    assert_eq!(mock.received(), [401, 403, 200]);
    assert_eq!(mock.count(Call::Authorize), 1);
    assert_eq!(mock.count(Call::Init), 1);
}

#[tokio::test]
async fn an_exchange_may_fail_a_success() {
    let mock = MockSession::scripted([Step::per_request()]);
    let impostor = Step::fail(ErrorKind::Denied);
    mock.then_authorize(Step::bearer("first"), [Turn::resend(impostor)]);
    let session = open(&mock).await;
    let (_, outcome) = request(&session, true, &[OK]).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn legs_come_to_an_end() {
    let mock = MockSession::scripted([Step::per_request()]);
    let turns = (0..20).map(|_| Turn::resend(Step::bearer("again")));
    mock.then_authorize(Step::bearer("first"), turns);
    let session = open(&mock).await;
    let (sent, outcome) = request(&session, true, &[REFUSED; Dialogue::MOST_LEGS]).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(sent.len(), 8);
    assert_eq!(mock.count(Call::Init), 1);
}

#[tokio::test]
async fn a_refused_exchange_is_followed_by_one_other() {
    for (last, answers) in [
        (Turn::done(), [REFUSED, OK]),
        (Turn::refused(), [REFUSED; 2]),
    ] {
        let mock = MockSession::scripted([Step::per_request()]);
        mock.then_authorize(Step::bearer("first"), [Turn::refused()]);
        mock.then_authorize(Step::bearer("second"), [last]);
        let session = open(&mock).await;
        let (sent, outcome) = request(&session, true, &answers).await;
        outcome.unwrap();
        assert_eq!(sent, ["Bearer first", "Bearer second"]);
        assert_eq!(mock.count(Call::RenewRefused), 1);
    }
}

#[tokio::test]
async fn an_authorization_without_exchange_is_refused_by_a_401() {
    let mock = MockSession::scripted([Step::per_request()]);
    let session = open(&mock).await;
    let (sent, outcome) = request(&session, true, &[REFUSED, OK]).await;
    outcome.unwrap();
    assert_eq!(sent, ["Mock 1", "Mock 2"]);
    assert_eq!(mock.count(Call::RenewRefused), 1);
}

#[tokio::test]
async fn what_a_proxy_wants_renews_nothing_and_is_not_answered() {
    let wanted = [answer(407, REFUSED.challenge)];
    for turn in [
        Turn::done(),
        Turn::refused(),
        Turn::resend(Step::bearer("second")),
    ] {
        let mock = MockSession::scripted([Step::per_request()]);
        mock.then_authorize(Step::bearer("first"), [turn]);
        let session = open(&mock).await;
        let (sent, outcome) = request(&session, true, &wanted).await;
        outcome.unwrap();
        assert_eq!(sent, ["Bearer first"]);
        assert_eq!(mock.received(), [407]);
        assert_eq!(mock.count(Call::RenewRefused), 0);
    }
    let mock = MockSession::scripted([Step::per_request()]);
    let impostor = Step::fail(ErrorKind::Denied);
    mock.then_authorize(Step::bearer("first"), [Turn::resend(impostor)]);
    let (_, outcome) = request(&open(&mock).await, true, &wanted).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_renewal_that_fails_comes_with_the_answer_that_made_it_necessary() {
    let mock = MockSession::scripted([Step::bearer("first"), Step::fail(ErrorKind::Denied)]);
    let session = open(&mock).await;
    let (url, head) = (url(), head());
    let mut dialogue = Dialogue::new(&session, &url, &head);
    dialogue.authorize(None).await.unwrap();
    let said = HeaderMap::from_iter([(header::SERVER, HeaderValue::from_static("s3cr3t"))]);
    let answer = Incoming::new(StatusCode::UNAUTHORIZED, &said);
    let error = dialogue.received(answer).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let refusal = Refusal::of(&error).unwrap();
    assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refusal.headers()[header::SERVER], "s3cr3t");
    assert!(!format!("{refusal} {refusal:?} {error:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn nothing_is_put_on_a_request_that_goes_elsewhere() {
    let mock = tokens();
    let session = open(&mock).await;
    let (evil, head) = ("https://evil.test/".parse().unwrap(), head());
    let mut dialogue = Dialogue::new(&session, &evil, &head);
    let error = dialogue.authorize(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    // There is nothing that a server could refuse.
    let none = HeaderMap::new();
    let refusal = Incoming::new(StatusCode::UNAUTHORIZED, &none);
    let next = dialogue.received(refusal).await.unwrap();
    assert!(matches!(next, Next::Done));
    assert_eq!(mock.calls(), [Call::Init]);
}

/// Says which program asks, beside its credential: one for all requests, or one for each.
#[derive(Debug)]
struct Named {
    environment: BasicEnvironment,
    headers: HeaderMap,
    is_per_request: bool,
}

#[async_trait]
impl Session for Named {
    fn scheme(&self) -> &'static str {
        "named"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    fn request_headers(&self) -> Option<&HeaderMap> {
        Some(&self.headers)
    }

    async fn init(&self) -> Result<Credential> {
        Ok(if self.is_per_request {
            Credential::per_request(())
        } else {
            Credential::bearer("t")
        })
    }
}

#[tokio::test]
async fn what_requests_say_besides_is_on_each_unless_it_says_so_itself() {
    let program = HeaderName::from_static("x-program");
    for is_per_request in [false, true] {
        let environment = BasicEnvironment::new("mock").service("api", API).unwrap();
        let value = HeaderValue::from_static("ours");
        let headers = HeaderMap::from_iter([(program.clone(), value)]);
        let session = SessionHandle::new(Named {
            environment,
            headers,
            is_per_request,
        });
        session.init().await.unwrap();
        let (url, mut head) = (url(), head());
        let sent = async |dialogue: Dialogue<'_>| {
            let mut dialogue = dialogue;
            dialogue
                .authorize(None)
                .await
                .unwrap()
                .get(&program)
                .cloned()
        };
        let plain = Dialogue::new(&session, &url, &head);
        assert_eq!(sent(plain).await.unwrap(), "ours");
        let bare = Dialogue::new(&session, &url, &head).bare();
        assert_eq!(sent(bare).await, None);
        head.headers
            .insert(&program, HeaderValue::from_static("callers"));
        let own = Dialogue::new(&session, &url, &head);
        assert_eq!(sent(own).await.unwrap(), "callers");
    }
}

/// Binds each authorization to a certificate and a nonce, and notes what it sees.
#[derive(Clone, Debug)]
struct Binding {
    environment: BasicEnvironment,
    noted: Arc<Mutex<Noted>>,
}

#[derive(Debug, Default)]
struct Noted {
    nonce: String,
    requests: Vec<String>,
    refusals: Vec<Challenge>,
    renewals: usize,
    /// Why the server refuses.
    reason: Option<&'static str>,
}

#[async_trait]
impl Session for Binding {
    fn scheme(&self) -> &'static str {
        "binding"
    }

    fn environment(&self) -> &dyn Environment {
        &self.environment
    }

    async fn init(&self) -> Result<Credential> {
        Ok(Credential::per_request(()))
    }

    async fn renew(&self, _: &Credential, why: Cause<'_>) -> Result<Credential> {
        let mut noted = self.noted.lock().unwrap();
        noted.renewals += 1;
        if let Cause::Refused(challenges) = why {
            noted.refusals.extend_from_slice(challenges);
        }
        Ok(Credential::per_request(()))
    }

    async fn authorize(
        &self,
        _: &Credential,
        request: Outgoing<'_>,
    ) -> Result<Option<Box<dyn Exchange>>> {
        let mut noted = self.noted.lock().unwrap();
        let head = request.request;
        noted.requests.push(format!("{} {}", head.method, head.uri));
        let certificate = String::from_utf8_lossy(request.peer_certificate.unwrap_or(b"-"));
        let value = format!("{certificate} {}", noted.nonce).trim().to_owned();
        let value = HeaderValue::from_str(&value)
            .map_err(|_| Error::new(ErrorKind::Protocol, "no header value"))?;
        head.headers.insert(header::AUTHORIZATION, value);
        Ok(Some(Box::new(Listening(self.clone()))))
    }
}

/// Learns a nonce from any answer.
struct Listening(Binding);

#[async_trait]
impl Exchange for Listening {
    async fn received(&mut self, answer: Incoming<'_>, _: &mut Parts) -> Result<Verdict> {
        let nonce = answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        nonce.clone_into(&mut self.0.noted.lock().unwrap().nonce);
        Ok(match answer.status {
            StatusCode::UNAUTHORIZED => Verdict::Refused,
            _ => Verdict::Done,
        })
    }

    fn refusal(&mut self) -> Option<Error> {
        let reason = self.0.noted.lock().unwrap().reason;
        reason.map(|reason| Error::new(ErrorKind::Denied, reason))
    }
}

async fn binding() -> (SessionHandle, Arc<Mutex<Noted>>) {
    let noted = Arc::<Mutex<Noted>>::default();
    let session = SessionHandle::new(Binding {
        environment: BasicEnvironment::new("test").service("api", API).unwrap(),
        noted: Arc::clone(&noted),
    });
    session.init().await.unwrap();
    (session, noted)
}

fn from(certificate: &'static [u8], answer: Answer) -> Answer {
    Answer {
        certificate: Some(certificate),
        ..answer
    }
}

#[tokio::test]
async fn a_nonce_on_a_success_reaches_the_next_request() {
    let (session, _) = binding().await;
    let (sent, _) = request(&session, true, &[answer(200, "nonce-1")]).await;
    assert_eq!(sent, ["-"]);
    let (sent, _) = request(&session, true, &[answer(200, "nonce-2")]).await;
    assert_eq!(sent, ["- nonce-1"]);
}

#[tokio::test]
async fn what_a_backend_puts_on_is_sensitive_whether_it_says_so_or_not() {
    let (session, _) = binding().await;
    let (url, mut head) = (url(), head());
    let own = HeaderValue::from_static("own");
    head.headers.insert("x-own", own);
    let mut dialogue = Dialogue::new(&session, &url, &head);
    let headers = dialogue.authorize(None).await.unwrap();
    assert!(headers[header::AUTHORIZATION].is_sensitive());
    assert!(!headers["x-own"].is_sensitive());
}

#[tokio::test]
async fn backends_see_where_a_request_goes() {
    let (session, noted) = binding().await;
    let (url, mut head) = (url(), head());
    head.method = http::Method::PUT;
    head.uri = http::Uri::from_static("/orders");
    let dialogue = Dialogue::new(&session, &url, &head);
    play(dialogue, None, &[OK]).await.1.unwrap();
    assert_eq!(noted.lock().unwrap().requests, [format!("PUT {API}")]);
}

#[tokio::test]
async fn another_certificate_has_the_authorization_made_anew_once() {
    let refused = answer(401, "");
    let (one, two) = (b"one".as_slice(), b"two".as_slice());
    for (known, answers, sent, renewals) in [
        // Not known before, or another than it was.
        (
            None,
            vec![from(one, refused), from(one, OK)],
            vec!["-", "one"],
            0,
        ),
        (
            Some(one),
            vec![from(two, refused), from(two, OK)],
            vec!["one", "two"],
            0,
        ),
        // What the certificate did not mend, a renewal may.
        (
            Some(one),
            vec![from(two, refused), from(two, refused), from(two, OK)],
            vec!["one", "two", "two"],
            1,
        ),
        // Who changes it each time is not followed, and may have nothing against the credential.
        (
            Some(one),
            vec![from(two, refused), from(one, refused)],
            vec!["one", "two"],
            0,
        ),
        (
            Some(one),
            vec![from(one, refused), from(two, refused), from(one, refused)],
            vec!["one", "one", "two"],
            1,
        ),
        // The same one, and an answer that does not show any.
        (
            Some(one),
            vec![from(one, refused), from(one, OK)],
            vec!["one", "one"],
            1,
        ),
        (Some(one), vec![refused, OK], vec!["one", "one"], 1),
        // Nobody complains.
        (Some(one), vec![from(two, OK)], vec!["one"], 0),
    ] {
        let (session, noted) = binding().await;
        let (url, head) = (url(), head());
        let dialogue = Dialogue::new(&session, &url, &head);
        let (attempts, outcome) = play(dialogue, known, &answers).await;
        outcome.unwrap();
        assert_eq!(attempts, sent);
        assert_eq!(noted.lock().unwrap().renewals, renewals);
    }
}

#[tokio::test]
async fn a_refusal_for_which_the_scheme_has_a_reason_fails_with_it_once_nothing_else_can_be_tried()
{
    let refused = answer(401, "Negotiate");
    let (session, noted) = binding().await;
    noted.lock().unwrap().reason = Some("the server's keytab is stale");
    let reason = |outcome: Result<()>| outcome.unwrap_err().to_string();
    // With another credential it may be taken.
    let (sent, outcome) = request(&session, true, &[refused, OK]).await;
    outcome.unwrap();
    assert_eq!(sent.len(), 2);
    // That one is of now: so it is not replaced.
    let (sent, outcome) = request(&session, true, &[refused]).await;
    assert_eq!(reason(outcome), "the server's keytab is stale");
    assert_eq!(sent.len(), 1);
    let (session, noted) = binding().await;
    noted.lock().unwrap().reason = Some("the server's keytab is stale");
    let (_, outcome) = request(&session, true, &[refused; 2]).await;
    assert_eq!(reason(outcome), "the server's keytab is stale");
    assert_eq!(noted.lock().unwrap().renewals, 1);
    // Where the certificate is another, that comes first.
    let (session, noted) = binding().await;
    noted.lock().unwrap().reason = Some("bad bindings");
    let (url, head) = (url(), head());
    let dialogue = Dialogue::new(&session, &url, &head);
    let answers = [from(b"two", refused), from(b"two", OK)];
    let (sent, outcome) = play(dialogue, Some(b"one"), &answers).await;
    outcome.unwrap();
    assert_eq!(sent.len(), 2);
    assert_eq!(noted.lock().unwrap().renewals, 0);
}

#[tokio::test]
async fn another_certificate_says_nothing_about_the_credential() {
    let refused = from(b"two", answer(401, ""));
    // A body that is gone.
    let (session, noted) = binding().await;
    let (url, head) = (url(), head());
    let dialogue = Dialogue::new(&session, &url, &head).repeatable(false);
    let (sent, outcome) = play(dialogue, Some(b"one"), &[refused]).await;
    outcome.unwrap();
    assert_eq!(sent, ["one"]);
    assert_eq!(noted.lock().unwrap().renewals, 0);
    // Nor does it mean anything to headers that are the same for all requests.
    let mock = tokens();
    let session = open(&mock).await;
    let dialogue = Dialogue::new(&session, &url, &head);
    let (sent, _) = play(dialogue, Some(b"one"), &[refused, refused]).await;
    assert_eq!(sent, ["Bearer a", "Bearer b"]);
    assert_eq!(mock.calls(), [Call::Init, Call::RenewRefused]);
}

#[tokio::test]
async fn the_backend_learns_once_how_to_step_up() {
    let wanted =
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold silver\", max_age=5";
    let (session, noted) = binding().await;
    let (_, outcome) = request(&session, true, &[answer(401, wanted); 2]).await;
    outcome.unwrap();
    let noted = noted.lock().unwrap();
    assert_eq!((noted.renewals, noted.refusals.len()), (1, 1));
    let wanted = StepUp::of(&noted.refusals).unwrap();
    assert!(!wanted.is_for_scope());
    assert!(wanted.acr_values().eq(["gold", "silver"]));
    assert_eq!(wanted.max_age().unwrap().as_secs(), 5);
}

#[test]
fn what_is_wanted_is_read_from_the_challenges_that_say_so() {
    let bearer = |error| Challenge::new("bearer").with_parameter("error", error);
    let scope = bearer("insufficient_scope").with_parameter("scope", " read  wr\"ite \u{e9} admin");
    let others = [
        Challenge::new("Basic").with_parameter("error", "insufficient_scope"),
        bearer("invalid_token"),
        Challenge::new("Bearer"),
    ];
    assert!(StepUp::of(&others).is_none());
    let all = [&others[..], &[scope]].concat();
    let wanted = StepUp::of(&all).unwrap();
    assert!(wanted.is_for_scope());
    assert!(wanted.scope().eq(["read", "admin"]), "others are no scope");
    assert_eq!(wanted.acr_values().count(), 0);
    for max_age in ["", "-1", "+1", "soon", "99999999999999999999"] {
        let wanted = [Challenge::new("DPoP")
            .with_parameter("error", "insufficient_user_authentication")
            .with_parameter("max_age", max_age)];
        assert_eq!(StepUp::of(&wanted).unwrap().max_age(), None, "{max_age}");
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    const CANARY: &str = "c4n4ry+/s3cr3t";
    let mock = MockSession::scripted([Step::bearer(CANARY)]);
    let session = open(&mock).await;
    let (mut url, mut head) = (url(), head());
    url.set_query(Some(CANARY));
    head.headers
        .insert("x-own", HeaderValue::from_static(CANARY));
    let mut dialogue = Dialogue::new(&session, &url, &head);
    dialogue.authorize(None).await.unwrap();
    let wanted = [Challenge::new("Bearer")
        .with_parameter("error", "insufficient_scope")
        .with_parameter("scope", CANARY)];
    let shown = format!("{dialogue:?} {:?}", StepUp::of(&wanted));
    Search::new([CANARY]).assert_silent(&shown);
}
