//! One request's Negotiate (RFC 4559), as its client has it.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, DATE},
    request::Parts,
};
use httpdate::{fmt_http_date, parse_http_date};
use session_core::{
    Clock, Error, ErrorKind, Exchange, Incoming, Result, Secret, SystemClock, Verdict,
};
use session_http::challenges;
use zeroize::Zeroizing;

use crate::{
    Mutual,
    mechanism::{Initiator, Progress},
};

/// Puts a token on a request.
pub(crate) fn put(token: &[u8], request: &mut Parts) {
    request.headers.insert(AUTHORIZATION, header(token));
}

/// A token as a server or a proxy gets it.
pub(crate) fn header(token: &[u8]) -> HeaderValue {
    let token = Zeroizing::new(STANDARD.encode(token));
    let value = Secret::prefixed("Negotiate ", token.as_bytes()).header_value();
    value.expect("base64 is made of characters that any header can carry")
}

/// A request's context with the server, and what its answers must be like.
pub(crate) struct Negotiation {
    /// None once it has come to an end.
    initiator: Option<Box<dyn Initiator>>,
    mutual: Mutual,
    service: String,
    /// Why the server has refused.
    refusal: Option<Error>,
}

impl Negotiation {
    pub(crate) fn new(initiator: Box<dyn Initiator>, mutual: Mutual, service: String) -> Self {
        Self {
            initiator: Some(initiator),
            mutual,
            service,
            refusal: None,
        }
    }

    fn step(&mut self, token: &[u8]) -> Result<Progress> {
        let Some(mut initiator) = self.initiator.take() else {
            return Err(self.error("sends a token after the last one"));
        };
        let progress = initiator.step(token)?;
        if let Progress::Continues(_) = progress {
            self.initiator = Some(initiator);
        }
        Ok(progress)
    }

    /// What an answer with a token comes to.
    fn with_token(
        &mut self,
        token: &[u8],
        answer: Incoming<'_>,
        next: &mut Parts,
    ) -> Result<Verdict> {
        let status = answer.status;
        let is_refused = status == StatusCode::UNAUTHORIZED;
        match self.step(token) {
            Ok(Progress::Continues(token)) if is_refused => {
                put(&token, next);
                Ok(Verdict::Resend)
            }
            Ok(Progress::Continues(_)) => Err(self.error("does not finish what it began")),
            Ok(Progress::Complete { is_mutual: false }) if self.mutual == Mutual::Required => {
                Err(self.error("does not prove who it is"))
            }
            // It knows who we are, so a 401 is about something else.
            Ok(Progress::Complete { .. }) => Ok(Verdict::Done),
            // Tickets that were got anew may do: a server gets other keys, or forgets that it has restarted.
            Err(error) => {
                let error = with_clocks(error, answer.headers, SystemClock.wall());
                if !is_refused {
                    return Err(error);
                }
                tracing::debug!(service = %self.service, %error, "the server refuses the token");
                self.refusal = Some(error);
                Ok(Verdict::Refused)
            }
        }
    }

    fn without_token(&self, status: StatusCode) -> Result<Verdict> {
        if status == StatusCode::UNAUTHORIZED {
            return Ok(Verdict::Refused);
        }
        // What says no may come from something before the server, which has no part in this.
        let is_taken_at_its_word = status.is_client_error() || status.is_server_error();
        if self.mutual == Mutual::Required && self.initiator.is_some() && !is_taken_at_its_word {
            return Err(self.error("does not prove who it is"));
        }
        Ok(Verdict::Done)
    }

    fn error(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Protocol,
            format!(
                "`{}` {what} (Negotiate, RFC 4559); if it is the right server and cannot do better, set `mutual` to \
                 `if-present`, or `off`",
                self.service
            ),
        )
    }
}

/// Says what the clocks say, where that may be the reason: Kerberos takes five minutes, as a rule.
fn with_clocks(error: Error, answer: &HeaderMap, ours: SystemTime) -> Error {
    const TOLERABLE: Duration = Duration::from_secs(60);
    let theirs = answer.get(DATE).and_then(|date| date.to_str().ok());
    let Some(theirs) = theirs.and_then(|date| parse_http_date(date).ok()) else {
        return error;
    };
    let difference = theirs.duration_since(ours);
    if difference.unwrap_or_else(|negative| negative.duration()) < TOLERABLE {
        return error;
    }
    let [ours, theirs] = [ours, theirs].map(fmt_http_date);
    let clocks = format!("this machine's clock says {ours}, the server's {theirs}");
    Error::new(error.kind(), format!("{error}; {clocks}"))
}

#[async_trait]
impl Exchange for Negotiation {
    async fn received(&mut self, answer: Incoming<'_>, next: &mut Parts) -> Result<Verdict> {
        let status = answer.status;
        // A proxy's 407 has nothing of the server.
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Ok(Verdict::Done);
        }
        let challenges = challenges(answer.headers);
        let token = challenges
            .iter()
            .filter(|challenge| challenge.is("negotiate"))
            .find_map(|challenge| challenge.token68());
        let Some(token) = token else {
            return self.without_token(status);
        };
        if self.mutual == Mutual::Off && status != StatusCode::UNAUTHORIZED {
            return Ok(Verdict::Done);
        }
        match STANDARD.decode(token.expose()) {
            Ok(token) => self.with_token(&token, answer, next),
            Err(_) => Err(self.error("sends a token that is not base64")),
        }
    }

    fn refusal(&mut self) -> Option<Error> {
        self.refusal.take()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{Request, header::WWW_AUTHENTICATE};
    use session_core::SessionHandle;
    use session_http::{Dialogue, Next};
    use session_mock::MockClock;
    use url::Url;

    use super::*;
    use crate::{Kerberos, fake::Fake};

    async fn session(mutual: Mutual) -> SessionHandle {
        let builder = Kerberos::default_cache().api("https://api.example.com/");
        let mut session = builder.mutual(mutual).build().unwrap();
        session.mechanism = Arc::new(Fake::default());
        let session = SessionHandle::new(session);
        session.init().await.unwrap();
        session
    }

    /// What comes of answers, each a status and a token, to one request.
    async fn outcome(mutual: Mutual, answers: &[(u16, Option<&str>)]) -> String {
        let session = session(mutual).await;
        let url = Url::parse("https://api.example.com/").unwrap();
        let head = Request::new(()).into_parts().0;
        let mut dialogue = Dialogue::new(&session, &url, &head);
        let mut said = vec![token(&dialogue.authorize(None).await.unwrap())];
        for (status, token_of_server) in answers {
            let mut headers = HeaderMap::new();
            if let Some(token) = token_of_server {
                let value = format!("Basic realm=\"x\", negotiate {}", STANDARD.encode(token));
                headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
            }
            let status = StatusCode::from_u16(*status).unwrap();
            match dialogue.received(Incoming::new(status, &headers)).await {
                Ok(Next::Resend(headers)) => said.push(token(&headers)),
                Ok(_) => said.push("done".into()),
                Err(error) => said.push(format!("{:?}", error.kind())),
            }
        }
        said.push(session.status().generation.to_string());
        said.join(" ")
    }

    fn token(headers: &HeaderMap) -> String {
        assert!(headers[AUTHORIZATION].is_sensitive());
        let value = headers[AUTHORIZATION].to_str().unwrap();
        let token = STANDARD.decode(value.strip_prefix("Negotiate ").unwrap());
        String::from_utf8(token.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn what_comes_of_an_answer() {
        use Mutual::{IfPresent, Off, Required};
        for (mutual, answers, expected) in [
            (Required, &[(200, Some("proof"))][..], "hello done 1"),
            (Required, &[(200, Some("no proof"))], "hello Protocol 1"),
            (Required, &[(200, Some("nonsense"))], "hello Denied 1"),
            (Required, &[(200, None)], "hello Protocol 1"),
            (Required, &[(302, None)], "hello Protocol 1"),
            (Required, &[(404, None)], "hello done 1"),
            (Required, &[(502, None)], "hello done 1"),
            (Required, &[(404, Some("nonsense"))], "hello Denied 1"),
            (Required, &[(407, None)], "hello done 1"),
            (IfPresent, &[(200, None)], "hello done 1"),
            (IfPresent, &[(200, Some("no proof"))], "hello done 1"),
            (IfPresent, &[(200, Some("nonsense"))], "hello Denied 1"),
            (Off, &[(200, None)], "hello done 1"),
            (Off, &[(200, Some("nonsense"))], "hello done 1"),
            // It knows who we are: what it wants is something else.
            (Required, &[(401, Some("proof"))], "hello done 1"),
            // One more leg, and the last word.
            (
                Required,
                &[(401, Some("go on")), (200, Some("proof"))],
                "hello well done 1",
            ),
            (Required, &[(200, Some("go on"))], "hello Protocol 1"),
            // Refused without a reason: once more with other tickets, and no more.
            (
                Required,
                &[(401, None), (200, Some("proof"))],
                "hello hello done 2",
            ),
            (Required, &[(401, None), (401, None)], "hello hello done 2"),
            // With a reason: that is what the second time ends with.
            (
                Off,
                &[(401, Some("nonsense")), (401, Some("nonsense"))],
                "hello hello Denied 2",
            ),
        ] {
            let found = outcome(mutual, answers).await;
            assert_eq!(found, expected, "{mutual} {answers:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_gets_other_keys_again_and_again_costs_no_request() {
        let clock = MockClock::new();
        let builder = Kerberos::default_cache().api("https://api.example.com/");
        let mut session = builder.build().unwrap();
        session.mechanism = Arc::new(Fake::default());
        let session = SessionHandle::builder(session).clock(clock.clone()).build();
        session.init().await.unwrap();
        let url = Url::parse("https://api.example.com/").unwrap();
        let head = Request::new(()).into_parts().0;
        for round in 2..5 {
            let mut dialogue = Dialogue::new(&session, &url, &head);
            let _ = dialogue.authorize(None).await.unwrap();
            for (status, token) in [(401, "nonsense"), (200, "proof")] {
                let value = format!("Negotiate {}", STANDARD.encode(token));
                let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, value.parse().unwrap())]);
                let status = StatusCode::from_u16(status).unwrap();
                let next = dialogue.received(Incoming::new(status, &headers)).await;
                assert_eq!(matches!(next, Ok(Next::Resend(_))), status == 401);
                assert!(next.is_ok(), "{round}: {next:?}");
            }
            assert_eq!(session.status().generation, round);
            clock.advance(Duration::from_secs(60));
        }
    }

    #[tokio::test]
    async fn a_server_that_refuses_what_was_got_just_now_says_why() {
        let session = session(Mutual::Off).await;
        let url = Url::parse("https://api.example.com/").unwrap();
        let head = Request::new(()).into_parts().0;
        let value = format!("Negotiate {}", STANDARD.encode("nonsense"));
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, value.parse().unwrap())]);
        let refusal = Incoming::new(StatusCode::UNAUTHORIZED, &headers);
        for requests in [2, 1] {
            let mut dialogue = Dialogue::new(&session, &url, &head);
            let _ = dialogue.authorize(None).await.unwrap();
            let mut outcome = dialogue.received(refusal).await;
            for _ in 1..requests {
                assert!(matches!(outcome, Ok(Next::Resend(_))));
                outcome = dialogue.received(refusal).await;
            }
            let error = outcome.unwrap_err();
            assert!(error.to_string().contains("the token is wrong"), "{error}");
            assert_eq!(session.status().generation, 2);
        }
    }

    #[tokio::test]
    async fn what_is_no_base64_is_no_token() {
        let session = session(Mutual::IfPresent).await;
        let url = Url::parse("https://api.example.com/").unwrap();
        let head = Request::new(()).into_parts().0;
        let mut dialogue = Dialogue::new(&session, &url, &head);
        let _ = dialogue.authorize(None).await.unwrap();
        let value = "Negotiate abc".parse().unwrap();
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]);
        let answer = Incoming::new(StatusCode::OK, &headers);
        let error = dialogue.received(answer).await.unwrap_err();
        assert!(error.to_string().contains("not base64"), "{error}");
    }

    #[test]
    fn clocks_that_differ_are_named() {
        let theirs = "Sun, 06 Nov 1994 08:49:37 GMT";
        let headers = HeaderMap::from_iter([(DATE, theirs.parse().unwrap())]);
        let theirs = parse_http_date(theirs).unwrap();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let text = |ours| {
            let error = Error::new(ErrorKind::Denied, "no");
            with_clocks(error, &headers, ours).to_string()
        };
        assert_eq!(text(theirs), "no");
        for ours in [theirs - minutes(20), theirs + minutes(6)] {
            let text = text(ours);
            assert!(text.contains(&fmt_http_date(ours)), "{text}");
            assert!(text.contains("the server's Sun, 06 Nov 1994"), "{text}");
        }
    }
}
