//! What a server wants beyond the credential that it was shown.

use std::{fmt, time::Duration};

use session_core::Challenge;

/// What a server wants beyond a credential that is valid: more scope (`insufficient_scope`, RFC 6750 §3.1), or a person
/// who has logged in by other means, or more recently (`insufficient_user_authentication`, RFC 9470 §3).
///
/// ```
/// use session_core::{Challenge, Error, ErrorKind};
/// use session_http::StepUp;
///
/// # let challenge = Challenge::new("Bearer")
/// #     .with_parameter("error", "insufficient_user_authentication")
/// #     .with_parameter("acr_values", "urn:example:phr urn:example:mfa")
/// #     .with_parameter("max_age", "300");
/// # let error = Error::new(ErrorKind::Interaction, "…").with_challenges(vec![challenge]);
/// // of `Response::error_for_status`
/// if let Some(wanted) = StepUp::of(error.challenges()) {
///     assert!(!wanted.is_for_scope());
///     assert!(wanted.acr_values().eq(["urn:example:phr", "urn:example:mfa"]));
///     assert_eq!(wanted.max_age().map(|age| age.as_secs()), Some(300));
/// }
/// ```
///
/// Its words are the server's. It may echo in them what it was sent, and whatever can stand in a scope can stand in an
/// access token: errors do not show them, and neither should logs.
#[derive(Clone, Copy)]
pub struct StepUp<'a> {
    challenge: &'a Challenge,
    is_for_scope: bool,
}

impl<'a> StepUp<'a> {
    /// What these challenges ask for: the first that does, of the schemes `Bearer` and `DPoP` (RFC 9449 §7.1).
    pub fn of(challenges: &'a [Challenge]) -> Option<Self> {
        let asks = |challenge: &'a Challenge| {
            let is_for_scope = match challenge.parameter("error")? {
                "insufficient_scope" => true,
                "insufficient_user_authentication" => false,
                _ => return None,
            };
            Some(Self {
                challenge,
                is_for_scope,
            })
        };
        challenges
            .iter()
            .filter(|challenge| challenge.is("bearer") || challenge.is("dpop"))
            .find_map(asks)
    }

    /// Whether more scope is wanted; otherwise it is another authentication of the user.
    pub fn is_for_scope(&self) -> bool {
        self.is_for_scope
    }

    /// The scope that the resource takes, word by word (RFC 6750 §3). Empty where the server does not say.
    pub fn scope(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.words("scope")
    }

    /// The classes of authentication of which one will do, best first (RFC 9470 §3).
    pub fn acr_values(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.words("acr_values")
    }

    /// How long ago the user may have logged in at most (RFC 9470 §3).
    pub fn max_age(&self) -> Option<Duration> {
        let seconds = self.challenge.parameter("max_age")?;
        let is_number = seconds.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = is_number.then(|| seconds.parse().ok());
        seconds.flatten().map(Duration::from_secs)
    }

    /// Words that have no other characters than those of RFC 6749 §3.3: others are no scope.
    fn words(&self, parameter: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let text = self.challenge.parameter(parameter).unwrap_or_default();
        let is_scope = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        text.split(' ')
            .filter(move |word| !word.is_empty() && word.bytes().all(is_scope))
    }
}

impl fmt::Debug for StepUp<'_> {
    /// Nothing of what the server says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepUp")
            .field("is_for_scope", &self.is_for_scope)
            .finish_non_exhaustive()
    }
}
