//! Why the authorization server does not give what was asked for.

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use session_core::ErrorKind;
use session_http::is_temporary;

use crate::{redaction::Redaction, wire::Answer};

/// An error as RFC 6749 §5.2 defines it.
pub(crate) struct Refusal {
    code: String,
    description: Option<String>,
    /// The same answer holds a token, which the texts may repeat.
    beside_token: bool,
}

impl Refusal {
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

    pub(crate) fn meaning(&self) -> Option<(ErrorKind, &'static str)> {
        let (.., kind, remedy) = CODES
            .iter()
            .find(|(codes, ..)| codes.contains(&&*self.code))?;
        Some((*kind, remedy))
    }

    pub(crate) fn shown(&self, redaction: &Redaction<'_>) -> String {
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
pub(crate) fn meaning_of(status: StatusCode, has_code: bool) -> (ErrorKind, &'static str) {
    match status.as_u16() {
        401 | 403 => (
            ErrorKind::Denied,
            "check client_id, client_secret and client_auth",
        ),
        _ if is_temporary(status) => (ErrorKind::Unavailable, LATER),
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
