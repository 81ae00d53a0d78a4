//! What went wrong when the authorization server does not give what was asked for.

use std::fmt;

use http::{StatusCode, header::LOCATION};
use serde::Deserialize;
use serde_json::value::RawValue;
use session_core::{Error, ErrorKind};
use session_http::retry_after;
use url::Url;

use crate::{endpoint::Endpoint, redaction::Redaction, wire::Answer};

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
    pub(crate) fn refused(&self, answer: &Answer, code: Option<&Code>) -> Error {
        let status = answer.status;
        let known = code.and_then(Code::meaning);
        let (kind, remedy) = known.unwrap_or_else(|| meaning_of(status, code.is_some()));
        let mut message = format!(
            "{} refused the {} to client `{}`: {status}",
            self.endpoint, self.what, self.client_id
        );
        if let Some(code) = code {
            message += &code.shown(self.redaction);
        }
        if let Some(origin) = answer
            .redirect()
            .and_then(|target| self.redaction.text(&target))
        {
            message += &format!(" to {origin}");
        }
        message += &format!("; {remedy}");
        let error = Error::new(kind, message);
        match retry_after(&answer.headers) {
            Some(wait) if kind == ErrorKind::Unavailable => error.with_retry_after(wait),
            _ => error,
        }
    }
}

/// An error as RFC 6749 §5.2 defines it.
pub(crate) struct Code {
    code: String,
    description: Option<String>,
    /// The same answer holds a token, which the texts may repeat.
    beside_token: bool,
}

impl Code {
    /// The error in an answer's body, if it has one.
    pub(crate) fn of(answer: &Answer) -> Option<Self> {
        let body: Body<'_> = serde_json::from_slice(answer.object()?).ok()?;
        Some(Self {
            code: text(body.error)?,
            description: text(body.error_description),
            beside_token: body.access_token.is_some() || body.refresh_token.is_some(),
        })
    }

    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    fn meaning(&self) -> Option<(ErrorKind, &'static str)> {
        let (.., kind, remedy) = CODES
            .iter()
            .find(|(codes, ..)| codes.contains(&&*self.code))?;
        Some((*kind, remedy))
    }

    fn shown(&self, redaction: &Redaction<'_>) -> String {
        if self.beside_token {
            return ", an error in an answer that holds a token too".to_owned();
        }
        let code = match redaction.name(&self.code) {
            Some(code) => format!(", `{code}`"),
            None => ", with a code that cannot be shown".to_owned(),
        };
        match self.description.as_deref().map(|text| redaction.text(text)) {
            Some(Some(description)) => format!("{code} ({description})"),
            Some(None) => format!("{code} (with a description that cannot be shown)"),
            None => code,
        }
    }
}

/// Texts are taken out one by one, so that no other member can spoil them: servers have put objects in each.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    error_description: Option<&'a RawValue>,
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
    #[serde(borrow)]
    refresh_token: Option<&'a RawValue>,
}

fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// What a caller can do about each code. Those of RFC 6749 §5.2 and §4.1.2.1, RFC 8707 §2, OpenID Connect Core 1.0 §3.1.2.6.
const CODES: &[(&[&str], ErrorKind, &str)] = &[
    (
        &["invalid_client"],
        ErrorKind::Denied,
        "check client_id, client_secret and client_auth",
    ),
    (
        &["unauthorized_client"],
        ErrorKind::Denied,
        "have the server allow the client this grant",
    ),
    (
        &["invalid_grant"],
        ErrorKind::Denied,
        "it is expired, revoked, or another client's",
    ),
    // `scope_invalid` is what glewlwyd says.
    (
        &["invalid_scope", "scope_invalid"],
        ErrorKind::Denied,
        "check the scopes, and those that the server allows the client",
    ),
    (
        &["invalid_target"],
        ErrorKind::Denied,
        "check the resources, and those that the server allows the client",
    ),
    (
        &["access_denied"],
        ErrorKind::Denied,
        "have the server's operator allow the client this access",
    ),
    (
        &["invalid_request"],
        ErrorKind::Config,
        "check client_auth, and that the server allows the client this grant",
    ),
    (
        &["unsupported_grant_type"],
        ErrorKind::Config,
        "the server does not have this grant; check its address, or choose another grant",
    ),
    (
        &["server_error", "temporarily_unavailable", "slow_down"],
        ErrorKind::Unavailable,
        LATER,
    ),
    (
        &[
            "interaction_required",
            "login_required",
            "consent_required",
            "account_selection_required",
        ],
        ErrorKind::Interaction,
        "a person must log in",
    ),
];

const LATER: &str = "try again later";

/// What a status alone tells. An unknown code says that it is the authorization server which speaks.
fn meaning_of(status: StatusCode, has_code: bool) -> (ErrorKind, &'static str) {
    match status.as_u16() {
        401 | 403 => (
            ErrorKind::Denied,
            "check client_id, client_secret and client_auth",
        ),
        408 | 425 | 429 | 500.. => (ErrorKind::Unavailable, LATER),
        300..=399 => (
            ErrorKind::Config,
            "a redirect is not followed, because the request carries a secret; configure the address that it leads to",
        ),
        404 | 405 | 410 => (ErrorKind::Config, "it is not there; check the address"),
        _ if has_code => (
            ErrorKind::Denied,
            "ask the server's operator what that means",
        ),
        _ => (
            ErrorKind::Protocol,
            "that is no answer of OAuth 2; check the address, and what may stand in between",
        ),
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

    use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};
    use session_core::{Error, ErrorKind, Secret};

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
        asked.refused(&answer, Code::of(&answer).as_ref())
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
