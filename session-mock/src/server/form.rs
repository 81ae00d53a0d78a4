//! A form in a request's body (`application/x-www-form-urlencoded`).

use std::collections::HashSet;

use http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::answer::Refusal;
use super::received::Received;

/// The parameters of a request to the token or the revocation endpoint. No `Debug`: the client's secret is one of them.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The value of a parameter; one without a value counts as not there (RFC 6749 §3.2).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let (_, value) = fields.find(|(key, value)| key == name && !value.is_empty())?;
        Some(value)
    }

    /// Refuses a request that is no proper form: RFC 6749 §3.2 and, for the query, §2.3.1.
    pub(super) fn check(&self, request: &Received) -> Result<(), Refusal> {
        let content_type = request
            .single(&CONTENT_TYPE)
            .ok()
            .flatten()
            .unwrap_or_default();
        let essence = content_type
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        if !essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        {
            return Err(Refusal::invalid_request(
                "the body must be application/x-www-form-urlencoded",
            ));
        }
        if request.query.is_some() {
            return Err(Refusal::invalid_request(
                "parameters belong in the body, not in the query",
            ));
        }
        let mut names = HashSet::new();
        if !self.0.iter().all(|(name, _)| names.insert(name)) {
            return Err(Refusal::invalid_request(
                "a parameter is there more than once",
            ));
        }
        Ok(())
    }
}
