//! What a token answer says, and how long its token really lives.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

/// Makes the body of a token answer from the access token.
pub(super) type AnswerBody = Arc<dyn Fn(&str) -> String + Send + Sync>;

#[derive(Clone)]
pub(super) struct Terms {
    /// How long the API accepts a token.
    pub(super) lifetime: Duration,
    pub(super) expires_in: ExpiresIn,
    /// Whether there are refresh tokens.
    pub(super) refresh_tokens: bool,
    pub(super) body: Option<AnswerBody>,
}

#[derive(Clone)]
pub(super) enum ExpiresIn {
    /// The truth: the lifetime in seconds.
    Lifetime,
    /// This, as it is.
    Verbatim(String),
    Omitted,
}

impl Terms {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            expires_in: ExpiresIn::Lifetime,
            refresh_tokens: false,
            body: None,
        }
    }

    /// The body of a token answer (RFC 6749 §5.1).
    pub(super) fn answer(
        &self,
        access_token: &str,
        refresh_token: Option<&str>,
        scope: &str,
    ) -> String {
        if let Some(body) = &self.body {
            return body(access_token);
        }
        // Written by hand: a JSON library would not write an `expires_in` such as 1e400.
        let expires_in = match &self.expires_in {
            ExpiresIn::Lifetime => format!(r#","expires_in":{}"#, self.lifetime.as_secs()),
            ExpiresIn::Verbatim(text) => format!(r#","expires_in":{text}"#),
            ExpiresIn::Omitted => String::new(),
        };
        let refresh_token = refresh_token.map_or_else(String::new, |token| {
            format!(r#","refresh_token":{}"#, Value::from(token))
        });
        let (access_token, scope) = (Value::from(access_token), Value::from(scope));
        format!(
            r#"{{"access_token":{access_token},"token_type":"Bearer"{expires_in}{refresh_token},"scope":{scope}}}"#
        )
    }
}
