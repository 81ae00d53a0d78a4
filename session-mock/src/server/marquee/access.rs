//! Who is let in.

use std::fmt;

use http::StatusCode;

use super::super::reply::Reply;
use super::super::request::Request;
use super::messages;

/// What is accepted, beside the provider's tokens.
#[derive(Default)]
pub(super) struct Access {
    pub(super) tokens: Vec<String>,
    /// Each with the CSRF token that it needs, if it needs one.
    pub(super) gssso: Vec<(String, Option<String>)>,
    pub(super) logins: Vec<String>,
}

impl Access {
    /// With what the request is refused, if it is.
    pub(super) fn refusal(&self, request: &Request<'_>) -> Option<Reply> {
        let knows = |known: &[String], presented: Option<&str>| {
            presented.is_some_and(|presented| known.iter().any(|known| known == presented))
        };
        if request.client_id().is_some()
            || knows(&self.tokens, request.bearer())
            || knows(&self.logins, request.cookie("MarqueeLogin"))
        {
            return None;
        }
        let gssso = request.cookie("GSSSO");
        let mut accepted = self.gssso.iter();
        let Some((_, csrf_token)) = accepted.find(|(known, _)| Some(known.as_str()) == gssso)
        else {
            return Some(messages(StatusCode::UNAUTHORIZED, "Unauthorized"));
        };
        let header = request.header("X-MARQUEE-CSRF-TOKEN");
        let header = header.and_then(|header| header.to_str().ok());
        match csrf_token.as_deref() {
            Some(token) if [header, request.cookie("MARQUEE-CSRF-TOKEN")] != [Some(token); 2] => {
                Some(messages(
                    StatusCode::FORBIDDEN,
                    "the CSRF token is missing or wrong",
                ))
            }
            _ => None,
        }
    }
}

/// Shows how many there are.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("tokens", &self.tokens.len())
            .field("gssso", &self.gssso.len())
            .field("logins", &self.logins.len())
            .finish()
    }
}
