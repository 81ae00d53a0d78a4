//! A request to the authorization server, and the errors that its answer may be.

use std::fmt;

use http::header::LOCATION;
use session_core::{Error, ErrorKind};
use session_http::retry_after;
use url::Url;

use crate::{
    endpoint::Endpoint,
    redaction::Redaction,
    refusal::{Refusal, meaning_of},
    wire::Answer,
};

/// A request, as errors about its answer tell of it.
pub(crate) struct Asked<'a> {
    /// Such as `client credentials grant`.
    pub(crate) what: &'a dyn fmt::Display,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) client_id: &'a str,
    pub(crate) redaction: &'a Redaction<'a>,
}

impl Asked<'_> {
    /// An answer that is no refusal, and does not make sense.
    pub(crate) fn nonsense(&self, problem: impl fmt::Display) -> Error {
        Error::new(
            ErrorKind::Protocol,
            format!(
                "the answer of {} to the {} makes no sense: {problem}",
                self.endpoint, self.what
            ),
        )
    }

    /// The answer as a refusal.
    pub(crate) fn refused(&self, answer: &Answer, refusal: Option<&Refusal>) -> Error {
        let status = answer.status;
        let known = refusal.and_then(Refusal::meaning);
        let (kind, remedy) = known.unwrap_or_else(|| meaning_of(status, refusal.is_some()));
        let error = refusal.map(|refusal| refusal.shown(self.redaction));
        let origin = answer
            .redirect()
            .and_then(|origin| self.redaction.text(&origin));
        let error = Error::new(
            kind,
            format!(
                "{} refused the {} to client `{}`: {status}{}{}; {remedy}",
                self.endpoint,
                self.what,
                self.client_id,
                error.unwrap_or_default(),
                origin
                    .map(|origin| format!(" to {origin}"))
                    .unwrap_or_default(),
            ),
        )
        .with_status(status);
        match retry_after(&answer.headers) {
            Some(wait) if kind == ErrorKind::Unavailable => error.with_retry_after(wait),
            _ => error,
        }
    }
}

impl Answer {
    /// The origin that it redirects to; the rest of the address may repeat the request.
    fn redirect(&self) -> Option<String> {
        let target = self
            .headers
            .get(LOCATION)
            .filter(|_| self.status.is_redirection())?;
        let target = Url::parse(target.to_str().ok()?).ok()?;
        target
            .has_host()
            .then(|| target.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
    use session_core::Secret;

    use super::*;

    const SECRET: &str = "correct-horse-battery-staple";

    fn refused(status: u16, headers: &[(http::HeaderName, &'static str)], body: &str) -> Error {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.collect::<HeaderMap>(),
            body: Some(Secret::new(body)),
        };
        let asked = Asked {
            what: &"client credentials grant",
            endpoint: &Endpoint::parse("https://idp.example.com/token").unwrap(),
            client_id: "svc",
            redaction: &Redaction::of([SECRET.as_bytes()]),
        };
        asked.refused(&answer, Refusal::of(&answer).as_ref())
    }

    #[test]
    fn every_code_has_its_kind() {
        for (code, kind) in [
            ("invalid_client", ErrorKind::Denied),
            ("unauthorized_client", ErrorKind::Denied),
            ("invalid_grant", ErrorKind::Denied),
            ("invalid_scope", ErrorKind::Denied),
            ("scope_invalid", ErrorKind::Denied),
            ("invalid_target", ErrorKind::Denied),
            ("access_denied", ErrorKind::Denied),
            ("invalid_request", ErrorKind::Config),
            ("unsupported_grant_type", ErrorKind::Config),
            ("server_error", ErrorKind::Unavailable),
            ("temporarily_unavailable", ErrorKind::Unavailable),
            ("slow_down", ErrorKind::Unavailable),
            ("interaction_required", ErrorKind::Interaction),
            ("login_required", ErrorKind::Interaction),
            ("consent_required", ErrorKind::Interaction),
            ("account_selection_required", ErrorKind::Interaction),
            ("something_else", ErrorKind::Denied),
        ] {
            let error = refused(
                400,
                &[],
                &format!(r#"{{"error":"{code}","error_description":"no."}}"#),
            );
            assert_eq!(error.kind(), kind, "{error}");
            assert!(
                error
                    .to_string()
                    .contains(&format!("400 Bad Request, `{code}` (no.); ")),
                "{error}"
            );
        }
    }

    #[test]
    fn without_a_code_the_status_tells() {
        for (status, kind) in [
            (301, ErrorKind::Config),
            (308, ErrorKind::Config),
            (400, ErrorKind::Protocol),
            (401, ErrorKind::Denied),
            (403, ErrorKind::Denied),
            (404, ErrorKind::Config),
            (405, ErrorKind::Config),
            (408, ErrorKind::Unavailable),
            (410, ErrorKind::Config),
            (418, ErrorKind::Protocol),
            (429, ErrorKind::Unavailable),
            (500, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (599, ErrorKind::Unavailable),
        ] {
            for body in [
                "",
                "<html>",
                "{}",
                "[]",
                r#"{"error":null}"#,
                r#"{"error":{"code":1}}"#,
                r#"{"err"#,
            ] {
                assert_eq!(refused(status, &[], body).kind(), kind, "{status} {body}");
            }
        }
    }

    #[test]
    fn a_code_outweighs_the_status() {
        let error = refused(403, &[], r#"{"error":"temporarily_unavailable"}"#);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let error = refused(429, &[], r#"{"error":"too_many_requests"}"#);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn only_what_may_pass_has_a_time_to_wait() {
        let wait = [(RETRY_AFTER, "7")];
        assert_eq!(
            refused(503, &wait, "").retry_after(),
            Some(Duration::from_secs(7))
        );
        assert_eq!(refused(401, &wait, "").retry_after(), None);
    }

    #[test]
    fn a_redirect_names_the_origin_alone() {
        let target =
            "https://other.example.com:8443/token?client_secret=correct-horse-battery-staple";
        let error = refused(302, &[(LOCATION, target)], "").to_string();
        assert!(
            error.contains("302 Found to https://other.example.com:8443; "),
            "{error}"
        );
        let error = refused(
            302,
            &[(
                LOCATION,
                "https://correct-horse-battery-staple.example.com/",
            )],
            "",
        )
        .to_string();
        assert!(error.contains("302 Found; "), "{error}");
    }

    #[test]
    fn texts_that_repeat_a_secret_are_left_out() {
        let error = refused(
            401,
            &[],
            r#"{"error":"invalid_client","error_description":"wrong: correct-horse-battery-staple"}"#,
        );
        assert!(
            error
                .to_string()
                .contains("`invalid_client` (with a description that cannot be shown)"),
            "{error}"
        );
        let error = refused(401, &[], r#"{"error":"correct-horse-battery-staple"}"#);
        assert!(
            error
                .to_string()
                .contains("with a code that cannot be shown"),
            "{error}"
        );
        let error = refused(
            400,
            &[],
            r#"{"error":"t-1","error_description":"t-1","access_token":"t-1"}"#,
        );
        assert!(!error.to_string().contains("t-1"), "{error}");
    }
}
